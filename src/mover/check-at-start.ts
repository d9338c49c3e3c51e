// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import { errorText, isErrorOf } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { CrashQueue } from '../queue/crash-queue.ts';
import { queueErrors } from '../queue/errors.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { storageErrors } from '../storage/errors.ts';
import { checkWithin } from './check-within.ts';
import { moverErrors } from './errors.ts';

const outages = [storageErrors.storage_outage, queueErrors.queue_outage, moverErrors.back_end_silent];

export interface StartParts {
  readonly storage: CrashStorage;
  readonly queue: CrashQueue;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Proves storage and queue before the mover starts. What refuses for good (no such bucket, no permission, bad
 * credentials) throws and stops the start; an outage, silence included, only logs, because intake must spool.
 */
export async function checkAtStart({ storage, queue, logger, clock }: StartParts): Promise<void> {
  const checkOne = async (backEnd: CrashStorage | CrashQueue) => {
    try {
      await checkWithin(() => backEnd.check(), clock);
    } catch (error) {
      if (!outages.some((kind) => isErrorOf(error, kind))) throw error;
      logger.error(`${backEnd.name} cannot be reached, crashes wait in the spool: ${errorText(error)}`, { error });
    }
  };
  await Promise.all([checkOne(storage), checkOne(queue)]);
}
