// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { isSampled } from '../../src/client/sample.ts';
import { SiphonQueue } from '../../src/client/siphon-queue.ts';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import type { CrashQueue } from '../../src/queue/crash-queue.ts';
import { queueErrors } from '../../src/queue/errors.ts';
import { MemoryQueue } from '../../src/queue/memory-queue.ts';

const common = { logger: nullLogger, clock: systemClock, leaseMs: 60_000, attemptsMax: 3 };
const newIds = (count: number) => Array.from({ length: count }, () => makeCrashId(randomUUID(), 0, new Date()));

async function waiting(queue: CrashQueue, name = 'standard'): Promise<number> {
  return (await queue.depths()).find((depth) => depth.queue === name)?.waiting ?? 0;
}

function failingQueue(): CrashQueue & { calls: number } {
  const queue = new MemoryQueue(common) as MemoryQueue & { calls: number };
  queue.calls = 0;
  queue.publish = async () => {
    queue.calls += 1;
    throw new SalvageError(queueErrors.queue_outage, 'away');
  };
  return queue;
}

test('siphon: production gets every id, the stage the sampled share, the same ids and new crashes only', async () => {
  const [main, stage, metrics] = [new MemoryQueue(common), new MemoryQueue(common), new MemoryMetrics()];
  const queue = new SiphonQueue({ main, stage, percent: 10, metrics, ...common });
  const ids = newIds(2000);
  for (const crashId of ids) await queue.publish('standard', { crashId });
  for (const crashId of ids.slice(0, 100)) await queue.publish('priority', { crashId });
  const picked = ids.filter((crashId) => isSampled(crashId, 10));
  assert.equal(await waiting(main), 2000);
  assert.equal(await waiting(main, 'priority'), 100);
  assert.equal(await waiting(stage), picked.length);
  assert.equal(await waiting(stage, 'priority'), 0);
  // Four standard deviations.
  assert.ok(Math.abs(picked.length - 200) < 54, `${picked.length} of 2000`);
  const taken = new AbortController();
  const first = await stage.consume({ prefetch: 1, signal: taken.signal })[Symbol.asyncIterator]().next();
  taken.abort();
  assert.equal(first.value?.crashId, picked[0]);
  assert.equal(metrics.records.filter(({ name }) => name === 'salvage.siphon.published').length, picked.length);
});

test('siphon: a stage that is away costs production nothing, is counted, and is soon left alone', async () => {
  const [main, stage, metrics] = [new MemoryQueue(common), failingQueue(), new MemoryMetrics()];
  const queue = new SiphonQueue({ main, stage, percent: 100, metrics, ...common });
  for (const crashId of newIds(20)) await queue.publish('standard', { crashId });
  assert.equal(await waiting(main), 20);
  assert.equal(stage.calls, 3);
  assert.equal(metrics.records.filter(({ name }) => name === 'salvage.siphon.missed').length, 20);
  await queue.check();
});

test('siphon: when production’s queue fails, the publish fails, and the stage hears nothing', async () => {
  const stage = new MemoryQueue(common);
  const queue = new SiphonQueue({ main: failingQueue(), stage, percent: 100, metrics: new MemoryMetrics(), ...common });
  await assert.rejects(queue.publish('standard', { crashId: newIds(1)[0] as string }), { slug: 'queue_outage' });
  assert.equal(await waiting(stage), 0);
});
