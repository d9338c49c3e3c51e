// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorOf } from '../../src/lib/errors.ts';
import { symbolErrors } from '../../src/symbols/errors.ts';
import { symbolLimits } from '../../src/symbols/limits.ts';
import { compileSymInMemory, moduleSymbolsFromSym } from '../../src/symbols/symbols.ts';
import { SymBuilder } from '../builders/sym-builder.ts';

const compile = (text: string) => compileSymInMemory([Buffer.from(text)]);
const module = 'MODULE Linux x86_64 000102030405060708090A0B0C0D0E0F0 app\n';

test('MODULE and INFO give the facts; names may hold spaces', async () => {
  const { facts } = await compile(
    'MODULE windows x86 3249D99D0C4049318610F4E4FB0B6936a My App.pdb\nINFO CODE_ID 5AB380779000 My App.exe\nINFO GENERATOR mozilla/dump_syms 2.3.4\nINFO URL https://symbols.example/x\nINFO UNKNOWN y\n',
  );
  assert.deepEqual(
    [facts.os, facts.arch, facts.debugId, facts.debugFile, facts.codeId, facts.codeFile, facts.generator, facts.url],
    [
      'windows',
      'x86',
      '3249D99D0C4049318610F4E4FB0B6936a',
      'My App.pdb',
      '5ab380779000',
      'My App.exe',
      'mozilla/dump_syms 2.3.4',
      'https://symbols.example/x',
    ],
  );
  assert.equal(facts.counts.badLines, 0);
});

test('a file without MODULE is corrupt; an empty one is an error', async () => {
  assert.equal((await compile('FUNC 10 10 0 main\n')).facts.isCorrupt, true);
  await assert.rejects(compile(''), (error) => isErrorOf(error, symbolErrors.sym_unusable));
});

test('a second MODULE record is a bad line and changes nothing', async () => {
  const { facts, problems } = await compile(`${module}MODULE mac arm64 FFFF other\n`);
  assert.equal(facts.debugFile, 'app');
  assert.deepEqual(problems, [{ line: 2, message: 'a second MODULE record' }]);
});

test('bad lines are skipped, counted and named by number; the rest counts', async () => {
  const bad = [
    '10 10 5 0',
    'FUNC zz 10 0 main',
    'FUNC 10',
    'FUNC 11112222333344445 10 0 main',
    'FUNC ffffffff 10 0 beyond',
    'FUNC 100000000 10 0 beyond',
    'PUBLIC xyz 0 f',
    'FILE x name',
    'FILE 99999999999 name',
    'INLINE_ORIGIN -x f',
    'STACK CFI 10 .cfa: $rsp 8 +',
    'STACK CFI INIT 10 .cfa: $rsp 8 +',
    'STACK WIN 4 10 10 0 0 0 0 0 0 0 no program',
    'STACK WIN 0 10 10 0 0 0 0 0 0 1 1',
    'STACK WIN 4 10',
    'NONSENSE 1 2 3',
    '\0\0\0\0',
  ];
  const { facts, problems, symbols } = await compile(
    `${module}${bad.join('\n')}\nFUNC 10 10 0 good\n10 10 7 zz\n10 8 7 0\n`,
  );
  assert.equal(facts.counts.badLines, bad.length + 1);
  assert.deepEqual(
    problems.map(({ line }) => line),
    [...bad.map((_, i) => i + 2), bad.length + 3],
  );
  assert.equal(facts.isCorrupt, false, 'up to 100 bad lines are tolerated');
  assert.equal(symbols.findFunction(0x12)?.name, 'good');
  assert.equal(symbols.findLine(0x12)?.line, 7);
});

test('more than 1 % and over 100 bad lines make the file corrupt; only the first are described', async () => {
  const { facts, problems } = await compile(module + 'BAD\n'.repeat(101));
  assert.equal(facts.isCorrupt, true);
  assert.equal(problems.length, symbolLimits.symProblemsMax.value);
  const good = Array.from({ length: 20_000 }, (_, i) => `PUBLIC ${(i * 16).toString(16)} 0 f${i}\n`).join('');
  assert.equal((await compile(module + good + 'BAD\n'.repeat(101))).facts.isCorrupt, false);
});

