// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from './clock.ts';

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** Failures in a row that open it. */
  readonly failuresMax: number;
  /** How long it stays open before one call may try again. */
  readonly restMs: number;
  /** Only these errors say that the back end is away. */
  readonly isFailure: (error: unknown) => boolean;
  /** What callers get meanwhile. */
  readonly openError: () => Error;
}

/**
 * Leaves a back end alone once it has failed several times in a row: calls fail at once instead of waiting for
 * time-outs. After the rest one call tries; if it succeeds everybody may, if not the rest begins anew.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  #closedAtMs = 0;
  #isTrying = false;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#failures >= this.#options.failuresMax && this.#options.clock.monotonicMs() < this.#closedAtMs;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    const { clock, failuresMax, restMs, isFailure, openError } = this.#options;
    const isHalfOpen = this.#failures >= failuresMax;
    if (isHalfOpen && (this.isOpen || this.#isTrying)) throw openError();
    this.#isTrying = isHalfOpen;
    try {
      const result = await call();
      this.#failures = 0;
      return result;
    } catch (error) {
      this.#failures = isFailure(error) ? this.#failures + 1 : 0;
      if (this.#failures >= failuresMax) this.#closedAtMs = clock.monotonicMs() + restMs;
      throw error;
    } finally {
      if (isHalfOpen) this.#isTrying = false;
    }
  }
}
