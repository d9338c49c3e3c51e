// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDateRange, parseSearchDate } from '../../src/search/parse-dates.ts';

const now = new Date('2026-01-02T06:00:00Z');

test('dates in every spelling, around new year', () => {
  for (const [text, iso] of [
    ['2026-01-01', '2026-01-01T00:00:00.000Z'],
    ['2025-12-31T23:59:59', '2025-12-31T23:59:59.000Z'],
    ['2025-12-31 23:59:59', '2025-12-31T23:59:59.000Z'],
    ['2025-12-31T23:59:59.123456', '2025-12-31T23:59:59.123Z'],
    ['2026-01-01T02:00:00+03:00', '2025-12-31T23:00:00.000Z'],
    ['2026-01-01T02:00:00-0330', '2026-01-01T05:30:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['-2d', '2025-12-31T06:00:00.000Z'],
    ['-90m', '2026-01-02T04:30:00.000Z'],
    ['-1w', '2025-12-26T06:00:00.000Z'],
  ] as const)
    assert.equal(parseSearchDate(text, now)?.toISOString(), iso, text);
});

test('what is no date is refused', () => {
  for (const text of [
    '2026',
    '2026-01',
    '2026-13-01',
    '2026-02-30',
    '2025-02-29',
    'yesterday',
    '',
    '-d',
    '7d',
    '2026-01-01T25:00',
  ])
    assert.equal(parseSearchDate(text, now), null, text);
});

test('bounds of a search', () => {
  const range = (...values: string[]) => {
    const { from, to } = parseDateRange(values, now);
    const shown = (bound: typeof from) => `${bound.date.toISOString().slice(0, 16)}${bound.inclusive ? ' in' : ''}`;
    return [shown(from), shown(to)];
  };
  assert.deepEqual(range(), ['2025-12-26T06:00 in', '2026-01-02T06:00 in']);
  assert.deepEqual(range('<2025-12-31'), ['2025-12-24T00:00 in', '2025-12-31T00:00']);
  assert.deepEqual(range('>2025-12-31'), ['2025-12-31T00:00', '2026-01-02T06:00 in']);
  // The tightest pair counts, and of equal bounds the one that leaves the moment out.
  assert.deepEqual(range('>=2025-12-01', '>=2025-12-30', '<=2026-01-02', '<2026-01-01'), [
    '2025-12-30T00:00 in',
    '2026-01-01T00:00',
  ]);
  assert.deepEqual(range('>=2025-12-30', '>2025-12-30'), ['2025-12-30T00:00', '2026-01-02T06:00 in']);
  assert.throws(() => range('2026-01-01'), { message: 'date must have a prefix operator' });
  assert.throws(() => range('>=soon'), { message: 'Bad value for parameter date: not a valid datetime' });
  assert.throws(() => range('>=2025-01-01'), { message: 'Date range is bigger than 365 days' });
});
