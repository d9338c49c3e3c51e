// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Counts what a consumer has out, and wakes it when a slot is free or something may have arrived. */
export class Slots {
  readonly #max: number;
  #out = 0;
  #wake: (() => void) | null = null;
  #isWoken = false;

  constructor(max: number) {
    this.#max = max;
  }

  get free(): number {
    return this.#max - this.#out;
  }

  take(): void {
    this.#out++;
  }

  release(): void {
    this.#out--;
    this.wake();
  }

  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Resolves when woken since the last wait, after `ms`, or when aborted; whichever is first. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#isWoken && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          // A consumer waits once a second for months: what it leaves on the signal would pile up.
          signal.removeEventListener('abort', done);
          this.#wake = null;
          resolve();
        };
        const timer = setTimeout(done, ms);
        this.#wake = done;
        signal.addEventListener('abort', done, { once: true });
      });
    }
    this.#isWoken = false;
  }
}
