// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { rewriteSlices } from '../../src/signature/brackets.ts';
import { dropPrefix, normaliseCppFunction, normaliseRustFunction } from '../../src/signature/normalise-function.ts';
import { cutCodePoints, dropUnprintable, isLongerThan, stripLeadingZeros } from '../../src/signature/text.ts';

const text = fc.string({ unit: 'binary', maxLength: 30 });
const name = fc
  .array(fc.constantFrom(..."ab<>()[]{}`' ,*&:", 'operator', 'const', '::', ' as ', '::h0f', '🏮'), { maxLength: 25 })
  .map((pieces) => pieces.join(''));

test('lengths and cuts count code points', () => {
  fc.assert(
    fc.property(text, fc.nat(35), (given, count) => {
      assert.equal(cutCodePoints(given, count), [...given].slice(0, count).join(''));
      assert.equal(isLongerThan(given, count), [...given].length > count);
    }),
  );
});

test('hex numbers lose their leading zeros and nothing else', () => {
  fc.assert(
    fc.property(fc.nat(), (number) => {
      const hex = number.toString(16);
      assert.equal(stripLeadingZeros(`0x${hex.padStart(16, '0').toUpperCase()}`), `0x${hex}`);
    }),
  );
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
