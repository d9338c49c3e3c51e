// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stackwalk } from '../../src/crash/stackwalk.ts';
import { type ExternalWalkerOptions, splitCommand, walkExternally } from '../../src/unwind/unwind.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'salvage-external-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A walker that is this script. */
function script(body: string, options: Partial<ExternalWalkerOptions> = {}): ExternalWalkerOptions {
  const file = path.join(folder, `walker-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(file, body);
  return {
    command: [process.execPath, file, '{dump}', '--symbols={symbols}'],
    symbolDirectory: '/symbols here',
    output: 'rust-json',
    timeoutMs: 20_000,
    ...options,
  };
}

async function slugOf(options: ExternalWalkerOptions): Promise<string> {
  const { result } = await walkExternally('/a dump', options);
  return result.status === 'ok' ? 'ok' : result.slug;
}

test('a command line is split into words, quotes included', () => {
  assert.deepEqual(splitCommand(`walker --json "{dump}" --path='a b'/c`), [
    'walker',
    '--json',
    '{dump}',
    '--path=a b/c',
  ]);
  assert.deepEqual(splitCommand(''), []);
});

test('JSON passes as it is; paths are put in without a shell', async () => {
  const options = script('console.log(JSON.stringify({ status: "OK", args: process.argv.slice(2) }))');
  const { result, exitCode } = await walkExternally('/a dump; rm -rf $HOME', options);
  assert.ok(result.status === 'ok');
  assert.equal(exitCode, 0);
  const { args } = JSON.parse(Buffer.from(result.json).toString());
  assert.deepEqual(args, ['/a dump; rm -rf $HOME', '--symbols=/symbols here']);
});

test('output that is no JSON object, or too late, or a failing exit, is told by its slug', async () => {
  assert.equal(await slugOf(script('console.log("oops")')), 'external_walker_output');
  assert.equal(await slugOf(script('console.log("[1]")')), 'external_walker_output');
  const deep = 'console.log("{\\"a\\":" + "[".repeat(1e5) + "]".repeat(1e5) + "}")';
  assert.equal(await slugOf(script(deep)), 'external_walker_output');
  assert.equal(await slugOf(script('process.exit(3)')), 'walk_failed');
  assert.equal(await slugOf(script('for (;;);', { timeoutMs: 500 })), 'walk_timeout');
  assert.equal(await slugOf(script('', { command: ['/nonexistent/walker'] })), 'walk_died');
});

test('stderr is kept to its end only', async () => {
  const options = script('console.error("x".repeat(1e6)); console.error("ERROR MissingHeader"); process.exitCode = 1');
  const { stderr, exitCode, result } = await walkExternally('/d', options);
  assert.equal(exitCode, 1);
  assert.ok(stderr.length < 20_000 && stderr.startsWith('...') && stderr.trim().endsWith('ERROR MissingHeader'));
  assert.match(result.status === 'failed' ? result.detail : '', /MissingHeader/);
});

test('what the walker has started dies with it', async () => {
  const pidFile = path.join(folder, 'pid');
  const body = `
    import { spawn } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
    setInterval(() => {}, 1000);`;
  assert.equal(await slugOf(script(body, { timeoutMs: 1500 })), 'walk_timeout');
  const pid = Number(readFileSync(pidFile, 'utf8'));
  for (let tries = 0; isAlive(pid) && tries < 50; tries += 1) await sleep(50);
  assert.equal(isAlive(pid), false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const machine = [
  'OS|Linux|0.0.0 Linux 5.10',
  'CPU|amd64|family 6 model 1 stepping 2|4',
  'GPU|||',
  'Crash|SIGSEGV /SEGV_MAPERR|0x4|1',
  'Module|app||app|5A9832E5287241C1838ED98914E9B7FF0|0x00400000|0x0040ffff|1',
  'Module|libc.so.6||libc.so.6||0x7f0000000000|0x7f00000fffff|0',
  '',
  '0|0|libc.so.6|poll|||0x10',
  '1|0|app|main(int, char**)|/src/main.cc|12|0x3',
  '1|1|app||||0x1234',
  '1|2|||||0x7fff12345678',
];

test('the pipe text of Breakpad becomes a document', async () => {
  const options = script(`console.log(${JSON.stringify(machine.join('\n'))})`, { output: 'breakpad-machine' });
  const { result } = await walkExternally('/d', options);
  assert.ok(result.status === 'ok', JSON.stringify(result));
  const walk = JSON.parse(Buffer.from(result.json).toString()) as Stackwalk;
  assert.deepEqual(walk.crash_info, {
    type: 'SIGSEGV /SEGV_MAPERR',
    address: '0x4',
    crashing_thread: 1,
    assertion: null,
  });
  assert.equal(walk.thread_count, 2);
  assert.equal(walk.main_module, 0);
  assert.equal(walk.modules[0]?.end_addr, '0x00410000');
  assert.deepEqual(
    walk.crashing_thread?.frames.map((frame) => [
      frame.function,
      frame.file,
      frame.line,
      frame.module_offset,
      frame.trust,
    ]),
    [
      ['main(int, char**)', '/src/main.cc', 12, null, 'non'],
      [null, null, null, '0x1234', 'non'],
      [null, null, null, null, 'non'],
    ],
  );
  assert.equal(
    await slugOf({ ...script('console.log("hello")'), output: 'breakpad-machine' }),
    'external_walker_output',
  );
});
