// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { moduleSymbolsFromSym, symbolKeyOf } from '../../../src/symbols/symbols.ts';
import { assertSameAnswers } from '../../symbols/same-answers.ts';

const testdata = path.join(process.env['SALVAGE_TESTDATA'] ?? '../shared/testdata', 'minidumps');

function symFiles(folder: string): string[] {
  return fs
    .readdirSync(path.join(testdata, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sym'))
    .map((name) => path.join(testdata, folder, name));
}

const files = [...symFiles('symbols'), ...symFiles('sym-parser')];

test('all eighteen real symbol files are there', () => assert.equal(files.length, 18));

for (const file of files) {
  const text = fs.readFileSync(file, 'utf8');
  test(`${path.relative(testdata, file)}: no bad line, answers as a naive parse`, () => {
    const symbols = moduleSymbolsFromSym(text);
    assert.equal(symbols.facts.counts.badLines, 0);
    assert.equal(symbols.facts.isCorrupt, false);
    if (file.endsWith('linux_inline.old.sym')) return;
    const edges = [
      ...text.matchAll(/^(?:FUNC (?:m )?|PUBLIC (?:m )?|STACK CFI (?:INIT )?|STACK WIN [04] )?([0-9a-f]+) /gm),
    ];
    // Some hundred addresses spread over the file: the naive parse searches linearly.
    const step = Math.max(1, Math.floor(edges.length / 150));
    const addresses = edges
      .filter((_, i) => i % step === 0)
      .flatMap(([, at]) => [0, 1, -1].map((d) => Number.parseInt(at!, 16) + d));
    assertSameAnswers(
      symbols,
      text,
      addresses.filter((a) => a >= 0),
    );
  });
}

for (const file of symFiles('symbols'))
  test(`${path.relative(testdata, file)}: lies where its own MODULE record says`, () => {
    const { facts } = moduleSymbolsFromSym(fs.readFileSync(file));
    const key = symbolKeyOf({ codeFile: '', debugFile: facts.debugFile, debugId: facts.debugId });
    assert.deepEqual(key && [key.debugFile, key.debugId, key.symFile], file.split('/').slice(-3));
  });

test('the old INLINE style of 2021: names and lines as in the new, the file from the line record', () => {
  const symbols = moduleSymbolsFromSym(fs.readFileSync(path.join(testdata, 'sym-parser/linux_inline.old.sym')));
  const file = 'linux_inline.cpp';
  assert.deepEqual(symbols.findInlines(0x15b85), [
    { function: 'func()', file, line: 9 },
    { function: 'bar()', file, line: 32 },
    { function: 'foo()', file, line: 39 },
  ]);
  assert.deepEqual(symbols.findOuterLine(0x15b85), { file, line: 42 });
});
