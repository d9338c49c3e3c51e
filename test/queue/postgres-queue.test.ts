// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorOf } from '../../src/lib/errors.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { makePool } from '../../src/lib/postgres/pool.ts';
import { queueErrors } from '../../src/queue/errors.ts';
import { PostgresQueue } from '../../src/queue/postgres-queue.ts';
import { testDatabase } from '../services/postgres.ts';
import { contractSettings, newId, Puller, queueContract } from './queue-contract.ts';

const { pool, url } = await testDatabase();

const empty = () => pool.query('truncate queue_messages, queue_dead_letters');

queueContract('postgres', {
  hasLeases: true,
  async make(settings) {
    await empty();
    return new PostgresQueue({ pool, listenUrl: url, logger: nullLogger, ...settings });
  },
  another: async () => new PostgresQueue({ pool, listenUrl: url, logger: nullLogger, ...contractSettings }),
});

test('without a direct URL new crashes are found by polling', async () => {
  await empty();
  const queue = new PostgresQueue({ pool, listenUrl: null, logger: nullLogger, pollMs: 100 });
  const puller = new Puller(queue);
  assert.equal(await puller.pullOrNull(200), null);
  const crashId = newId();
  await queue.publish('standard', { crashId });
  const taken = await puller.pull(2_000);
  assert.equal(taken.crashId, crashId);
  await taken.ack();
  await puller.stop();
  await queue.close();
});

test('consumers outlive the loss of every connection', async () => {
  await empty();
  const queue = new PostgresQueue({ pool, listenUrl: url, logger: nullLogger, pollMs: 200 });
  const puller = new Puller(queue);
  assert.equal(await puller.pullOrNull(200), null);
  const other = makePool({ url, logger: nullLogger });
  const ended = await other.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  assert.ok(ended.rowCount);
  const crashId = newId();
  await other.query("insert into queue_messages (queue, crash_id) values ('standard', $1)", [crashId]);
  const taken = await puller.pull();
  assert.equal(taken.crashId, crashId);
  await taken.ack();
  await puller.stop();
  await queue.close();
  await other.end();
});

test('a database that is gone is an outage, one without tables a refusal', async () => {
  const gone = makePool({ url: url.replace(/host=[^&]*/, 'host=%2Fnowhere'), logger: nullLogger });
  const queue = new PostgresQueue({ pool: gone, listenUrl: null, logger: nullLogger });
  await assert.rejects(queue.publish('standard', { crashId: newId() }), (error) =>
    isErrorOf(error, queueErrors.queue_outage),
  );
  await assert.rejects(queue.check(), (error) => isErrorOf(error, queueErrors.queue_outage));
  const blank = await testDatabase({ isEmpty: true });
  const bare = new PostgresQueue({ pool: blank.pool, listenUrl: null, logger: nullLogger });
  await assert.rejects(bare.check(), (error) => isErrorOf(error, queueErrors.queue_refused));
  await Promise.all([gone.end(), queue.close(), bare.close()]);
});
