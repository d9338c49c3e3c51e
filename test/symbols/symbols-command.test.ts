// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SymBuilder } from '../builders/sym-builder.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);

/** Runs the command in a process of its own. */
async function salvage(dataDir: string, ...args: string[]) {
  const env = { ...process.env, SALVAGE_DATA_DIR: dataDir, NO_COLOR: '1' };
  const command = [fileURLToPath(import.meta.resolve('./symbols-command-entry.ts')), 'symbols', ...args];
  try {
    return { code: 0, ...(await run(process.execPath, command, { env })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

test('add, ls, compile and check, as a person types them', async (t) => {
  const directory = temporaryDirectory(t);
  const dataDir = path.join(directory, 'data');
  fs.mkdirSync(path.join(directory, 'build'));
  const good = path.join(directory, 'build', 'app.sym');
  fs.writeFileSync(good, new SymBuilder().module().func(0x10, 0x10, 'main').bytes());
  assert.match((await salvage(dataDir, 'ls')).stdout, /no symbols yet/);
  assert.match((await salvage(dataDir, 'compile')).stdout, /no symbols to compile/);

  const added = await salvage(dataDir, 'add', path.join(directory, 'build'));
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stdout, /^added {4}app\.pdb\/3249D99D0C4049318610F4E4FB0B69361\/app\.sym\n {2}lacks no_cfi/);
  assert.match((await salvage(dataDir, 'ls')).stdout, /app\.pdb\n1 files/);
  assert.equal(JSON.parse((await salvage(dataDir, 'ls', '--json')).stdout).debug_file, 'app.pdb');

  const compiled = await salvage(dataDir, 'compile');
  assert.match(compiled.stdout, /1 functions, 0 lines, 0 unwind records/);
  assert.equal(
    fs.readdirSync(path.join(dataDir, 'symbol-cache/index')).filter((name) => name.endsWith('.salvidx')).length,
    1,
  );

  const check = await salvage(dataDir, 'check', good, '--cpu', 'arm64');
  assert.equal(check.code, 1);
  assert.match(check.stdout, /error wrong_architecture: It is for x86_64, not arm64\./);
  const steering = path.join(directory, 'steering.sym');
  fs.writeFileSync(steering, 'MODULE Linux x86_64 0123456789ABCDEF0 \u001b[2Japp\nPUBLIC 10 0 main\n');
  assert.doesNotMatch((await salvage(dataDir, 'check', steering)).stdout, /\u001b/);
  const verdict = JSON.parse((await salvage(dataDir, 'check', good, '--json')).stdout);
  assert.equal(verdict.facts.counts.functions, 1);
});

test('what is not added says why and what to do', async (t) => {
  const directory = temporaryDirectory(t);
  const dataDir = path.join(directory, 'data');
  const [good, bad] = [path.join(directory, 'app.sym'), path.join(directory, 'bad.sym')];
  fs.writeFileSync(good, new SymBuilder().module().func(0x10, 0x10, 'main').bytes());
  fs.writeFileSync(bad, 'hello\n');
  const partly = await salvage(dataDir, 'add', good, bad);
  assert.equal(partly.code, 1);
  assert.match(partly.stdout, /^added/);
  assert.match(partly.stderr, /bad\.sym: .*no MODULE record/);
  assert.match(partly.stderr, /1 of 2 files were not added/);

  const poorer = path.join(directory, 'poorer.sym');
  fs.writeFileSync(poorer, new SymBuilder().module().public(0x10, 'main').bytes());
  const refused = await salvage(dataDir, 'add', poorer);
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.match(refused.stderr, /no FUNC records; the stored one has\n.*--replace/);

  assert.match((await salvage(dataDir, 'add', path.join(directory, 'none'))).stderr, /none does not exist/);
  assert.match((await salvage(dataDir, 'check', directory)).stderr, /is not a single \.sym file/);
});
