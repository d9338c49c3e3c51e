// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics, nullMetrics } from '../../src/lib/metrics.ts';
import { CountingQueue, reportDepths } from '../../src/queue/counting-queue.ts';
import { MemoryQueue } from '../../src/queue/memory-queue.ts';
import { type ContractSettings, contractSettings, newId, Puller, queueContract } from './queue-contract.ts';

function make(settings: ContractSettings, metrics = nullMetrics): CountingQueue {
  const wrapped = new MemoryQueue({ clock: systemClock, logger: nullLogger, ...settings });
  return new CountingQueue({ wrapped, metrics, attemptsMax: settings.attemptsMax });
}

queueContract('counting', { make: async (settings) => make(settings), hasLeases: true });

test('what goes through is counted, and so is what dies', async () => {
  const metrics = new MemoryMetrics();
  const queue = make({ ...contractSettings, attemptsMax: 2 }, metrics);
  await queue.publish('standard', { crashId: newId() });
  await queue.publish('priority', { crashId: newId() });
  await assert.rejects(queue.publish('standard', { crashId: 'nonsense' }));
  const puller = new Puller(queue);
  await (await puller.pull()).ack();
  await (await puller.pull()).nack('busy');
  await (await puller.pull()).nack('busy again');
  await queue.publish('standard', { crashId: newId() });
  await (await puller.pull()).bury('hopeless');
  await puller.stop();
  const counts = new Map<string, number>();
  for (const { name, tags } of metrics.records) {
    const key = [name.replace('salvage.queue.', ''), ...Object.values(tags)].join(' ');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(counts), {
    'published standard ok': 2,
    'published priority ok': 1,
    'published standard queue_bad_message': 1,
    'taken priority': 1,
    'acked priority': 1,
    'taken standard': 3,
    'nacked standard': 1,
    'dead standard': 2,
  });
});

test('depth and age are told until the end', async () => {
  const metrics = new MemoryMetrics();
  const queue = make(contractSettings);
  await queue.publish('standard', { crashId: newId() });
  const stop = new AbortController();
  const clock: Clock = { ...systemClock, sleep: async () => stop.abort() };
  await reportDepths({ queue, metrics, clock }, stop.signal);
  const standard = metrics.records.filter(({ tags }) => tags['queue'] === 'standard');
  assert.deepEqual(
    standard.map(({ name, tags }) => [name, tags['state']]),
    [
      ['salvage.queue.depth', 'waiting'],
      ['salvage.queue.depth', 'leased'],
      ['salvage.queue.oldest_age', undefined],
    ],
  );
  assert.deepEqual(
    standard.slice(0, 2).map(({ value }) => value),
    [1, 0],
  );
});
