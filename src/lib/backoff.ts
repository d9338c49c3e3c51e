// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from './clock.ts';

/** The seeds' waits between tries, in seconds; the last one repeats (Socorro's transaction executors). */
const waitsS = [10, 30, 60, 120, 300] as const;

/**
 * Milliseconds to wait after failure number `failures` (1 = the first), with jitter of ±20 % so that many workers do
 * not return at the same instant. `random` is in [0, 1).
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const waitS = waitsS[Math.min(Math.max(failures, 1), waitsS.length) - 1] as number;
  return Math.round(waitS * 1000 * (0.8 + 0.4 * random()));
}

export interface RetryOptions {
  readonly clock: Clock;
  /** Tries in all; Infinity never gives up. */
  readonly attemptsMax: number;
  /** Only errors for which this is true are tried again. */
  readonly isRetryable: (error: unknown) => boolean;
  readonly waitMs?: (failures: number) => number;
  readonly onRetry?: (error: unknown, failures: number, waitMs: number) => void;
  readonly signal?: AbortSignal;
}

/** Calls `action` until it succeeds, the error is not retryable, or tries run out; then throws the last error. */
export async function retry<T>(action: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const waitMs = options.waitMs ?? backoffMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await action(attempt);
    } catch (error) {
      if (attempt >= options.attemptsMax || !options.isRetryable(error) || options.signal?.aborted) throw error;
      const wait = waitMs(attempt);
      options.onRetry?.(error, attempt, wait);
      await options.clock.sleep(wait, options.signal);
    }
  }
}
