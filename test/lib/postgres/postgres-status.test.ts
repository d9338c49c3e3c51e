// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '../../../src/lib/clock.ts';
import { PostgresStatus } from '../../../src/lib/postgres/postgres-status.ts';
import { LocalStatus, SiteWideStatus, type StatusRow } from '../../../src/lib/status.ts';
import { testDatabase } from '../../services/postgres.ts';

describe('status of all processes in one table', async () => {
  const { pool } = await testDatabase();
  const table = new PostgresStatus(pool, systemClock);
  const row = (role: string, instance: string, inFlight: number): StatusRow => ({
    role,
    instance,
    updatedAt: new Date(),
    details: { inFlight },
  });
  const named = async () => (await table.rows()).map(({ role, instance }) => `${role} ${instance}`);
  const silentFor = (instance: string, time: string) =>
    pool.query('update role_status set updated_at = now() - $2::interval where instance = $1', [instance, time]);

  test('the last words of each process, with their age, until it ends in order', async () => {
    await table.write([row('processor', 'node1:10', 1), row('mover', 'node1:10', 0)], 5);
    await table.write([row('processor', 'node1:10', 7)], 15);
    await table.write([row('processor', 'node2:10', 2)], 5);
    await silentFor('node2:10', '90 seconds');
    assert.deepEqual(await named(), ['mover node1:10', 'processor node1:10', 'processor node2:10']);
    const [, first, second] = await table.rows();
    assert.deepEqual(first?.details, { inFlight: 7 });
    const age = (one: StatusRow | undefined) => (Date.now() - (one?.updatedAt.getTime() ?? 0)) / 1000;
    assert.ok(age(first) < 60, `${age(first)} s`);
    assert.ok(age(second) >= 90 && age(second) < 150, `${age(second)} s`);
    await table.forget('node1:10');
    assert.deepEqual(await named(), ['processor node2:10']);
    await table.forget('node2:10');
  });

  test('a killed process goes when another has taken its place on its host; one that hangs stays', async () => {
    for (const instance of ['node1:10', 'node1:11', 'node2:10']) await table.write([row('processor', instance, 0)], 5);
    await silentFor('node1:10', '10 minutes');
    await silentFor('node1:11', '2 minutes');
    await silentFor('node2:10', '10 minutes');
    // Runs for five minutes: 10 was silent before that, 11 has fallen silent since.
    await table.write([row('processor', 'node1:12', 0)], 300);
    assert.deepEqual(await named(), ['processor node1:11', 'processor node1:12', 'processor node2:10']);
    await silentFor('node2:10', '2 days');
    assert.deepEqual(await named(), ['processor node1:11', 'processor node1:12']);
  });

  test('a site is what a process sees itself and what the others wrote; the own words stand without the table', async () => {
    const own = new LocalStatus({ instance: 'node1:12', now: systemClock.now });
    own.register('processor', () => ({ inFlight: 3 }));
    own.register('queue', () => Promise.reject(new Error('away')));
    const site = new SiteWideStatus({ live: [own], written: table });
    const seen = (await site.rows()).map(({ instance, role, details }) => [role, instance, details]);
    assert.deepEqual(seen, [
      ['processor', 'node1:12', { inFlight: 3 }],
      ['queue', 'node1:12', { error: 'Error: away' }],
      ['processor', 'node1:11', { inFlight: 0 }],
    ]);
    const away = { rows: () => Promise.reject(new Error('no database')) };
    assert.equal((await new SiteWideStatus({ live: [own], written: away }).rows()).length, 2);
  });
});