test('line records after an unreadable or empty FUNC belong to no function, least of all the one before', () => {
  const symbols = moduleSymbolsFromSym(
    `${module}FUNC 0 100 0 before\n0 10 1 0\nFUNC zz 10 0 bad\n20 10 2 0\nFUNC 30 0 0 empty\n30 10 3 0\nINLINE 0 1 0 0 30 10\n`,
  );
  assert.equal(symbols.findLine(0x25), null);
  assert.equal(symbols.findLine(0x35), null);
  assert.deepEqual(symbols.findLine(5), { file: null, line: 1 });
  assert.equal(symbols.facts.counts.badLines, 1);
});

test('m marks shared code in FUNC and PUBLIC', () => {
  const symbols = moduleSymbolsFromSym(
    new SymBuilder().module().func(0x10, 8, 'a', 4, true).public(0x40, 'b', 8, true).text(),
  );
  assert.deepEqual(symbols.findFunction(0x10), {
    name: 'a',
    address: 0x10,
    size: 8,
    parameterSize: 4,
    isPublic: false,
    isMultiple: true,
  });
  assert.deepEqual(symbols.findFunction(0x50), {
    name: 'b',
    address: 0x40,
    size: 0,
    parameterSize: 8,
    isPublic: true,
    isMultiple: true,
  });
});

test('a PUBLIC reaches up to the next FUNC and not past it', () => {
  const symbols = moduleSymbolsFromSym(new SymBuilder().module().public(0x10, 'p').func(0x20, 8, 'f').text());
  assert.equal(symbols.findFunction(0x1f)?.name, 'p');
  assert.equal(symbols.findFunction(0x28), null, 'the FUNC ended, and lies between the PUBLIC and the address');
  assert.equal(symbols.findFunction(0xf), null);
});

test('FILE and INLINE_ORIGIN may come after their use; the first of an id counts; sparse ids are welcome', () => {
  const symbols = moduleSymbolsFromSym(
    new SymBuilder()
      .module()
      .func(0, 0x10, 'f')
      .inline(0, 7, 4294967295, 4294967290, [0, 8])
      .line(0, 0x10, 3, 77777777)
      .origin(4294967290, 'late()')
      .file(77777777, 'late.c')
      .file(77777777, 'later.c')
      .file(4294967295, 'huge.c')
      .text(),
  );
  assert.deepEqual(symbols.findInlines(0), [{ function: 'late()', file: 'late.c', line: 3 }]);
  assert.deepEqual(symbols.findLine(0), { file: 'late.c', line: 3 });
  // 4294967295 is the mark for "no file id": the line's own file stands in.
  assert.equal(symbols.findOuterLine(0)?.line, 7);
});

test('an inline without its origin is left out, its neighbours stay', () => {
  const symbols = moduleSymbolsFromSym(
    new SymBuilder()
      .module()
      .file(0, 'a.c')
      .origin(1, 'outer')
      .func(0, 0x10, 'f')
      .inline(0, 10, 0, 1, [0, 8])
      .inline(1, 20, 0, 9, [0, 8])
      .line(0, 0x10, 30, 0)
      .text(),
  );
  assert.deepEqual(symbols.findInlines(0), [{ function: 'outer', file: 'a.c', line: 20 }]);
});

test('STACK WIN: frame data before FPO, program text whole, parameter size of the function from it', () => {
  const program = '$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =';
  const symbols = moduleSymbolsFromSym(
    new SymBuilder()
      .module()
      .func(0x10, 0x20, 'f', 0xc)
      .win(0, 0x10, 0x20, [1, 2, 3, 4, 5, 6], '1')
      .win(4, 0x10, 0x10, [1, 2, 8, 4, 5, 6], program)
      .text(),
  );
  assert.deepEqual(symbols.findWin(0x10), {
    kind: 'frame_data',
    address: 0x10,
    size: 0x10,
    prologueSize: 1,
    epilogueSize: 2,
    parameterSize: 8,
    savedRegisterSize: 4,
    localSize: 5,
    maxStackSize: 6,
    program,
    allocatesBasePointer: false,
  });
  assert.equal(symbols.findWin(0x2f)?.kind, 'fpo');
  assert.equal(symbols.findWin(0x2f)?.allocatesBasePointer, true);
  assert.equal(symbols.findFunction(0x10)?.parameterSize, 8);
  assert.equal(symbols.findFunction(0x2f)?.parameterSize, 3);
});

