// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { MinidumpBuilder } from '../builders/minidump-builder.ts';
import { SymBuilder } from '../builders/sym-builder.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'salvage-stackwalk-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const debugId = '000102030405060708090A0B0C0D0E0F0';

function writeCase(): { dump: string; symbols: string } {
  const symbols = path.join(folder, 'symbols');
  mkdirSync(path.join(symbols, 'app', debugId), { recursive: true });
  const sym = new SymBuilder()
    .module('app', debugId, 'Linux')
    .file(0, '/src/a.cc')
    .func(0x100, 0x50, 'go()')
    .line(0x100, 0x50, 42, 0);
  writeFileSync(path.join(symbols, 'app', debugId, 'app.sym'), sym.text());
  const builder = new MinidumpBuilder({ cpu: 'amd64', os: 'linux' }).systemInfo();
  const codeView = builder
    .section()
    .u32(0x4270454c)
    .bytes(Buffer.from('03020100050407060809 0a0b0c0d0e0f'.replace(' ', ''), 'hex'));
  builder
    .module({ base: 0x40_0000n, size: 0x1000, name: '/opt/app', codeView })
    .thread({ id: 5, registers: {} })
    .exception({ threadId: 5, code: 11, flags: 1, address: 0x10n, registers: { rip: 0x40_0110n, rsp: 0n } });
  const dump = path.join(folder, 'crash.dmp');
  writeFileSync(dump, builder.build());
  writeFileSync(`${dump}.gz`, gzipSync(builder.build()));
  return { dump, symbols };
}

const entry = ['--disable-warning=ExperimentalWarning', 'src/bin/salvage.ts', 'stackwalk'];
const environmentOf = (data: string) => ({ ...process.env, SALVAGE_DATA_DIR: path.join(folder, data) });

function run(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [...entry, ...args], { encoding: 'utf8', env: environmentOf('data') });
}

const { dump, symbols } = writeCase();

test('prints the stacks that a person reads', () => {
  const { status, stdout, stderr } = run(dump, '--symbols', symbols);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /Crash reason: {2}SIGSEGV \/ SEGV_MAPERR/);
  assert.match(stdout, / 0 {2}app!go\(\) \[a\.cc : 42\]/);
});

test('--json and --brief, and a gzipped dump', () => {
  const json = run(`${dump}.gz`, '--symbols', symbols, '--json');
  assert.equal(JSON.parse(json.stdout).crashing_thread.frames[0].function, 'go()');
  const brief = run(dump, '--symbols', symbols, '--brief');
  assert.match(brief.stdout, /^SIGSEGV \/ SEGV_MAPERR at 0x0000000000000010\n[\s\S]*0 go\(\) {2}a\.cc:42 {2}app\n/);
});

test('symbols may be a single file, or lie loose in a directory', () => {
  const loose = path.join(folder, 'loose');
  mkdirSync(loose, { recursive: true });
  const sym = readFileSync(path.join(symbols, 'app', debugId, 'app.sym'));
  writeFileSync(path.join(loose, 'whatever.sym.gz'), gzipSync(sym));
  writeFileSync(path.join(loose, 'broken.sym.gz'), gzipSync(sym).subarray(0, 20));
  writeFileSync(path.join(loose, 'notes.sym'), 'not a symbol file\n');
  for (const where of [loose, path.join(loose, 'whatever.sym.gz')]) {
    const { status, stdout, stderr } = run(dump, '--brief', '--symbols', where);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /0 go\(\) {2}a\.cc:42 {2}app\n/);
  }
});

test('symbols that are not where they are said to be are an error, not a stack without names', () => {
  const { status, stdout, stderr } = run(dump, '--symbols', path.join(folder, 'no-such-directory'));
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /no-such-directory does not exist \[symbol_path_unusable\]/);
});

test('says on stderr what it waits for; stdout has the stacks alone', async (t) => {
  const sym = readFileSync(path.join(symbols, 'app', debugId, 'app.sym'));
  const server = createServer((_request, response) => {
    // Longer than a command may be silent.
    setTimeout(() => response.end(sym), 1500);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const command = [...entry, dump, '--brief', '--symbols', `http://127.0.0.1:${port}/`];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { env: environmentOf('slow') });
  assert.match(stderr, /^looking for symbols: .*app$/m);
  assert.match(stdout, /^SIGSEGV [\s\S]*0 go\(\) {2}a\.cc:42 {2}app\n/);
});

test('says on stderr what is wrong with the file, by its slug, and exits 1', () => {
  const text = path.join(folder, 'notes.txt');
  writeFileSync(text, 'just some notes\n'.repeat(10));
  for (const [file, words] of [
    [folder, /is a directory.*\[dump_unreadable\]/],
    [path.join(folder, 'none'), /does not exist \[dump_unreadable\]/],
    [text, /\[minidump_is_text\]/],
  ] as const) {
    const { status, stdout, stderr } = run(file);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, words);
  }
});
