// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { errorText, isErrorOf } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { storageErrors } from '../storage/errors.ts';
import { processorErrors } from './errors.ts';

export interface WaitParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: { readonly outageWaitMs: number };
}

/**
 * Tries again while storage (or the outbox) is away, with growing pauses, for at most `outageWaitMs`; then, or when the signal is
 * aborted, throws the outage. Waiting in place uses up none of the crash's attempts, so that an hour without storage
 * does not make poison of good crashes.
 */
export async function whileAway<T>(
  action: () => Promise<T>,
  { clock, logger, settings }: WaitParts,
  signal: AbortSignal,
): Promise<T> {
  const startedMs = clock.monotonicMs();
  for (let failures = 1; ; failures++) {
    try {
      return await action();
    } catch (error) {
      const waitMs = failures === 1 ? 1_000 : backoffMs(failures - 1);
      const isOver = clock.monotonicMs() - startedMs + waitMs > settings.outageWaitMs;
      if (!isAway(error) || isOver || signal.aborted) throw error;
      logger.warning(`storage or outbox is away, trying again in ${waitMs} ms: ${errorText(error)}`);
      await clock.sleep(waitMs, signal).catch(() => {
        throw error;
      });
    }
  }
}

/** Storage does not answer, or a destination does not and that cannot even be written down. */
export function isAway(error: unknown): boolean {
  return isErrorOf(error, storageErrors.storage_outage) || isErrorOf(error, processorErrors.outbox_failed);
}
