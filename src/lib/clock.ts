// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** The time, as a part that tests can replace. Nothing in the pipeline calls Date.now() itself. */
export interface Clock {
  /** Now. */
  now(): Date;
  /** Now in microseconds since the epoch, where the clock is that fine; otherwise the milliseconds of `now` are used. */
  nowUs?(): number;
  /** A reading that never goes back, in milliseconds, for durations. */
  monotonicMs(): number;
  /** Resolves after that many milliseconds, or rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
