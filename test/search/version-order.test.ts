// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { VersionSeen } from '../../src/search/search-index.ts';
import { activeVersions, compareVersions, featuredVersions, newestFirst } from '../../src/search/version-order.ts';

const now = new Date('2026-11-20T12:00:00Z');
const seen = (version: string, more: Partial<VersionSeen> = {}): VersionSeen => ({
  product: 'Editor',
  version,
  releaseChannel: null,
  firstDate: '2026-11-01T00:00:00.000Z',
  lastDate: '2026-11-19T00:00:00.000Z',
  reportCount: 100,
  ...more,
});

/** Oldest first; every text is older than all that follow it. */
const ordered =
  `0.9 1.0a1 1.0a2 1.0-alpha.3 1.0b1 1.0b2 1.0-beta.3 1.0b10 1.0rc1 1.0rc2 1.0 1.0.1 1.0.1.5 1.1 1.9 1.10 2.0.0-rc.1
2.0.0 3.9 4.0b1 4.0b12 4.0 4.1.9 4.2.0 8.0.7 8.3.0-beta.2 8.3.0 45.9.0 115.3.0a1 115.3.0b4 115.3.0 115.3.0esr 115.3.1esr
128.0a1 128.0 140.0 2026.1.0 2026.10.0 2026.11.0-dev.1 2026.11.0`.split(/\s+/);

describe('the order of versions', () => {
  test('forty texts, each before all that follow', () => {
    assert.equal(ordered.length, 40);
    for (const [at, version] of ordered.entries())
      for (const later of ordered.slice(at + 1)) {
        assert.ok(compareVersions(version, later) < 0, `${version} < ${later}`);
        assert.ok(compareVersions(later, version) > 0, `${later} > ${version}`);
      }
  });

  test('equal texts in other dress', () => {
    for (const [a, b] of [
      ['1.0', '1.0.0'],
      ['v2.1', '2.1'],
      ['1.0-beta.2', '1.0b2'],
      ['3.0+build.7', '3.0'],
    ] as const)
      assert.equal(compareVersions(a, b), 0, `${a} = ${b}`);
  });

  test('texts that are no version come last, by their first report', () => {
    const shuffled = [
      seen('deadbeef', { firstDate: '2026-11-03T00:00:00.000Z' }),
      seen('1.0'),
      seen('', { firstDate: '2026-11-05T00:00:00.000Z' }),
      seen('2.0'),
    ];
    assert.deepEqual(
      newestFirst(shuffled).map(({ version }) => version),
      ['2.0', '1.0', '', 'deadbeef'],
    );
  });

  test('any texts have one order', () => {
    const text = fc.oneof(fc.constantFrom(...ordered, 'x', '', '1.0.0'), fc.string({ maxLength: 12 }));
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) || 0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0);
      }),
    );
  });
});

describe('featured versions', () => {
  const names = (versions: readonly VersionSeen[]) => versions.map(({ version }) => version);

  test('the newest of each major.minor, three at most, no extended support', () => {
    const versions = '8.3.0-beta.1 8.3.0-beta.2 8.2.0 8.2.1 8.2.1esr 8.1.4 8.0.7 7.9.12'.split(' ').map((v) => seen(v));
    assert.deepEqual(names(featuredVersions(versions, now)), ['8.3.0-beta.2', '8.2.1', '8.1.4']);
  });

  test('a version that was silent for 60 days is not active, and the threshold grows with the product', () => {
    const versions = [
      seen('2.0', { reportCount: 60_000 }),
      seen('3.0-local', { reportCount: 3 }),
      seen('1.0', { reportCount: 49 }),
      seen('1.1', { reportCount: 50 }),
      seen('0.9', { lastDate: '2026-09-01T00:00:00.000Z', reportCount: 9000 }),
    ];
    assert.deepEqual(names(activeVersions(versions, now)), ['2.0', '1.1']);
    assert.deepEqual(names(activeVersions([seen('3.0', { reportCount: 1 })], now)), ['3.0']);
  });
});
