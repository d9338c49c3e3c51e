// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StorageRetentionParts, storageRetentionJob } from '../../src/jobs/storage-retention.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { listed, newCrashId, reportOf } from '../storage/storage-contract.ts';

const clock = { ...systemClock, now: () => new Date('2026-11-21T12:00:00Z') };
const signal = new AbortController().signal;
const noRule = { daysMax: null, bytesMax: null };

async function storeOf(...dates: string[]): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  for (const date of dates) await storage.saveRawCrash(reportOf(newCrashId(date), []));
  return storage;
}

async function run(parts: Pick<StorageRetentionParts, 'storage' | 'rule' | 'disk'>, metrics = new MemoryMetrics()) {
  const result = await storageRetentionJob({ ...parts, clock, logger: nullLogger, metrics }).run(signal);
  const dates = (await listed(parts.storage)).map((crashId) => crashId.slice(-6)).sort();
  return { result, dates };
}

/** A disk that each crash fills by ten percent. */
function diskOf(storage: MemoryStorage, freePercentMin: number) {
  return { freePercentMin, freePercent: async () => 100 - 10 * (await listed(storage)).length };
}

test('without limits nothing is deleted', async () => {
  const storage = await storeOf('2020-01-01');
  assert.deepEqual(await run({ storage, rule: noRule, disk: null }), {
    result: 'no limits are set',
    dates: ['200101'],
  });
});

test('by age: whole days go, with a metric', async () => {
  const storage = await storeOf('2026-11-01', '2026-11-01', '2026-11-20');
  const metrics = new MemoryMetrics();
  const { result, dates } = await run({ storage, rule: { daysMax: 10, bytesMax: null }, disk: null }, metrics);
  assert.equal(result, 'deleted 2 crashes');
  assert.deepEqual(dates, ['261120']);
  assert.deepEqual(
    metrics.records.map(({ name, value, tags }) => [name, value, tags]),
    [['salvage.storage.retention_deleted', 2, { reason: 'rule' }]],
  );
});

test('a full disk: oldest days go until there is room, and no more', async () => {
  const storage = await storeOf('2026-10-01', '2026-10-02', '2026-10-02', '2026-10-03', '2026-11-21');
  const { result, dates } = await run({ storage, rule: noRule, disk: diskOf(storage, 75) });
  assert.equal(result, 'deleted 3 crashes, 3 of them for room on the disk');
  assert.deepEqual(dates, ['261003', '261121']);
});

test('a full disk never takes crashes of the last seven days', async () => {
  const storage = await storeOf('2026-11-13', '2026-11-14', '2026-11-21');
  const { dates } = await run({ storage, rule: noRule, disk: diskOf(storage, 90) });
  assert.deepEqual(dates, ['261114', '261121']);
});

test('a disk with room keeps everything', async () => {
  const storage = await storeOf('2020-01-01');
  const { result, dates } = await run({ storage, rule: noRule, disk: diskOf(storage, 10) });
  assert.deepEqual([result, dates], ['deleted 0 crashes', ['200101']]);
});
