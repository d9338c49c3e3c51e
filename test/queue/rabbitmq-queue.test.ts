// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from 'rabbitmq-client';
import { isErrorOf } from '../../src/lib/errors.ts';
import { makeMemoryLogger, nullLogger } from '../../src/lib/log.ts';
import { queueErrors } from '../../src/queue/errors.ts';
import { queueLimits } from '../../src/queue/limits.ts';
import { PostgresAttemptCounter } from '../../src/queue/postgres-attempt-counter.ts';
import { RabbitmqQueue, type RabbitmqQueueOptions } from '../../src/queue/rabbitmq-queue.ts';
import { brokerQueues } from '../../src/queue/rabbitmq-topology.ts';
import { testDatabase } from '../services/postgres.ts';
import { testBrokerUrl } from '../services/rabbitmq.ts';
import { until } from '../services/until.ts';
import { contractSettings, newId, Puller, queueContract } from './queue-contract.ts';

const url = await testBrokerUrl();

let count = 0;
/** Queue names of one's own: the broker is shared by all test files. */
function ownNames(): Pick<RabbitmqQueueOptions, 'queueNames' | 'deadQueueName'> {
  const prefix = `test.${process.pid}.${++count}`;
  return {
    queueNames: {
      standard: `${prefix}.normal`,
      priority: `${prefix}.priority`,
      reprocessing: `${prefix}.reprocessing`,
    },
    deadQueueName: `${prefix}.dead`,
  };
}

function make(more: Partial<RabbitmqQueueOptions> = {}): RabbitmqQueue {
  return new RabbitmqQueue({ url, logger: nullLogger, isQuorum: false, declares: true, ...ownNames(), ...more });
}

for (const isQuorum of [false, true]) {
  let names = ownNames();
  queueContract(isQuorum ? 'rabbitmq, quorum queues' : 'rabbitmq', {
    hasLeases: false,
    fairnessSlack: 12,
    async make(settings) {
      names = ownNames();
      const queue = make({ ...names, isQuorum, ...settings });
      await queue.check();
      return queue;
    },
    another: async () => make({ ...names, isQuorum, ...contractSettings }),
  });
}

test('quorum queues keep a dead letter however often it is looked at', async () => {
  const names = ownNames();
  const queue = make({ ...names, isQuorum: true });
  const crashId = newId();
  await queue.publish('standard', { crashId });
  const puller = new Puller(queue);
  await (await puller.pull()).bury('damaged');
  // A look gives the letter back, and the broker takes its time to show it again.
  for (let look = 0; look < 30; look++) await until(async () => (await queue.deadLetters()).length === 1);
  const { declared } = brokerQueues({ ...names, isQuorum: true, declares: true });
  const limits = declared
    .filter((one) => one.arguments?.['x-queue-type'] === 'quorum')
    .map((one) => one.arguments?.['x-delivery-limit']);
  // The broker of the tests may be older than the version that drops.
  assert.deepEqual(limits, Array(4).fill(queueLimits.brokerDeliveriesMax.value));
  await puller.stop();
  await queue.close();
});

test('queues of somebody else are used as they are, and nothing is declared', async () => {
  const names = ownNames();
  const { standard, priority, reprocessing } = names.queueNames;
  const foreign = new Connection(url);
  // With properties that a declaration of ours would contradict.
  const declare = (queue: string) =>
    foreign.queueDeclare({ queue, durable: true, arguments: { 'x-max-length': 1000 } });
  await declare(standard);
  const queue = make({ ...names, declares: false });
  const crashId = newId();
  await queue.publish('standard', { crashId });
  assert.equal((await foreign.queueDeclare({ queue: standard, passive: true })).messageCount, 1);
  await assert.rejects(queue.check(), (error) => isErrorOf(error, queueErrors.queue_refused));
  await assert.rejects(queue.publish('priority', { crashId }), (error) => isErrorOf(error, queueErrors.queue_refused));
  for (const name of [priority, reprocessing, names.deadQueueName]) await declare(name);
  await queue.check();
  const puller = new Puller(queue);
  const taken = await puller.pull();
  assert.equal(taken.crashId, crashId);
  await taken.bury('damaged');
  assert.equal((await queue.deadLetters())[0]?.reason, 'damaged');
  await puller.stop();
  await assert.rejects(foreign.queueDeclare({ queue: `${standard}.resting`, passive: true }));
  await queue.close();
  await foreign.close();
});

