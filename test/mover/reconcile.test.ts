// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { CrashId } from '../../src/crash/crash-id.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { type Finding, type ReconcileParts, recentDays, reconcile } from '../../src/mover/reconcile.ts';
import type { CrashQueue } from '../../src/queue/crash-queue.ts';
import { FileQueue } from '../../src/queue/file-queue.ts';
import { queueLimits } from '../../src/queue/limits.ts';
import { MemoryQueue } from '../../src/queue/memory-queue.ts';
import { storageErrors } from '../../src/storage/errors.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-reconcile-'));
after(() => rm(root, { recursive: true, force: true }));

const now = new Date('2026-11-20T12:00:00Z');
const clock = { ...systemClock, now: () => now };
const common = { logger: nullLogger, clock, leaseMs: 60_000, attemptsMax: 1 };
const idOf = (index: number, digit = 0, day = '261120'): CrashId =>
  `0bba929f-8721-460c-dead-${String(index).padStart(5, '0')}${digit}${day}`;

async function store(
  storage: MemoryStorage,
  crashId: CrashId,
  options: { processed?: boolean; receivedAt?: string } = {},
) {
  const rawCrash = { uuid: crashId, submitted_timestamp: options.receivedAt ?? '2026-11-20T08:00:00.000001+00:00' };
  const rawCrashJson = Buffer.from(JSON.stringify(rawCrash));
  await storage.saveRawCrash({ crashId, rawCrash, rawCrashJson, dumps: [] });
  if (options.processed) await storage.saveProcessedCrash(crashId, { uuid: crashId } as never);
}

function run(storage: MemoryStorage, queue: CrashQueue, more: Partial<ReconcileParts> = {}) {
  const findings: Finding[] = [];
  const counts = reconcile({
    storage,
    processed: storage,
    queue,
    days: ['20261120'],
    graceMs: 600_000,
    repairs: false,
    concurrency: 4,
    clock,
    onFinding: (finding) => findings.push(finding),
    ...more,
  });
  return counts.then((value) => ({
    counts: value,
    found: findings.map(({ kind, crashId }) => `${kind} ${crashId}`).sort(),
  }));
}

/** Buries one id, as a processor does after the last attempt. */
async function bury(queue: CrashQueue, crashId: CrashId): Promise<void> {
  await queue.publish('standard', { crashId });
  const ending = new AbortController();
  for await (const taken of queue.consume({ prefetch: 1, signal: ending.signal })) {
    await taken.bury('the walker died');
    break;
  }
  ending.abort();
}

test('reconcile: every kind of gap, and nothing else', async () => {
  const storage = new MemoryStorage();
  const queue = new FileQueue({ directory: join(root, 'queue'), files: nodeFiles, ...common });
  await bury(queue, idOf(5));
  await bury(queue, idOf(8));
  await store(storage, idOf(1), { processed: true });
  await store(storage, idOf(2));
  await store(storage, idOf(3));
  await queue.publish('standard', { crashId: idOf(3) });
  await store(storage, idOf(4, 1));
  await store(storage, idOf(5));
  await store(storage, idOf(6), { receivedAt: '2026-11-20T11:55:00+00:00' });
  await queue.publish('priority', { crashId: idOf(7) });
  // Another day: not asked for.
  await store(storage, idOf(9, 0, '261119'));
  await queue.publish('standard', { crashId: idOf(10, 0, '261119') });
  const { counts, found } = await run(storage, queue);
  assert.deepEqual(found, [`absent ${idOf(7)}`, `absent ${idOf(8)}`, `given_up ${idOf(5)}`, `unannounced ${idOf(2)}`]);
  assert.deepEqual(counts, {
    stored: 6,
    processed: 1,
    pending: 2,
    deferred: 1,
    unannounced: 1,
    unprocessed: 0,
    given_up: 1,
    absent: 2,
    repaired: 0,
  });
});

test('reconcile: a repair publishes what nobody would process, and a second run finds nothing', async () => {
  const storage = new MemoryStorage();
  const queue = new MemoryQueue(common);
  for (let index = 0; index < 20; index++) await store(storage, idOf(index), { processed: index % 2 === 0 });
  assert.equal((await run(storage, queue)).counts.unannounced, 10);
  assert.equal((await run(storage, queue, { repairs: true })).counts.repaired, 10);
  const { counts } = await run(storage, queue, { repairs: true });
  assert.deepEqual([counts.pending, counts.unannounced, counts.repaired], [10, 0, 0]);
});

test('reconcile: where the queue cannot tell, what is not processed goes to reprocessing', async () => {
  const storage = new MemoryStorage();
  const inner = new MemoryQueue(common);
  const queue = new Proxy<CrashQueue>(inner, {
    get(target, name) {
      if (name === 'listCrashIds') return undefined;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await store(storage, idOf(1));
  const { found } = await run(storage, queue, { repairs: true });
  assert.deepEqual(found, [`unprocessed ${idOf(1)}`]);
  assert.equal((await inner.depths()).find((depth) => depth.queue === 'reprocessing')?.waiting, 1);
});

test('reconcile: an outage is an error, not a gap; nothing is published', async () => {
  const storage = new MemoryStorage();
  const queue = new MemoryQueue(common);
  await store(storage, idOf(1));
  const processed = new MemoryStorage();
  processed.getProcessedCrash = async () => {
    throw new SalvageError(storageErrors.storage_outage, 'away');
  };
  await assert.rejects(run(storage, queue, { processed, repairs: true }), { slug: 'storage_outage' });
  assert.deepEqual(await Array.fromAsync(queue.listCrashIds()), []);
});

test('reconcile: more announced ids than are held at a time are compared in parts', async () => {
  const storage = new MemoryStorage();
  const queue = new MemoryQueue(common);
  const hex = (index: number) => index.toString(16).padStart(8, '0').split('').reverse().join('');
  const manyIds = Array.from({ length: 1010 }, (_, index) => `${hex(index)}-8721-460c-dead-000000261120`);
  // The listing alone matters here: a queue of that size is not made.
  queue.listCrashIds = async function* () {
    yield* manyIds;
  };
  for (const crashId of manyIds.slice(10)) await store(storage, crashId);
  const { counts } = await run(storage, queue, { idsMax: 100 });
  assert.deepEqual([counts.stored, counts.pending, counts.absent], [1000, 1000, 10]);
});

test('reconcile: the days are those of the ids, in UTC', () => {
  assert.deepEqual(recentDays(new Date('2026-03-01T00:30:00Z'), 2), ['20260227', '20260228', '20260301']);
});

test('reconcile: more dead letters than a page shows are not announced again', async () => {
  const storage = new MemoryStorage();
  const queue = new MemoryQueue(common);
  const count = queueLimits.deadLettersShownMax.value + 2;
  const ending = new AbortController();
  let buried = 0;
  for (let index = 0; index < count; index++) await queue.publish('standard', { crashId: idOf(index) });
  for await (const taken of queue.consume({ prefetch: 1, signal: ending.signal })) {
    await taken.bury('the walker died');
    if (++buried === count) ending.abort();
  }
  await store(storage, idOf(count - 1));
  const { counts } = await run(storage, queue, { repairs: true });
  assert.deepEqual([counts.given_up, counts.unannounced, counts.repaired], [1, 0, 0]);
});
