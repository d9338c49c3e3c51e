// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { rewriteSlices } from '../../src/signature/brackets.ts';
import { dropPrefix, normaliseCppFunction, normaliseRustFunction } from '../../src/signature/normalise-function.ts';
import {
  collapseBlanks,
  compareCodePoints,
  cutCodePoints,
  dropUnprintable,
  isBlank,
  isLongerThan,
  parseInteger,
  splitLines,
  stripLeadingZeros,
  trimBlanks,
} from '../../src/signature/text.ts';

const text = fc.string({ unit: 'binary', maxLength: 30 });
const name = fc
  .array(fc.constantFrom(..."ab<>()[]{}`' ,*&:", 'operator', 'const', '::', ' as ', '::h0f', '🏮'), { maxLength: 25 })
  .map((pieces) => pieces.join(''));

test('lengths, cuts and order count code points', () => {
  fc.assert(
    fc.property(text, text, fc.nat(35), (a, b, count) => {
      assert.equal(cutCodePoints(a, count), [...a].slice(0, count).join(''));
      assert.equal(isLongerThan(a, count), [...a].length > count);
      const [left, right] = [[...a], [...b]].map((points) => points.map((point) => point.codePointAt(0)!));
      const at = left!.findIndex((point, index) => point !== right![index]);
      const expected = at < 0 ? left!.length - right!.length : right![at] === undefined ? 1 : left![at]! - right![at]!;
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
  assert.equal(trimBlanks('\u3000\u001c a\ufeff \u0085'), 'a\ufeff');
  assert.equal(collapseBlanks(' a\u00a0\u2028b '), 'a b');
  assert.deepEqual(splitLines('a\r\nb\u001dc\n'), ['a', 'b', 'c']);
  assert.deepEqual(splitLines(''), []);
});

test('numbers in text', () => {
  fc.assert(
    fc.property(fc.integer(), (number) => {
      assert.equal(parseInteger(` ${number} `), number);
      const hex = Math.abs(number).toString(16);
      assert.equal(stripLeadingZeros(`0x${hex.padStart(16, '0').toUpperCase()}`), `0x${hex}`);
    }),
  );
  for (const refused of ['', '0x1', '1.0', '1__0', '_1', '1_', '--1', 'one']) assert.equal(parseInteger(refused), null);
  assert.equal(parseInteger('𝟗𝟏'), 91);
});

test('only printable ASCII is left of any text', () => {
  fc.assert(fc.property(text, (given) => assert.match(dropUnprintable(given), /^[ -~]*$/)));
});

test('pieces in brackets, against a reading character by character', () => {
  fc.assert(
    fc.property(name, (given) => {
      let [expected, depth] = ['', 0];
      for (const character of given) {
        if (character === '(') depth += 1;
        if (depth === 0) expected += character;
        if (character === ')' && depth > 0) depth -= 1;
      }
      assert.equal(
        rewriteSlices(given, '(', ')', () => ''),
        expected,
      );
      assert.equal(
        rewriteSlices(given, '(', ')', (all, { start, end }) => all.slice(start, end)),
        given,
      );
    }),
  );
});

test('dropping a prefix takes a piece of the name and adds nothing', () => {
  fc.assert(
    fc.property(name, (given) => {
      assert.ok(given.includes(dropPrefix(given)));
    }),
  );
});

test('normalised functions hold no template parameters or arguments of a plain name', () => {
  const plain = fc.stringMatching(/^[a-z]{1,8}(::[A-Z][a-z]{0,6}){0,2}$/);
  fc.assert(
    fc.property(
      plain,
      plain,
      plain,
      fc.constantFrom('', 'void ', 'static class X<Y> '),
      (f, type, argument, before) => {
        fc.pre(!/const$/.test(f) && !f.includes('::operator'));
        const given = `${before}${f}<${type}>(${argument}, int)`;
        assert.equal(
          normaliseCppFunction(given, null, () => false),
          `${f}<T>`,
        );
        assert.equal(
          normaliseRustFunction(`${given}::h0123`, null, () => false),
          `${f}<T>`,
        );
      },
    ),
  );
});
