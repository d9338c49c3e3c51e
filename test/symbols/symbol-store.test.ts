// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { nullMetrics } from '../../src/lib/metrics.ts';
import { defaultsOf } from '../../src/lib/options.ts';
import { findSymFiles } from '../../src/symbols/find-sym-files.ts';
import { openSymbols } from '../../src/symbols/open-symbols.ts';
import { symbolOptions } from '../../src/symbols/options.ts';
import { checkSym, SymbolStore } from '../../src/symbols/symbols.ts';
import { SymBuilder } from '../builders/sym-builder.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const rich = () =>
  new SymBuilder()
    .module()
    .file(0, 'a.c')
    .func(0x10, 0x10, 'main')
    .line(0x10, 0x10, 3, 0)
    .cfiInit(0x10, 0x10, '.cfa: $rsp 8 +');
const poor = () => new SymBuilder().module().func(0x10, 0x10, 'main');

function fileIn(directory: string, name: string, bytes: Uint8Array | string): string {
  const file = path.join(directory, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, bytes);
  return file;
}

test('what is added under any name is found by the module it belongs to, plain or gzipped', async (t) => {
  const directory = temporaryDirectory(t);
  const dataDir = path.join(directory, 'data');
  const store = new SymbolStore(path.join(dataDir, 'symbols'));
  const added = await store.add(fileIn(directory, 'whatever.sym', gzipSync(rich().bytes())));
  assert.equal(added.outcome, 'added');
  assert.match(added.path, /symbols\/v1\/app\.pdb\/3249D99D0C4049318610F4E4FB0B69361\/app\.sym$/);
  const symbols = openSymbols({
    settings: defaultsOf(symbolOptions),
    dataDir,
    clock: systemClock,
    logger: nullLogger,
    metrics: nullMetrics,
  });
  const module = { codeFile: 'app.exe', codeId: null, debugFile: 'app.pdb', debugId: added.key.debugId };
  const found = await symbols.symbolsFor(module);
  assert.ok(found.state === 'loaded');
  assert.equal(found.symbols.findFunction(0x12)?.name, 'main');
  symbols.close();
  const listed = await Array.fromAsync(store.list());
  assert.deepEqual(
    listed.map(({ key }) => key),
    [added.key],
  );
});

test('poorer symbols do not replace richer ones unless asked; equal ones are the same', async (t) => {
  const directory = temporaryDirectory(t);
  const store = new SymbolStore(path.join(directory, 'symbols'));
  const richFile = fileIn(directory, 'rich.sym', rich().bytes());
  const poorFile = fileIn(directory, 'poor.sym', poor().bytes());
  assert.equal((await store.add(poorFile)).outcome, 'added');
  assert.equal((await store.add(richFile)).outcome, 'replaced');
  assert.equal((await store.add(richFile)).outcome, 'same');
  await assert.rejects(store.add(poorFile), { slug: 'symbol_file_exists' });
  assert.equal((await store.add(poorFile, { replaces: true })).outcome, 'replaced');
});

test('files of no use are refused with the reason, and nothing is left in the store', async (t) => {
  const directory = temporaryDirectory(t);
  const store = new SymbolStore(path.join(directory, 'symbols'));
  for (const text of ['', 'hello\n', 'MODULE Linux x86_64 ABC short\n', `MODULE Linux x86_64 ${'A'.repeat(33)} ..\n`])
    await assert.rejects(store.add(fileIn(directory, 'bad.sym', text)), (error: { slug?: string }) =>
      ['sym_unusable', 'symbol_key_refused'].includes(error.slug ?? ''),
    );
  await assert.rejects(store.add(fileIn(directory, 'cut.sym', gzipSync(rich().bytes()).subarray(0, 40))));
  assert.equal(fs.existsSync(path.join(directory, 'symbols')), false);
});

test('a directory and a zip give their .sym files; member names of an archive are never paths', async (t) => {
  const directory = temporaryDirectory(t);
  fileIn(directory, 'tree/a/x.sym', rich().bytes());
  fileIn(directory, 'tree/readme.txt', 'no');
  const zip = fileIn(
    directory,
    'tree.zip',
    zipOf([
      ['../../../evil.sym', rich().bytes()],
      ['/abs/y.sym', poor().bytes()],
      ['notes.md', Buffer.from('no')],
    ]),
  );
  const scratch = path.join(directory, 'scratch');
  const namesOf = async (argument: string) => {
    const shown: string[] = [];
    for await (const file of findSymFiles(argument, scratch)) {
      assert.match(fs.readFileSync(file.path, 'utf8'), /^MODULE /);
      shown.push(file.shown);
    }
    return shown;
  };
  assert.deepEqual(await namesOf(path.join(directory, 'tree')), [path.join(directory, 'tree/a/x.sym')]);
  assert.deepEqual(await namesOf(zip), [`${zip}: ../../../evil.sym`, `${zip}: /abs/y.sym`]);
  assert.deepEqual(fs.readdirSync(scratch), [], 'nothing unpacked stays');
  assert.deepEqual(fs.readdirSync(directory).sort(), ['scratch', 'tree', 'tree.zip']);
});

test('a damaged zip is one clear error', async (t) => {
  const directory = temporaryDirectory(t);
  const good = zipOf([['a.sym', rich().bytes()]]);
  for (const bytes of [good.subarray(0, 50), Buffer.concat([good.subarray(0, 60), Buffer.alloc(40)])])
    await assert.rejects(
      Array.fromAsync(findSymFiles(fileIn(directory, 'bad.zip', bytes), path.join(directory, 'scratch'))),
      { slug: 'symbol_archive_unusable' },
    );
});

const lacksOf = async (builder: SymBuilder, expected = {}) =>
  (await checkSym([builder.bytes()], expected)).lacks.map(({ slug }) => slug);

test('check names what a file lacks', async () => {
  const linux = () => new SymBuilder().module('libx.so', 'A'.repeat(33), 'Linux', 'x86_64');
  assert.deepEqual(await lacksOf(linux()), ['no_names', 'no_cfi']);
  assert.deepEqual(await lacksOf(linux().public(0x10, 'p')), ['no_functions', 'no_cfi']);
  assert.deepEqual(await lacksOf(linux().func(0x10, 8, 'f')), ['no_cfi', 'no_lines']);
  assert.deepEqual(await lacksOf(rich()), ['no_inlines']);
  assert.deepEqual(await lacksOf(rich().inline(0, 1, 0, 0, [0x10, 4])), []);
  assert.deepEqual(await lacksOf(new SymBuilder().func(0, 8, 'f')), ['not_a_sym']);
  assert.deepEqual(await lacksOf(rich(), { debugId: 'B'.repeat(33) }), ['wrong_id', 'no_inlines']);
  assert.deepEqual(await lacksOf(rich(), { cpu: 'x86' }), ['wrong_architecture', 'no_inlines']);
  assert.deepEqual(await lacksOf(rich(), { cpu: 'amd64' }), ['no_inlines']);
  const x86 = new SymBuilder().module('a.pdb', 'A'.repeat(33), 'windows', 'x86').func(0, 8, 'f');
  assert.deepEqual(
    await lacksOf(x86.win(4, 0, 8, [0, 0, 0, 0, 0, 0], '$T0 =')),
    ['no_lines'],
    'STACK WIN stands in for CFI',
  );
});

/** A zip of these members, deflated. */
function zipOf(members: readonly (readonly [name: string, bytes: Buffer])[]): Buffer {
  const [locals, centrals]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [name, bytes] of members) {
    const packed = deflateRawSync(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, central, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
