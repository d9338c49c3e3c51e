// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CrashId, makeCrashId } from '../../src/crash/crash-id.ts';
import { makeIndexFinder } from '../../src/processor/index-finder.ts';
import { MemorySearch } from '../../src/search/memory-search.ts';
import { makeReportRow } from '../../src/search/report-row.ts';
import { FakeClock } from './fakes.ts';

const received = Date.parse('2026-11-19T10:00:00Z');

function rowOf(crashId: CrashId, dateMs: number, signature: string) {
  const date = new Date(dateMs).toISOString();
  return makeReportRow(crashId, { uuid: crashId, product: 'Lantern', signature, date_processed: date }, {});
}

/** So many crashes, `spreadMs` apart; 0 = all of one millisecond, as an import of old crashes leaves them. */
async function indexOf(count: number, spreadMs: number) {
  const index = new MemorySearch();
  const dates = new Map<CrashId, number>();
  for (let number = 0; number < count; number++) {
    const dateMs = received + number * spreadMs;
    dates.set(makeCrashId(crypto.randomUUID(), 0, new Date(dateMs)), dateMs);
  }
  await index.indexReports([...dates].map(([crashId, dateMs]) => rowOf(crashId, dateMs, 'old')));
  return { index, dates };
}

test('crashes that get another signature while the search goes on make it leave out none', async () => {
  const { index, dates } = await indexOf(250, 3);
  const found: CrashId[] = [];
  for await (const crashId of makeIndexFinder(index, new FakeClock(), 100).findCrashes({ signature: 'old' })) {
    found.push(crashId);
    await index.indexReports([rowOf(crashId, dates.get(crashId) as number, 'new')]);
  }
  assert.equal(found.length, dates.size);
  assert.deepEqual(new Set(found), new Set(dates.keys()));
  assert.equal(found[0], [...dates.keys()].at(-1), 'newest first');
});

test('more crashes of one millisecond than a page holds are all found, each once', async () => {
  const { index, dates } = await indexOf(210, 0);
  const found: CrashId[] = [];
  for await (const crashId of makeIndexFinder(index, new FakeClock(), 100).findCrashes({ product: 'Lantern' }))
    found.push(crashId);
  assert.equal(found.length, dates.size);
  assert.deepEqual(new Set(found), new Set(dates.keys()));
});
