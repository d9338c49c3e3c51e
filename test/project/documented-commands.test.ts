// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// What the pages tell people to type must be understood: every command, subcommand and option of `salvage` in them is
// looked up in the command line itself, every `npm run` in package.json, every file that a link names on the disk.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { makeProgram } from '../../src/bin/program.ts';

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/**/*.md')];
const texts = [...pages, ...globSync('deploy/*'), 'Dockerfile', 'docker-compose.yml', 'Procfile', 'app.json'];

interface Found {
  readonly page: string;
  readonly text: string;
}

/** Lines of fenced blocks, and what stands between backquotes. */
function codeOf(page: string): string[] {
  const [inline, fenced] = [[] as string[], [] as string[]];
  for (const [index, piece] of readFileSync(page, 'utf8')
    .split(/^```.*$/m)
    .entries())
    if (index % 2 === 1) fenced.push(...piece.replaceAll('\\\n', ' ').split('\n'));
    else inline.push(...[...piece.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string));
  return [...inline, ...fenced];
}

/** `salvage …` up to a comment, a pipe or the end. */
const salvageCall = /(?:^|[\s(/])salvage ((?:[a-z][a-z-]*)(?:[ ][^|#;]*)?)/;

function documentedCalls(): Found[] {
  return pages.flatMap((page) =>
    codeOf(page).flatMap((code) => {
      const call = salvageCall.exec(code)?.[1]?.trim();
      return call === undefined ? [] : [{ page, text: call }];
    }),
  );
}

/** Null when the command line understands the call. */
function misunderstanding(program: Command, call: string): string | null {
  let command = program;
  const words = call.split(/\s+/);
  while (words.length > 0) {
    const names = words[0]?.split('|') ?? [];
    const next = names.map((name) => command.commands.find((one) => one.name() === name));
    if (next.some((one) => one !== undefined) && next.includes(undefined)) return `one of ${names} is no command`;
    if (!next[0]) break;
    command = next[0];
    words.shift();
  }
  if (command === program) return 'no such command';
  const [word] = words;
  if (command.commands.length > 0 && word !== undefined && !word.startsWith('-')) return `${word} is no subcommand`;
  const known = new Set([...command.options.flatMap(({ long, short }) => [long, short]), '--help', '-h']);
  const unknown = words.filter((one) => /^--?[a-z]/i.test(one)).find((one) => !known.has(one.split('=')[0] as string));
  return unknown === undefined ? null : `no option ${unknown}`;
}

test('the check finds what it is for', async () => {
  const program = await makeProgram();
  assert.equal(misunderstanding(program, 'submit crash.dmp --as crashpad -a A=B'), null);
  assert.equal(misunderstanding(program, 'spool ls|show|verify'), null);
  assert.match(misunderstanding(program, 'spool lst') ?? '', /no subcommand/);
  assert.match(misunderstanding(program, 'sumbit crash.dmp') ?? '', /no such command/);
  assert.match(misunderstanding(program, 'submit --form crashpad') ?? '', /no option --form/);
});

test('every `salvage …` in the pages is a command with these options', async () => {
  const program = await makeProgram();
  const calls = documentedCalls();
  assert.ok(calls.length > 80, `${calls.length} calls`);
  const wrong = calls.flatMap(({ page, text }) => {
    const why = misunderstanding(program, text);
    return why === null ? [] : [`${page}: salvage ${text}: ${why}`];
  });
  assert.deepEqual(wrong, []);
});

test('every `npm run …` in pages, deployment files and sources is a script', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const places = [...texts, '.ci/run', ...globSync('{src,bench,fuzz,scripts}/**/*.ts')];
  const unknown = places.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/npm run (?:--silent )?([a-z]+(?:[:-][a-z]+)*)/g)]
      .map((match) => match[1] as string)
      .filter((name) => !Object.hasOwn(scripts, name))
      .map((name) => `${page}: npm run ${name}`),
  );
  assert.deepEqual(unknown, []);
});

/** Headings as GitHub makes anchors of them. */
function anchorsOf(page: string): Set<string> {
  const headings = readFileSync(page, 'utf8').matchAll(/^#+ +(.+)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every link between the pages leads to a file, and to a heading in it', () => {
  const broken = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)]
      .map((match) => match[1] as string)
      .filter((target) => {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        return !existsSync(file) || (anchor !== undefined && !anchorsOf(file).has(anchor));
      })
      .map((target) => `${page}: ${target}`),
  );
  assert.deepEqual(broken, []);
});
