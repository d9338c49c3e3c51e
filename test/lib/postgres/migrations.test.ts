// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isErrorOf } from '../../../src/lib/errors.ts';
import { makeMemoryLogger, nullLogger } from '../../../src/lib/log.ts';
import { postgresErrors } from '../../../src/lib/postgres/errors.ts';
import { migrate, migrationStatus, readMigrations } from '../../../src/lib/postgres/migrations.ts';
import { isDatabaseOutage, isDatabaseRefusal, makePool, withTransaction } from '../../../src/lib/postgres/pool.ts';
import { execute, fetchRow, fetchRows, fetchValue, streamRows } from '../../../src/lib/postgres/query.ts';
import { testDatabase } from '../../services/postgres.ts';

let base = '';
before(async () => {
  base = await mkdtemp(join(tmpdir(), 'salvage-migrations-'));
});
after(() => rm(base, { recursive: true, force: true }));

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(base, 'sql-'));
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql);
  return folder;
}

describe('migrations', () => {
  test('the template has all of them, numbered without gaps', async () => {
    const { url } = await testDatabase();
    const statuses = await migrationStatus(url);
    assert.ok(statuses.every(({ state }) => state === 'applied'));
    const numbers = (await readMigrations()).map(({ number }) => number);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index + 1),
    );
  });

  test('are applied once, in order, by any number of processes at once', async () => {
    const { url, pool } = await testDatabase({ isEmpty: true });
    const folder = await folderOf({
      '000001-a.sql': 'create table a (v int);',
      '000002-b.sql': 'insert into a values (1); create index a_v on a (v);',
    });
    const results = await Promise.all([1, 2, 3, 4].map(() => migrate(url, nullLogger, folder)));
    assert.deepEqual(
      results.flat().sort((one, other) => one.localeCompare(other)),
      ['a', 'b'],
    );
    assert.equal(await fetchValue(pool, 'select count(*) from a'), 1);
  });

  test('a failing one is rolled back whole and the ones before it stay', async () => {
    const { url, pool } = await testDatabase({ isEmpty: true });
    const folder = await folderOf({
      '000001-a.sql': 'create table a (v int);',
      '000002-b.sql': 'create table b (v int); select nonsense;',
    });
    await assert.rejects(migrate(url, nullLogger, folder), (error) =>
      isErrorOf(error, postgresErrors.migration_failed),
    );
    assert.deepEqual(await fetchRow(pool, "select to_regclass('a')::text as a, to_regclass('b')::text as b"), {
      a: 'a',
      b: null,
    });
  });

  test('an edited one is refused; one of a newer release is only reported', async () => {
    const { url } = await testDatabase({ isEmpty: true });
    const files = { '000001-a.sql': 'create table a (v int);', '000002-b.sql': 'create table b (v int);' };
    await migrate(url, nullLogger, await folderOf(files));
    const older = await folderOf({ '000001-a.sql': files['000001-a.sql'] });
    const { logger, records } = makeMemoryLogger();
    assert.deepEqual(await migrate(url, logger, older), []);
    assert.equal(records[0]?.level, 'warning');
    const edited = await folderOf({ ...files, '000002-b.sql': 'create table b (v text);' });
    await assert.rejects(migrate(url, nullLogger, edited), (error) =>
      isErrorOf(error, postgresErrors.migration_changed),
    );
  });
});

describe('pool and queries', () => {
  test('a transaction is all or nothing', async () => {
    const { pool } = await testDatabase({ isEmpty: true });
    await execute(pool, 'create table t (v int)');
    await withTransaction(pool, (client) => execute(client, 'insert into t values (1)'));
    await assert.rejects(
      withTransaction(pool, async (client) => {
        await execute(client, 'insert into t values (2)');
        throw new Error('no');
      }),
      /no/,
    );
    assert.equal(await fetchValue(pool, 'select count(*) from t'), 1);
  });

  test('rows are streamed and an abandoned stream gives its connection back', async () => {
    const { pool } = await testDatabase({ isEmpty: true });
    let sum = 0;
    for await (const { n } of streamRows<{ n: number }>(pool, 'select n from generate_series(1, $1::int) n', [1201])) {
      sum += n;
    }
    assert.equal(sum, (1201 * 1202) / 2);
    for (let round = 0; round < 15; round++) {
      for await (const _ of streamRows(pool, 'select n from generate_series(1, 5000) n')) break;
    }
    assert.equal((await fetchRows(pool, 'select 1 as one')).length, 1);
  });

  test('a query that must give a value says so when it does not', async () => {
    const { pool } = await testDatabase({ isEmpty: true });
    await assert.rejects(fetchValue(pool, 'select 1 where false'), (error) =>
      isErrorOf(error, postgresErrors.sql_no_single_value),
    );
  });

  test('an ended connection and a dead server are outages', async () => {
    const { url, pool } = await testDatabase({ isEmpty: true });
    const client = await pool.connect();
    const failed = client.query('select pg_sleep(20)');
    failed.catch(() => {});
    const own = await fetchValue<number>(
      pool,
      "select pid from pg_stat_activity where query like '%pg_sleep(20)%' and pid <> pg_backend_pid()",
    );
    await pool.query('select pg_terminate_backend($1)', [own]);
    await assert.rejects(failed, isDatabaseOutage);
    client.release(true);
    const nowhere = makePool({ url: url.replace(/host=[^&]*/, 'host=%2Fnowhere'), logger: nullLogger });
    await assert.rejects(nowhere.query('select 1'), isDatabaseOutage);
    await nowhere.end();
  });

  test('a server that only reads, as in a failover, is an outage', async () => {
    const { pool } = await testDatabase();
    const client = await pool.connect();
    await client.query('begin read only');
    await assert.rejects(
      client.query("insert into queue_messages (queue, crash_id) values ('standard', 'x')"),
      isDatabaseOutage,
    );
    await client.query('rollback');
    client.release();
  });

  test('a server without the TLS that is asked for is a refusal', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      // The protocol's no to a request for TLS.
      socket.once('data', () => socket.write('N'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const pool = makePool({ url: `postgresql://me@127.0.0.1:${port}/salvage?sslmode=verify-full`, logger: nullLogger });
    const error = await pool.query('select 1').catch((cause: unknown) => cause);
    server.close();
    for (const socket of sockets) socket.destroy();
    await pool.end();
    assert.ok(isDatabaseRefusal(error), String(error));
  });
});
