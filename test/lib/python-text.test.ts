// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  bigIntegerOf,
  collapseBlanks,
  compareCodePoints,
  floatOf,
  integerOf,
  isBlank,
  jsonString,
  linesOf,
  trim,
  unquotePlus,
} from '../../src/lib/python-text.ts';

const text = fc.string({ unit: 'binary', maxLength: 30 });
/** Halves of pairs among letters on both sides of them, so that lone ones meet whole ones. */
const halves = fc
  .array(fc.constantFrom('a', '\ud83c', '\udfee', '\ud800', '\udc00', '\ue000', '\uffff'), { maxLength: 6 })
  .map((pieces) => pieces.join(''));

test('texts are ordered by code point, lone halves of pairs too', () => {
  fc.assert(
    fc.property(fc.oneof(text, halves), fc.oneof(text, halves), (a, b) => {
      const [left, right] = [a, b].map((one) => [...one].map((point) => point.codePointAt(0) as number));
      const at = (left as number[]).findIndex((point, index) => point !== right?.[index]);
      const expected =
        at < 0
          ? (left as number[]).length - (right as number[]).length
          : ((left as number[])[at] as number) - (right?.[at] ?? -1);
      assert.equal(Math.sign(compareCodePoints(a, b)), Math.sign(expected));
    }),
  );
});

test('blanks are Unicode white space and separators, without the byte-order mark', () => {
  const blanks = Array.from({ length: 0x10000 }, (_, unit) => unit).filter(isBlank);
  assert.deepEqual(
    blanks.map((unit) => unit.toString(16)).join(' '),
    '9 a b c d 1c 1d 1e 1f 20 85 a0 1680 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009 200a 2028 2029 202f 205f 3000',
  );
  assert.equal(trim('\u3000\u001c a\ufeff \u0085'), 'a\ufeff');
  assert.equal(collapseBlanks(' a\u00a0\u2028b '), 'a b');
  assert.deepEqual(linesOf('a\r\nb\u001dc\n'), ['a', 'b', 'c']);
  assert.deepEqual(linesOf(''), []);
});

test('trimming takes linear time, however many blanks there are', () => {
  const started = performance.now();
  assert.equal(trim(`${' '.repeat(200_000)}x${' \t'.repeat(200_000)}x `).length, 400_002);
  assert.ok(performance.now() - started < 5_000);
});

test('numbers in text', () => {
  fc.assert(
    fc.property(fc.integer(), (number) => {
      assert.equal(integerOf(` ${number} `), number);
      assert.equal(bigIntegerOf(`${number}`), BigInt(number));
      assert.equal(floatOf(`${number}.5`), Number(`${number}.5`));
    }),
  );
  for (const refused of ['', '0x1', '1.0', '1__0', '_1', '1_', '--1', 'one', '9'.repeat(1_001)])
    assert.equal(integerOf(refused), null);
  for (const refused of ['', '.', 'nan', 'inf', '1e999', '0x1', '1_.0']) assert.equal(floatOf(refused), null);
  assert.equal(integerOf('𝟗𝟏'), 91);
  assert.deepEqual([integerOf(true), integerOf(-7.9), integerOf(null), integerOf(Number.NaN)], [1, -7, null, null]);
});

test('JSON text is ASCII; escapes of addresses are read as far as they make sense', () => {
  fc.assert(
    fc.property(text, (given) => {
      assert.match(jsonString(given), /^[ -~]*$/);
      assert.equal(JSON.parse(jsonString(given)), given);
    }),
  );
  assert.equal(unquotePlus('a+b%20c%C3%A9%zz%ff'), 'a b c\u00e9%zz\ufffd');
});
