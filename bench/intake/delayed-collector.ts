// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A collector whose storage takes its time: composed as src/bin/collector.ts does, over a null storage that waits
// DELAY_MS before each save. Only benchmarks use it.
import { setTimeout as wait } from 'node:timers/promises';
import { runRole } from '../../src/bin/context.ts';
import { openIntake } from '../../src/bin/parts/intake.ts';
import { makeOwnStatus } from '../../src/bin/parts/own-status.ts';
import type { CrashReport } from '../../src/crash/raw-crash.ts';
import { NullQueue } from '../../src/queue/null-queue.ts';
import { NullStorage } from '../../src/storage/null-storage.ts';

const delayMs = Number(process.env['DELAY_MS']);

class DelayedStorage extends NullStorage {
  override async saveRawCrash(report: CrashReport): Promise<void> {
    await wait(delayMs);
    return super.saveRawCrash(report);
  }
}

await runRole('collector', async (context) => {
  const { logger } = context;
  const intake = await openIntake(context, 'accept-all', makeOwnStatus(context));
  await intake.startMoving(new DelayedStorage({ logger }), new NullQueue({ logger }));
  await intake.collector.start('127.0.0.1', context.process.port);
  context.releasers.add('intake', () => intake.collector.drain(5000));
});
