// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The files for deployment are run by other programs, elsewhere: what they name must be there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { optionGroups } from '../../src/bin/option-groups.ts';
import { readConfig } from '../../src/config/config.ts';
import { isJsonObject, type JsonObject } from '../../src/lib/json.ts';
import type { MetricDeclaration } from '../../src/lib/metrics.ts';
import { environmentName } from '../../src/lib/options.ts';

const text = (path: string) => readFileSync(path, 'utf8');

function readJson(path: string): JsonObject {
  const value: unknown = JSON.parse(text(path));
  assert.ok(isJsonObject(value), path);
  return value;
}

/** Names of all commands, as the command line itself lists them. */
function commandNames(): string[] {
  const help = execFileSync(process.execPath, ['salvage', '--help'], { encoding: 'utf8' });
  return [...help.matchAll(/^ {2}([a-z]+)[ |]/gm)].map((match) => match[1] as string);
}

test('what the deployment files name is there', () => {
  const commands = commandNames();
  assert.ok(commands.includes('serve') && commands.includes('collector'), commands.join());
  const named = [
    ['Procfile', /\.\/salvage (\w+)/g],
    ['docker-compose.yml', /command: \["(\w+)"/g],
    ['Dockerfile', /CMD \["(\w+)"\]/g],
    ['deploy/salvage.service', /env salvage (\w+)/g],
    ['deploy/production.env', /salvage (\w+)$/gm],
  ] as const;
  for (const [path, pattern] of named) {
    const found = [...text(path).matchAll(pattern)].map((match) => match[1] as string);
    assert.ok(found.length > 0, `${path} runs a command`);
    for (const name of found) if (name !== 'node') assert.ok(commands.includes(name), `${path}: salvage ${name}`);
  }
  for (const [, script] of text('Dockerfile').matchAll(/RUN node (\S+)/g)) assert.ok(existsSync(script as string));
  assert.match(text('Dockerfile'), /^USER salvage$/m);
  assert.match(text('docker-compose.yml'), /build: \./);
  const { files, bin } = readJson('package.json') as { files: string[]; bin: Record<string, string> };
  for (const file of files) assert.ok(file === 'dist' || existsSync(file), `package.json names ${file}`);
  assert.ok(existsSync(bin['salvage'] as string));
});

test('every SALVAGE_ name in deployment files and pages is an option', () => {
  const known = new Set(
    optionGroups.flatMap((group) =>
      Object.entries(group.options).flatMap(([name, option]) => [
        environmentName(group.prefix, name),
        ...option.aliases,
      ]),
    ),
  );
  for (const name of ['SALVAGE_ENV', 'SALVAGE_CONFIG', 'SALVAGE_TESTDATA']) known.add(name);
  const pages = [
    ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'Dockerfile', 'docker-compose.yml', 'Procfile', 'app.json'],
    ...globSync(['docs/**/*.md', 'deploy/*']),
  ];
  const unknown = pages.flatMap((page) =>
    [...text(page).matchAll(/\bSALVAGE_[A-Z0-9]+(?:_[A-Z0-9]+)*\b(?!_)/g)]
      .map((match) => match[0])
      .filter((name) => !known.has(name))
      .map((name) => `${page}: ${name}`),
  );
  assert.deepEqual(unknown, []);
});

test('sample env files are read without a complaint', () => {
  for (const path of globSync('deploy/*.env')) {
    const config = readConfig({ groups: optionGroups, environment: { SALVAGE_ENV: path } });
    assert.deepEqual(config.notices, [], path);
    const names = [...text(path).matchAll(/^([A-Z0-9_]+)=/gm)].map((match) => match[1]);
    const used = new Set(
      config.rows.filter((row) => row.source === 'env file').map((row) => row.foundAs ?? row.environmentName),
    );
    for (const name of names) assert.ok(used.has(name as string), `${path}: ${name} sets nothing`);
  }
});

test('app.json and the bucket policy say what their readers expect', () => {
  const { env } = readJson('app.json');
  assert.ok(isJsonObject(env));
  for (const value of Object.values(env)) assert.equal(typeof (value as JsonObject)['description'], 'string');
  const { Statement } = readJson('deploy/iam-policy.json');
  const actions = (Statement as JsonObject[]).flatMap((one) => one['Action'] as string[]);
  for (const action of ['s3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:ListBucket'])
    assert.ok(actions.includes(action), action);
});

async function declaredMetrics(): Promise<Map<string, MetricDeclaration>> {
  const declared = new Map<string, MetricDeclaration>();
  for (const path of globSync('src/**/metrics.ts')) {
    if (path === 'src/lib/metrics.ts') continue;
    const module = (await import(join(process.cwd(), path))) as Record<string, Record<string, MetricDeclaration>>;
    for (const group of Object.values(module))
      for (const metric of Object.values(group ?? {}))
        if (metric?.name !== undefined) declared.set(metric.name.replace(/[^a-zA-Z0-9_]/g, '_'), metric);
  }
  return declared;
}

test('the dashboard asks for metrics that are declared, with their tags and kinds', async () => {
  const declared = await declaredMetrics();
  const { panels } = readJson('deploy/grafana-dashboard.json');
  const queries = (panels as { targets: { expr: string }[] }[]).flatMap((panel) =>
    panel.targets.map(({ expr }) => expr),
  );
  assert.ok(queries.length > 5);
  for (const query of queries) {
    const [name = ''] = /\bsocorro_\w+|\bsalvage_\w+/.exec(query) ?? [];
    const metric = declared.get(name) ?? declared.get(name.replace(/_bucket$/, ''));
    assert.ok(metric, `${query}: no such metric`);
    if (name.endsWith('_bucket')) assert.ok(['timing', 'histogram'].includes(metric.kind), query);
    else assert.equal(metric.kind, query.includes('rate(') ? 'counter' : 'gauge', query);
    for (const [, label = ''] of query.matchAll(/by \((\w+)\)/g))
      assert.ok(label === 'le' || metric.tags?.includes(label), `${query}: no tag ${label}`);
  }
});
