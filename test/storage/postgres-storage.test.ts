// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nullLogger } from '../../src/lib/log.ts';
import { makePool } from '../../src/lib/postgres/pool.ts';
import { PostgresStorage } from '../../src/storage/postgres-storage.ts';
import { applyRetention, planRetention } from '../../src/storage/retention.ts';
import { testDatabase } from '../services/postgres.ts';
import { bytesOf, hasSlug, listed, newCrashId, reportOf, storageContract } from './storage-contract.ts';

const { pool, url } = await testDatabase();

storageContract('postgres', { make: async () => new PostgresStorage({ pool }) });

test('the processed crash and what is written alongside are there together or not at all', async () => {
  await pool.query('create table alongside (crash_id text)');
  const store = new PostgresStorage({
    pool,
    async alongsideProcessed(client, { crashId, processed }) {
      await client.query('insert into alongside values ($1)', [crashId]);
      if (processed['signature'] === 'bad') throw new Error('index refuses');
    },
  });
  const [good, bad] = [newCrashId(), newCrashId()];
  await store.saveProcessedCrash(good, { signature: 'good' }, {});
  await assert.rejects(store.saveProcessedCrash(bad, { signature: 'bad' }, {}), /index refuses/);
  await assert.rejects(store.getProcessedCrash(bad), hasSlug('crash_not_found'));
  assert.deepEqual((await pool.query('select * from alongside')).rows, [{ crash_id: good }]);
});

test('partitions are weeks, and one that retention dropped is made again', async () => {
  const store = new PostgresStorage({ pool });
  await store.saveRawCrash(reportOf(newCrashId('2024-12-31')));
  const { rows } = await pool.query("select relname from pg_class where relname = 'raw_crashes_p20241230'");
  assert.equal(rows.length, 1);
  await pool.query('drop table raw_crashes_p20241230');
  const crashId = newCrashId('2025-01-05');
  await store.saveRawCrash(reportOf(crashId));
  await store.saveRawCrash(reportOf(newCrashId('2024-12-31')));
  assert.ok(await store.getRawCrash(crashId));
});

test('retention drops whole weeks and deletes only the days of a week that is not over', async () => {
  const store = new PostgresStorage({ pool });
  const dates = ['2023-01-02', '2023-01-08', '2023-01-09', '2023-01-10'];
  const crashIds = dates.map((date) => newCrashId(date));
  for (const crashId of crashIds) await store.saveRawCrash(reportOf(crashId));
  const plan = await planRetention(store, { daysMax: 10, bytesMax: null }, new Date('2023-01-19T12:00:00Z'));
  assert.equal(await applyRetention(store, plan), 3);
  assert.deepEqual(await listed(store, { date: '20230110' }), [crashIds[3]]);
  await assert.rejects(store.getRawCrash(crashIds[0] as string), hasSlug('crash_not_found'));
  await assert.rejects(store.getRawCrash(crashIds[2] as string), hasSlug('crash_not_found'));
  const left = await pool.query("select relname from pg_class where relname ~ '_p202301(02|09)$' order by 1");
  assert.deepEqual(
    left.rows.map(({ relname }) => relname),
    ['dump_chunks_p20230109', 'dumps_p20230109', 'processed_crashes_p20230109', 'raw_crashes_p20230109'],
  );
  const again = newCrashId('2023-01-02');
  await store.saveRawCrash(reportOf(again));
  assert.ok(await store.getRawCrash(again), 'a dropped week is made again when a late crash comes');
});

test('damaged chunks and raw crashes are corrupt, not missing', async () => {
  const store = new PostgresStorage({ pool });
  const crashId = newCrashId();
  await store.saveRawCrash(reportOf(crashId));
  await pool.query("update dump_chunks set bytes = 'other' where crash_id = $1", [crashId]);
  await assert.rejects(bytesOf(await store.getDump(crashId, 'upload_file_minidump')), hasSlug('storage_corrupt'));
  await pool.query("update raw_crashes set raw_crash = '{}' where crash_id = $1", [crashId]);
  await assert.rejects(store.getRawCrash(crashId), hasSlug('storage_corrupt'));
});

test('a database that is away is an outage, one without tables a refusal', async () => {
  const away = makePool({ url: url.replace(/host=[^&]*/, 'host=%2Fnowhere'), logger: nullLogger });
  const store = new PostgresStorage({ pool: away });
  await assert.rejects(store.getRawCrash(newCrashId()), hasSlug('storage_outage'));
  await assert.rejects(store.saveRawCrash(reportOf(newCrashId())), hasSlug('storage_outage'));
  await away.end();
  const blank = await testDatabase({ isEmpty: true });
  const bare = new PostgresStorage({ pool: blank.pool });
  await assert.rejects(bare.check(), hasSlug('storage_refused'));
  await assert.rejects(bare.getRawCrash(newCrashId()), hasSlug('storage_refused'));
});
