// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { performance } from 'node:perf_hooks';
import type { Clock } from '../lib/clock.ts';
import { moverLimits } from './limits.ts';

const lookMs = 50;
/** Share of its time that the event loop works. */
const busyShare = 0.7;

/** Tells when the process has time again for more than taking reports. */
export class Burst {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #receivedCount: () => number;
  /** How many reports had come when the last look found time. */
  #calmAt = -1;
  #looking: Promise<void> | null = null;
  #isOver = false;

  constructor(clock: Clock, signal: AbortSignal, receivedCount: () => number) {
    this.#clock = clock;
    this.#signal = signal;
    this.#receivedCount = receivedCount;
  }

  /** Waits until the burst is over, or a crash that was received then has waited long enough. */
  async passes(receivedAt: Date): Promise<void> {
    const endMs = receivedAt.getTime() + moverLimits.burstMsMax.value;
    const mayWait = () => !this.#isOver && !this.#signal.aborted && this.#clock.now().getTime() < endMs;
    while (this.#calmAt !== this.#receivedCount() && mayWait()) {
      // All that wait share a look.
      this.#looking ??= this.#look();
      await this.#looking;
    }
  }

  /** Nobody waits any more. */
  end(): void {
    this.#isOver = true;
  }

  /** A loop that is busy although no report comes is so with moving them. */
  async #look(): Promise<void> {
    const countBefore = this.#receivedCount();
    const before = performance.eventLoopUtilization();
    await this.#clock.sleep(lookMs, this.#signal).catch(() => {});
    const count = this.#receivedCount();
    const isBusy = count > countBefore && performance.eventLoopUtilization(before).utilization > busyShare;
    if (!isBusy) this.#calmAt = count;
    this.#looking = null;
  }
}
