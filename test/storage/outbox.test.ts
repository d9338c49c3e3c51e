// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { FileOutbox } from '../../src/storage/file-outbox.ts';
import type { Outbox, OutboxAdmin } from '../../src/storage/outbox.ts';
import { PairedOutbox } from '../../src/storage/paired-outbox.ts';
import { PostgresOutbox } from '../../src/storage/postgres-outbox.ts';
import { testDatabase } from '../services/postgres.ts';
import { newCrashId } from './storage-contract.ts';

const { pool } = await testDatabase();
const base = await mkdtemp(join(tmpdir(), 'salvage-outbox-'));
after(() => rm(base, { recursive: true, force: true }));

const file = (kind: string) => new FileOutbox({ directory: join(base, kind), files: nodeFiles, clock: systemClock });
const pairs: Record<string, [OutboxAdmin, OutboxAdmin]> = {
  postgres: [new PostgresOutbox(pool, 'raw'), new PostgresOutbox(pool, 'processed')],
  file: [file('raw'), file('processed')],
};

for (const [name, [outbox, other]] of Object.entries(pairs)) {
  test(`${name} outbox: owing twice is owing once, debts rest between tries, kinds are apart`, async () => {
    const [one, two] = [newCrashId(), newCrashId()];
    await outbox.owe('s3', one, 'away');
    await outbox.owe('s3', one, 'still away');
    await outbox.owe('../../etc', two, 'x'.repeat(10_000));
    const now = () => new Date(Date.now() + 1_000);
    const due = (limit = 10, box = outbox) => box.due(now(), limit, ['s3', '../../etc']);
    const debts = await due();
    assert.deepEqual(debts.map(({ destination }) => destination).sort(), ['../../etc', 's3']);
    assert.equal(debts.find(({ crashId }) => crashId === one)?.reason, 'still away');
    assert.equal((await due(1)).length, 1);
    assert.deepEqual(await due(10, other), []);
    for (const debt of debts) await outbox.postpone(debt, 'again', new Date(Date.now() + 3_600_000));
    assert.deepEqual(await due(), []);
    const all = await outbox.list(10);
    assert.deepEqual(
      all.map(({ attempts, reason }) => [attempts, reason]),
      [
        [2, 'again'],
        [2, 'again'],
      ],
    );
    assert.deepEqual(
      await outbox.counts(),
      new Map(all.map(({ destination }) => [destination, 1] as const).sort(([a], [b]) => a.localeCompare(b))),
    );
    assert.equal(await outbox.retryNow('s3'), 1);
    assert.deepEqual(
      (await due()).map(({ crashId }) => crashId),
      [one],
    );
    await outbox.settle('s3', one);
    await outbox.settle('s3', one);
    assert.equal(await outbox.drop('../../etc', newCrashId()), 0);
    assert.equal(await outbox.drop('../../etc', two), 1);
    assert.deepEqual(await outbox.list(10), []);
  });
}

for (const [name, [outbox]] of Object.entries(pairs)) {
  test(`${name} outbox: what is owed to others stands in nobody's way`, async () => {
    for (let count = 0; count < 3; count++) await outbox.owe('gone', newCrashId(), 'not configured any more');
    const crashId = newCrashId();
    await outbox.owe('mine', crashId, 'away');
    const debts = await outbox.due(new Date(Date.now() + 1_000), 1, ['mine', 'another']);
    assert.deepEqual(
      debts.map((debt) => debt.crashId),
      [crashId],
    );
    assert.equal(await outbox.drop('gone'), 3);
    assert.equal(await outbox.drop('mine'), 1);
  });
}

test('paired outbox: debts go to files while the table is away, and both are paid', async () => {
  const table = new PostgresOutbox(pool, 'raw');
  let isAway = true;
  const first: Outbox = {
    owe: async (...debt) => (isAway ? Promise.reject(new Error('away')) : table.owe(...debt)),
    due: async (...query) => (isAway ? Promise.reject(new Error('away')) : table.due(...query)),
    settle: (...debt) => table.settle(...debt),
    postpone: (...debt) => table.postpone(...debt),
    counts: () => table.counts(),
  };
  const outbox = new PairedOutbox(first, file('paired'));
  const [one, two] = [newCrashId(), newCrashId()];
  await outbox.owe('paired', one, 'away');
  const due = async () =>
    (await outbox.due(new Date(Date.now() + 1_000), 10, ['paired'])).map(({ crashId }) => crashId).sort();
  assert.deepEqual(await due(), [one]);
  isAway = false;
  await outbox.owe('paired', two, 'away');
  assert.deepEqual(await due(), [one, two].sort());
  for (const crashId of [one, two]) await outbox.settle('paired', crashId);
  assert.deepEqual(await due(), []);
});
