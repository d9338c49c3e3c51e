// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluateCfi, parseCfiRules } from '../../src/unwind/cfi-rules.ts';

const memory = new Map([[0x1000n, 0xdeadn]]);
const registers = new Map([
  ['rsp', 0x1000n],
  ['x29', 7n],
]);

function evaluate(expression: string, cfa: bigint | null = 0x2000n): bigint | null {
  const [rule] = parseCfiRules(`r: ${expression}`) ?? [];
  if (!rule) return null;
  return evaluateCfi(
    rule.expression,
    { register: (name) => registers.get(name), readWord: (at) => memory.get(at) },
    cfa,
  );
}

test('operators, constants, registers with and without a dollar sign', () => {
  assert.equal(evaluate('$rsp 8 +'), 0x1008n);
  assert.equal(evaluate('rsp 8 -'), 0xff8n);
  assert.equal(evaluate('x29 3 *'), 21n);
  assert.equal(evaluate('x29 2 /'), 3n);
  assert.equal(evaluate('x29 4 %'), 3n);
  assert.equal(evaluate('x29 4 @'), 4n);
  assert.equal(evaluate('$rsp ^'), 0xdeadn);
  assert.equal(evaluate('.cfa -8 +'), 0x1ff8n);
});

test('arithmetic wraps at 64 bits', () => {
  assert.equal(evaluate('-1'), 0xffff_ffff_ffff_ffffn);
  assert.equal(evaluate('-1 1 +'), 0n);
  assert.equal(evaluate('0 1 -'), 0xffff_ffff_ffff_ffffn);
  assert.equal(evaluate('-1 -1 *'), 1n);
});

test('what cannot be known fails', () => {
  for (const expression of [
    '',
    '1 2',
    '+',
    '1 +',
    '^',
    '1 0 /',
    '1 0 %',
    '1 0 @',
    '1 3 @',
    '.undef',
    '$rax',
    '0 ^',
    '.ra',
    '=',
  ])
    assert.equal(evaluate(expression), null, expression);
  assert.equal(evaluate('.cfa 8 +', null), null);
});

test('rules are separated by names that end in a colon; a rule without an expression spoils the text', () => {
  assert.deepEqual(
    parseCfiRules('.cfa: $rsp 8 +  .ra: .cfa -8 + ^ $rbx: .undef')?.map(({ target }) => target),
    ['.cfa', '.ra', 'rbx'],
  );
  for (const text of ['', '8 16 +', '.cfa: .ra: 1', '.cfa 8 .ra: 1', '.cfa: 1 $rax:'])
    assert.equal(parseCfiRules(text), null, text);
});

test('no text makes it throw, hang or leave 64 bits', () => {
  const word = fc.oneof(
    fc.constantFrom('+', '-', '*', '/', '%', '@', '^', '.cfa', '.undef', '.ra:', '$rsp', 'x29', 'r:', '='),
    fc.bigInt({ min: -(1n << 70n), max: 1n << 70n }).map(String),
    fc.string({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 90 }), (words) => {
      const value = evaluate(words.join(' '));
      return value === null || (value >= 0n && value < 1n << 64n);
    }),
    { numRuns: 2000 },
  );
});
