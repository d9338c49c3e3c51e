// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The package as people get it: packed, installed into an empty folder without development dependencies, run from there.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { dumpWithEveryStream } from '../builders/sample-dumps.ts';

const run = promisify(execFile);
const projectRoot = join(import.meta.dirname, '../..');
let folder = '';
let site: ChildProcess | null = null;

before(
  async () => {
    folder = await mkdtemp(join(tmpdir(), 'salvage-packed-'));
    await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: projectRoot });
    await writeFile(join(folder, 'package.json'), '{ "name": "site", "private": true, "type": "module" }');
    const tarball = globSync('salvage-*.tgz', { cwd: folder })[0] as string;
    const quietly = ['--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', ...quietly, `./${tarball}`], { cwd: folder });
  },
  { timeout: 300_000 },
);

after(async () => {
  if (site && site.exitCode === null) {
    const gone = once(site, 'exit');
    site.kill('SIGTERM');
    await gone;
  }
  await rm(folder, { recursive: true, force: true });
});

const environment = (more: Record<string, string> = {}) => ({
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  ...more,
});

// The installation before it counts in its time.
test('the installed command says its version and its configuration', { timeout: 300_000 }, async () => {
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  const options = { cwd: folder, env: environment({ SALVAGE_DATA_DIR: 'elsewhere' }) };
  assert.equal((await run('node_modules/.bin/salvage', ['--version'], options)).stdout.trim(), version);
  const { stdout } = await run('npx', ['salvage', 'config'], options);
  assert.match(stdout, /SALVAGE_DATA_DIR=elsewhere\s+# environment/);
  const about = JSON.parse(await readFile(join(folder, 'node_modules/salvage/dist/version.json'), 'utf8'));
  assert.equal(about.version, version);
  assert.match(about.commit, /^[0-9a-f]{40}$/);
});

/** Starts `salvage serve` of the package and resolves with its address once everything is ready. */
async function startSite(dataDir: string): Promise<string> {
  const child = spawn(join(folder, 'node_modules/.bin/salvage'), ['serve'], {
    cwd: folder,
    env: environment({ SALVAGE_DATA_DIR: dataDir, PORT: '0', HOST: '127.0.0.1' }),
  });
  site = child;
  let log = '';
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        log += chunk;
        const url = /ready: (http:\/\/[^/"]+)/.exec(log)?.[1];
        if (url) resolve(url);
      });
    child.on('exit', (code) => reject(new Error(`serve ended with ${code}: ${log.slice(-3000)}`)));
  });
}

test('salvage serve from the package takes a report and stores the processed crash', async () => {
  const dataDir = join(folder, 'data');
  const url = await startSite(dataDir);
  const form = new FormData();
  form.set('ProductName', 'Editor');
  form.set('Version', '1.0');
  form.set(
    'upload_file_minidump',
    new Blob([Buffer.from(dumpWithEveryStream({ cpu: 'amd64', os: 'windows' }))]),
    'a.dmp',
  );
  const response = await fetch(`${url}/submit`, { method: 'POST', body: form });
  const answer = await response.text();
  assert.equal(response.status, 200, answer);
  const crashId = /^CrashID=bp-(\S+)$/.exec(answer.trim())?.[1] as string;
  let stored: string[] = [];
  for (let tries = 0; tries < 300 && stored.length === 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    stored = globSync(`${dataDir}/crashes/**/processed_crash/${crashId}*`);
  }
  assert.equal(stored.length, 1, 'the processed crash is in the storage');
  const processed = JSON.parse(await readFile(stored[0] as string, 'utf8'));
  assert.equal(processed.product, 'Editor');
  assert.equal(processed.success, true, processed.processor_notes);
  assert.ok(processed.json_dump.threads.length > 0, 'the walker processes of the package walk');
  // Until somebody has claimed the site its pages say so; what they are made of is in the package.
  const page = await (await fetch(`${url}/`)).text();
  const stylesheet = /<link rel="stylesheet" href="([^"]+)"/.exec(page)?.[1];
  assert.equal((await fetch(`${url}${stylesheet}`)).status, 200, page);
});

test('the libraries of the package can be imported, with their types', async () => {
  const program = `
import { openMinidump } from 'salvage/minidump';
import { generateSignature } from 'salvage/signature';
import * as symbols from 'salvage/symbols';
import * as unwind from 'salvage/unwind';
const kinds: string[] = [openMinidump, generateSignature].map((part) => typeof part);
console.log(kinds.join(), Object.keys(symbols).length > 3, Object.keys(unwind).length > 3);
`;
  await writeFile(join(folder, 'program.mts'), program);
  const { stdout } = await run(process.execPath, ['program.mts'], { cwd: folder });
  assert.equal(stdout.trim(), 'function,function true true');
  const types = ['--types', 'node', '--typeRoots', join(projectRoot, 'node_modules/@types')];
  const modern = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', ...types];
  const checked = await run('tsc', [...modern, 'program.mts'], { cwd: folder }).catch((error) => error);
  assert.equal(checked.stdout, '');
});

test('the example of the documentation walks a dump', async () => {
  const [, example] = /```ts\n([\s\S]*?)```/.exec(await readFile(join(projectRoot, 'docs/library.md'), 'utf8')) ?? [];
  await mkdir(join(folder, 'symbols'), { recursive: true });
  await writeFile(join(folder, 'crash.dmp'), dumpWithEveryStream({ cpu: 'amd64', os: 'windows' }));
  await writeFile(join(folder, 'example.mts'), example as string);
  const { stdout } = await run(process.execPath, ['example.mts'], { cwd: folder });
  assert.match(stdout, /^EXCEPTION_\S+ /);
});

test('an older Node is told what is needed', async () => {
  // Node of another version cannot be had everywhere, so the launcher sees its number alone.
  const older = `data:text/javascript,${encodeURIComponent(
    `const real = process;
     globalThis.process = new Proxy(real, { get(target, key) {
       if (key === 'versions') return { ...real.versions, node: '20.19.0' };
       if (key === 'version') return 'v20.19.0';
       const value = Reflect.get(target, key);
       return typeof value === 'function' ? value.bind(real) : value;
     } });`,
  )}`;
  const launcher = join(folder, 'node_modules/salvage/salvage');
  const failed = await run(process.execPath, ['--import', older, launcher, 'serve'], { cwd: folder }).catch(
    (error) => error,
  );
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /Salvage needs Node 24 or later; this is v20\.19\.0/);
});
