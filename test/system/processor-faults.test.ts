// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Kills and takes away what a running site leans on, in the middle of its work. After each fault every acknowledged
// crash must be there once, whole, in storage and in the search index, without anybody's help.
import assert from 'node:assert/strict';
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { nullLogger } from '../../src/lib/log.ts';
import { EmbeddedPostgres } from '../../src/lib/postgres/embedded.ts';
import { connect, FaultSite } from './fault-site.ts';
import { runCommand, until } from './running-site.ts';

describe('faults in the middle of processing', () => {
  let faults: FaultSite;

  before(async () => {
    faults = await FaultSite.start();
  });

  after(() => faults?.end());

  test('walkers killed in mid-walk: their crashes get their stacks all the same', async () => {
    const walkers = await faults.holdWalkers();
    await faults.walksAreUnderWay(await faults.sendSome(3));
    walkers.kill();
    await faults.everyCrashIsDoneOnce();
    assert.match(faults.site.log, /ended with SIGKILL/);
  });

  test('storage away on fetch and on save: crashes wait in queue and spool, and none is called missing', async () => {
    const walkers = await faults.holdWalkers();
    await faults.walksAreUnderWay(await faults.sendSome(12));
    const [crashes, away] = [join(faults.dataDir, 'crashes'), join(faults.dataDir, 'crashes-away')];
    await rename(crashes, away);
    walkers.release();
    await faults.sendSome(6);
    await until(() => /is away, trying again/.test(faults.site.log), 10_000);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await rename(away, crashes);
    await faults.everyCrashIsDoneOnce();
    assert.match(faults.site.log, /is not there/);
    assert.doesNotMatch(faults.site.log, / buried: /);
  });

  test('the whole site killed in mid-processing: nothing was acked early, and the next start finishes it', async () => {
    const walkers = await faults.holdWalkers();
    const sent = await faults.sendSome(15);
    await faults.walksAreUnderWay(sent);
    walkers.release();
    const countBefore = faults.expected.size - sent.length;
    await until(async () => savedIn(faults.site.log) >= countBefore + 3, 10_000, 5);
    await faults.site.kill();
    await assertNothingLost(sent);
    await faults.startAgain();
    await faults.sendSome(3);
    await faults.everyCrashIsDoneOnce();
    const leftovers = await readdir(join(faults.dataDir, 'tmp'));
    assert.ok(leftovers.length < 20, 'folders of the killed processor do not pile up');
  });

  /** With everything dead: each crash is in the spool, or in the queue, or saved with its place in the index had or owed. */
  async function assertNothingLost(sent: readonly string[]): Promise<void> {
    const server = await EmbeddedPostgres.start({ folder: join(faults.dataDir, 'postgres'), logger: nullLogger });
    try {
      const database = await connect(faults.dataDir);
      const idsOf = async (sql: string) =>
        new Set((await database.query<{ id: string }>(sql)).rows.map(({ id }) => id));
      const queued = await idsOf('select crash_id as id from queue_messages');
      const indexed = await idsOf('select crash_id as id from reports');
      const owed = await idsOf('select crash_id as id from outbox_debts');
      await database.end();
      const spooled = (await runCommand(['spool', 'ls', '--json'], faults.dataDir)).output;
      for (const crashId of sent) {
        const day = `20${crashId.slice(-6)}`;
        const saved = await readFile(join(faults.dataDir, 'crashes', day, 'processed_crash', `${crashId}.json`)).catch(
          () => null,
        );
        const isDone = saved !== null && (indexed.has(crashId) || owed.has(crashId));
        assert.ok(isDone || queued.has(crashId) || spooled.includes(crashId), `${crashId} is nowhere`);
      }
      assert.ok(queued.size > 0, 'the kill came in the middle of the work');
    } finally {
      await server.stop();
    }
  }
});

function savedIn(log: string): number {
  return log.split(/ saved[",]/).length - 1;
}
