// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { searchFields } from '../../src/search/search-fields.ts';
import { formatSearchText, parseSearchText, type SearchPair } from '../../src/search/search-text.ts';

describe('the text of a search and its address say the same', () => {
  const table: readonly (readonly [string, readonly SearchPair[]])[] = [
    ['product:AppA', [['product', 'AppA']]],
    [
      'product:AppA signature~dom uptime<60',
      [
        ['product', 'AppA'],
        ['signature', '~dom'],
        ['uptime', '<60'],
      ],
    ],
    ['!platform:Linux', [['platform', '!Linux']]],
    ['!signature~"a b"', [['signature', '!~a b']]],
    ['version="4.0 b"', [['version', '=4.0 b']]],
    [
      'uptime>=60 uptime<=600',
      [
        ['uptime', '>=60'],
        ['uptime', '<=600'],
      ],
    ],
    ['startup_crash:__true__', [['startup_crash', '__true__']]],
    ['!reason:__null__', [['reason', '!__null__']]],
    ['signature@".*\\"x\\\\.*"', [['signature', '@.*"x\\.*']]],
    ['annotation.Flavour:sour', [['annotation.Flavour', 'sour']]],
    ['"annotation.a:b":sour', [['annotation.a:b', 'sour']]],
    ['product:""', [['product', '']]],
    ['signature:https://x', [['signature', 'https://x']]],
  ];
  for (const [text, pairs] of table)
    test(text, () => {
      assert.deepEqual(parseSearchText(text), pairs);
      assert.equal(formatSearchText(pairs), text);
    });

  const onlyRead: readonly (readonly [string, readonly SearchPair[]])[] = [
    ['date:-7d', [['date', '>=-7d']]],
    ['paint flush', [['signature', '~paint flush']]],
    ['std::vector<int>', [['signature', '~std::vector<int>']]],
    [
      'OOM | large product:AppA',
      [
        ['product', 'AppA'],
        ['signature', '~OOM | large'],
      ],
    ],
    ['"product:AppA"', [['signature', '~product:AppA']]],
    ['  ', []],
  ];
  for (const [text, pairs] of onlyRead) test(`read: ${text}`, () => assert.deepEqual(parseSearchText(text), pairs));

  test('mistakes are named', () => {
    assert.throws(() => parseSearchText('produc:AppA'), /Unknown field 'produc'; did you mean product\?/);
    assert.throws(() => parseSearchText('nonsense:AppA'), /Unknown field 'nonsense'; quote the word/);
    assert.throws(() => parseSearchText('signature~"open'), /quotation mark is not closed/);
  });

  test('any parameters survive the way there and back', () => {
    const name = fc.oneof(fc.constantFrom(...searchFields.keys()), fc.constantFrom('_columns', 'annotation.a:b-c'));
    const operator = fc.constantFrom('', '!', '=', '~', '!~', '^', '$', '@', '!@', '>', '<=', '!>=');
    const value = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom('__null__', '__true__', ':', '!', '"', '\\', ' ', '=x', 'a b'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, operator, value), { maxLength: 5 }), (parts) => {
        // A date without an operator is read as `since`: the search would refuse it as it stands.
        const pairs = parts
          .filter(([field]) => field !== 'date')
          .map(([field, sign, text]): SearchPair => [field, `${sign}${text}`]);
        assert.deepEqual(parseSearchText(formatSearchText(pairs)), pairs);
      }),
      { numRuns: 2000 },
    );
  });

  test('any text is read or refused with a reason', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        try {
          const pairs = parseSearchText(text);
          assert.deepEqual(parseSearchText(formatSearchText(pairs)), pairs);
        } catch (error) {
          assert.match(String((error as { kind?: { slug: string } }).kind?.slug), /^search_bad_argument$/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
