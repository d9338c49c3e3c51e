// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// PostgreSQL holds the queue and the search index of a site: killed between walk and save it is a destination that is
// down on save and a queue that is down on ack. The site starts it again by itself and goes on taking crashes meanwhile.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FaultSite, isUp } from './fault-site.ts';
import { until } from './running-site.ts';

describe('the database killed in the middle of processing', () => {
  let faults: FaultSite;

  before(async () => {
    faults = await FaultSite.start();
  });

  after(() => faults?.end());

  test('PostgreSQL killed between walk and save: index owed, ack repeated, intake open, nobody restarts anything', async () => {
    const walkers = await faults.holdWalkers();
    await faults.walksAreUnderWay(await faults.sendSome(6));
    const before = await faults.site.postgresPid();
    process.kill(before, 'SIGKILL');
    walkers.release();
    const during = performance.now();
    await faults.sendSome(12);
    const answeredMs = performance.now() - during;
    await faults.everyCrashIsDoneOnce();
    assert.notEqual(await faults.site.postgresPid(), before);
    assert.ok(answeredMs < 10_000, `twelve answers took ${answeredMs} ms`);
    assert.match(faults.site.log, /the embedded PostgreSQL server died; starting it again/);
  });

  test('PostgreSQL killed again and again while crashes come in', async () => {
    for (let round = 0; round < 2; round++) {
      process.kill(await faults.site.postgresPid(), 'SIGKILL');
      await faults.sendSome(5);
      await until(() => isUp(faults.dataDir), 15_000);
    }
    await faults.everyCrashIsDoneOnce();
  });
});