test('the body is the bare id, the literal test and nonsense are dropped', async () => {
  const names = ownNames();
  const { logger, records } = makeMemoryLogger();
  const queue = make({ ...names, logger });
  await queue.check();
  const foreign = new Connection(url);
  const publisher = foreign.createPublisher({ confirm: true });
  const crashId = newId();
  for (const body of ['test', 'not a crash', `${crashId}:reprocess`]) {
    await publisher.send(names.queueNames.standard, Buffer.from(body));
  }
  const puller = new Puller(queue);
  const taken = await puller.pull();
  assert.deepEqual([taken.crashId, taken.ruleset], [crashId, 'reprocess']);
  await taken.ack();
  assert.equal(records.filter(({ message }) => message.includes('no crash id')).length, 1);
  await puller.stop();
  await queue.publish('priority', { crashId });
  const got = await foreign.basicGet({ queue: names.queueNames.priority });
  assert.equal(String(got?.body), crashId);
  assert.ok(got?.durable);
  foreign.unsafeDestroy();
  await queue.close();
});

test('queues that exist with other properties are a refusal, a broker that is away is an outage', async () => {
  const names = ownNames();
  const classic = make({ ...names });
  await classic.check();
  const quorum = make({ ...names, isQuorum: true });
  await assert.rejects(quorum.check(), (error) => isErrorOf(error, queueErrors.queue_refused));
  const away = make({ url: 'amqp://guest:guest@127.0.0.1:1', publishTimeoutMs: 300 });
  await assert.rejects(away.publish('standard', { crashId: newId() }), (error) =>
    isErrorOf(error, queueErrors.queue_outage),
  );
  const foreign = new Connection(url);
  await foreign.queueDelete({ queue: names.queueNames.standard });
  await assert.rejects(classic.publish('standard', { crashId: newId() }), (error) =>
    isErrorOf(error, queueErrors.queue_refused),
  );
  foreign.unsafeDestroy();
  await Promise.all([classic.close(), quorum.close(), away.close()]);
});

test('a crash that rests between attempts holds no worker and comes back by itself', async () => {
  const queue = make({ retryWaitMs: () => 400 });
  await queue.check();
  const [sick, healthy] = [newId(), newId()];
  await queue.publish('standard', { crashId: sick });
  const puller = new Puller(queue);
  const nackedAt = performance.now();
  await (await puller.pull()).nack('walker died');
  await queue.publish('standard', { crashId: healthy });
  const next = await puller.pull();
  assert.equal(next.crashId, healthy);
  await next.ack();
  const again = await puller.pull();
  assert.deepEqual([again.crashId, again.attempt], [sick, 2]);
  assert.ok(performance.now() - nackedAt >= 390);
  await again.ack();
  await puller.stop();
  await queue.close();
});

test('with an attempt counter a classic queue gives up on a crash that kills its processors', async () => {
  const { pool } = await testDatabase();
  const names = ownNames();
  const crashId = newId();
  for (let attempt = 1; attempt <= 4; attempt++) {
    const queue = make({ ...names, attemptsMax: 3, attempts: new PostgresAttemptCounter(pool) });
    if (attempt === 1) await queue.publish('standard', { crashId });
    const puller = new Puller(queue);
    if (attempt <= 3) {
      assert.equal((await puller.pull()).attempt, attempt);
    } else {
      assert.equal(await puller.pullOrNull(500), null);
      assert.equal((await queue.deadLetters())[0]?.crashId, crashId);
    }
    // The connection goes away with the message unsettled, as when a processor dies.
    await Promise.all([puller.stop(), queue.close()]);
  }
  assert.equal((await pool.query('select 1 from queue_attempts')).rowCount, 0);
});
