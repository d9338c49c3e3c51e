// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import type { ModuleSymbols } from '../../src/symbols/symbols.ts';
import { NaiveSym } from './naive-sym.ts';

/** Compares every lookup at every address where an answer may change, or at those given. */
export function assertSameAnswers(symbols: ModuleSymbols, text: string, addresses?: readonly number[]): void {
  const naive = new NaiveSym(text);
  for (const a of addresses ?? naive.addresses()) {
    const at = `at 0x${a.toString(16)}`;
    assert.deepEqual(symbols.findFunction(a), naive.function(a), `function ${at}`);
    assert.equal(symbols.hasFunction(a), naive.function(a) !== null, `hasFunction ${at}`);
    assert.deepEqual(symbols.findLine(a), naive.line(a), `line ${at}`);
    assert.deepEqual(symbols.findOuterLine(a), naive.outerLine(a), `outer line ${at}`);
    assert.deepEqual(symbols.findInlines(a), naive.inlines(a), `inlines ${at}`);
    assert.deepEqual(symbols.findCfi(a), naive.cfi(a), `cfi ${at}`);
    assert.deepEqual(symbols.findWin(a), naive.win(a), `win ${at}`);
  }
  assert.equal(symbols.damage, null);
}
