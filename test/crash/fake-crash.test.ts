// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateOf, isCrashId } from '../../src/crash/crash-id.ts';
import { fakeCrashesOf } from '../../src/crash/fake-crash.ts';

const day = new Date('2026-11-20T00:00:00Z');

test('a day has the same invented crashes every time, another seed or day has others', () => {
  const crashes = fakeCrashesOf(day, 400, 1);
  assert.deepEqual(fakeCrashesOf(day, 400, 1), crashes);
  const ids = new Set(crashes.map(({ crashId }) => crashId));
  assert.equal(ids.size, 400);
  for (const other of [fakeCrashesOf(day, 400, 2), fakeCrashesOf(new Date('2026-11-21T00:00:00Z'), 400, 1)])
    assert.ok(other.every(({ crashId }) => !ids.has(crashId)));
});

test('invented crashes lie in their day, say what they are, and have a worst one', () => {
  const crashes = fakeCrashesOf(day, 400, 1);
  const tops = new Map<string, number>();
  for (const { crashId, rawCrash, processed } of crashes) {
    assert.ok(isCrashId(crashId) && dateOf(crashId) === '20261120');
    assert.match(String(processed['date_processed']), /^2026-11-20T/);
    assert.equal(rawCrash['DumpOrigin'], 'invented');
    assert.match(String(processed['processor_notes']), /no program crashed/);
    const threads = (processed['json_dump'] as unknown as { threads: { frames: { function: string }[] }[] }).threads;
    const top = threads[0]?.frames[0]?.function ?? '';
    tops.set(top, (tops.get(top) ?? 0) + 1);
  }
  const counts = [...tops.values()].sort((a, b) => b - a);
  assert.ok(counts.length > 15 && (counts[0] ?? 0) > 5 * (counts.at(-1) ?? 0), String(counts));
  assert.ok(new Set(crashes.map(({ processed }) => processed['version'])).size > 3);
});
