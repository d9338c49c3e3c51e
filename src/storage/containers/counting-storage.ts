// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../../lib/clock.ts';
import { SalvageError } from '../../lib/errors.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { CrashStorage } from '../crash-storage.ts';
import { storageMetrics } from '../metrics.ts';
import { WrappedStorage } from './wrapped-storage.ts';

export interface CountingStorageOptions {
  readonly wrapped: CrashStorage;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Counts every call by method and outcome, and its whole duration; failed calls too. */
export class CountingStorage extends WrappedStorage {
  readonly #metrics: Metrics;
  readonly #clock: Clock;

  constructor({ wrapped, metrics, clock }: CountingStorageOptions) {
    super('counting', wrapped);
    this.#metrics = metrics;
    this.#clock = clock;
  }

  protected override async around<T>(method: string, call: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonicMs();
    let outcome = 'ok';
    try {
      return await call();
    } catch (error) {
      outcome = error instanceof SalvageError ? error.slug : 'error';
      throw error;
    } finally {
      const tags = { storage: this.wrapped.name, method, outcome };
      this.#metrics.incr(storageMetrics.calls, tags);
      this.#metrics.timing(storageMetrics.callTime, this.#clock.monotonicMs() - startedMs, tags);
    }
  }
}