test('STACK WIN of the types 1 to 3 is passed over in silence', async () => {
  const { facts } = await compile(`${module}STACK WIN 3 10 10 0 0 0 0 0 0 0 0\n`);
  assert.deepEqual([facts.counts.badLines, facts.counts.winFpo + facts.counts.winFrameData], [0, 0]);
});

test('CRLF, several CR, no last newline, blank lines and runs of spaces', () => {
  const symbols = moduleSymbolsFromSym(
    `${module.trim()}\r\r\n\r\nFILE 0  spaced  name.c\r\nFUNC   10  8  0 f g\r\n10   8   5   0  \r\nPUBLIC 40 0 last`,
  );
  assert.equal(symbols.facts.counts.badLines, 0);
  assert.equal(symbols.findFunction(0x10)?.name, 'f g');
  assert.deepEqual(symbols.findLine(0x10), { file: ' spaced  name.c', line: 5 });
  assert.equal(symbols.findFunction(0x41)?.name, 'last');
});

test('NUL, escape sequences and broken UTF-8 in names become U+FFFD', () => {
  const name = Buffer.concat([Buffer.from('a\0b\x1b[31m'), Buffer.from([0xff]), Buffer.from('é')]);
  const symbols = moduleSymbolsFromSym(Buffer.concat([Buffer.from(`${module}FUNC 0 8 0 `), name, Buffer.from('\n')]));
  assert.equal(symbols.findFunction(0)?.name, 'a\ufffdb\ufffd[31m\ufffdé');
});

test('a name of 82 KB is kept; a line over 160 KiB is skipped, within a chunk and across chunks', async () => {
  const long = 'n'.repeat(82_000);
  const over = 'x'.repeat(symbolLimits.symLineBytesMax.value);
  const text = `${module}FUNC 0 8 0 ${long}\nFUNC 10 8 0 ${over}\nFUNC 20 8 0 after\n`;
  for (const chunkBytes of [text.length, 1000]) {
    const bytes = Buffer.from(text);
    const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, i) =>
      bytes.subarray(i * chunkBytes, (i + 1) * chunkBytes),
    );
    const { symbols, facts, problems } = await compileSymInMemory(chunks);
    assert.equal(symbols.findFunction(0)?.name.length, 82_000);
    assert.equal(symbols.findFunction(0x10), null);
    assert.equal(symbols.findFunction(0x20)?.name, 'after');
    assert.deepEqual([facts.counts.badLines, problems[0]?.line], [1, 3]);
  }
});

test('a line of 1 GB costs no memory', async () => {
  const chunk = Buffer.alloc(4 * 1024 * 1024, 0x41);
  const before = process.memoryUsage.rss();
  function* source() {
    yield Buffer.from(module);
    for (let i = 0; i < 256; i++) yield chunk;
    yield Buffer.from('\nFUNC 0 8 0 after\n');
  }
  const { symbols, facts } = await compileSymInMemory(source());
  assert.equal(symbols.findFunction(0)?.name, 'after');
  assert.equal(facts.counts.badLines, 1);
  assert.ok(process.memoryUsage.rss() - before < 64 * 1024 ** 2);
});

test('a text over the limit is refused', async () => {
  await assert.rejects(compileSymInMemory([Buffer.from(module)], { sizeBytesMax: 10 }), (error) =>
    isErrorOf(error, symbolErrors.sym_too_large),
  );
});

test('addresses that no module has find nothing and throw nothing', () => {
  const symbols = moduleSymbolsFromSym(`${module}FUNC 0 10 0 f\nPUBLIC 20 0 p\nSTACK CFI INIT 0 10 .cfa: $rsp 8 +\n`);
  for (const rva of [-1, 2 ** 32, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 0.5]) {
    const found = [symbols.findFunction(rva), symbols.findLine(rva), symbols.findCfi(rva), symbols.findWin(rva)];
    if (rva !== 0.5) assert.deepEqual(found, [null, null, null, null], String(rva));
  }
  assert.equal(symbols.damage, null);
});

test('lookups of a closed module answer nothing', () => {
  const symbols = moduleSymbolsFromSym(`${module}FUNC 0 10 0 f\n`);
  symbols.close();
  assert.equal(symbols.findFunction(0), null);
  assert.equal(symbols.hasFunction(0), false);
});
