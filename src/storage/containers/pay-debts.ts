// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { backoffMs } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import { errorText } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { CrashStorage } from '../crash-storage.ts';
import { storageLimits } from '../limits.ts';
import { polyStoragesOf } from './poly-storage.ts';

export interface DebtPayer {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Pays what the children of Poly containers lack, until the signal is aborted. Each debt rests by the usual back-off. */
export async function payStorageDebts(storage: CrashStorage, parts: DebtPayer, signal: AbortSignal): Promise<void> {
  const { clock, logger } = parts;
  const polys = polyStoragesOf(storage);
  const nextTryAt = (attempts: number) => new Date(clock.now().getTime() + backoffMs(attempts));
  const atOnce = storageLimits.debtsAtOnceMax.value;
  while (polys.length > 0 && !signal.aborted) {
    let paid = 0;
    for (const poly of polys) {
      try {
        paid = Math.max(paid, await poly.payDebts(clock.now(), atOnce, nextTryAt, signal));
      } catch (error) {
        if (!signal.aborted)
          logger.warning(`the outbox of stores cannot be worked off: ${errorText(error)}`, { error });
      }
    }
    // Right on while there is more; else rest.
    if (paid < atOnce) await clock.sleep(storageLimits.debtsIdleMs.value, signal).catch(() => {});
  }
}
