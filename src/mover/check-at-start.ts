// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText, isErrorOf } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { CrashQueue } from '../queue/crash-queue.ts';
import { queueErrors } from '../queue/errors.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { storageErrors } from '../storage/errors.ts';

/**
 * Proves storage and queue before the intake opens. What refuses for good (no such bucket, no permission, bad
 * credentials) throws and stops the start; an outage only logs, because intake must open and spool.
 */
export async function checkAtStart(
  parts: { readonly storage: CrashStorage; readonly queue: CrashQueue; readonly logger: Logger },
  signal?: AbortSignal,
): Promise<void> {
  const { storage, queue, logger } = parts;
  for (const backEnd of [storage, queue]) {
    try {
      await backEnd.check(signal);
    } catch (error) {
      const isLasting = isErrorOf(error, storageErrors.storage_refused) || isErrorOf(error, queueErrors.queue_refused);
      const isOutage = isErrorOf(error, storageErrors.storage_outage) || isErrorOf(error, queueErrors.queue_outage);
      if (isLasting || !isOutage) throw error;
      logger.error(`${backEnd.name} cannot be reached, crashes wait in the spool: ${errorText(error)}`, { error });
    }
  }
}
