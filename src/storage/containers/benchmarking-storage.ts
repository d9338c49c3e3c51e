// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../../lib/clock.ts';
import { SalvageError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { CrashStorage } from '../crash-storage.ts';
import { WrappedStorage } from './wrapped-storage.ts';

export interface BenchmarkingStorageOptions {
  readonly wrapped: CrashStorage;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Begins each line. */
  readonly tag: string;
}

/** Logs one line a call: tag, method, milliseconds; calls that fail too, with their slug. */
export class BenchmarkingStorage extends WrappedStorage {
  readonly #options: BenchmarkingStorageOptions;
  readonly #logger: Logger;

  constructor(options: BenchmarkingStorageOptions) {
    super('benchmarking', options.wrapped);
    this.#options = options;
    this.#logger = options.logger.named('salvage.storage.benchmark');
  }

  protected override async around<T>(method: string, call: () => Promise<T>): Promise<T> {
    const { clock, tag } = this.#options;
    const startedMs = clock.monotonicMs();
    let outcome = '';
    try {
      return await call();
    } catch (error) {
      outcome = ` ${error instanceof SalvageError ? error.slug : 'error'}`;
      throw error;
    } finally {
      this.#logger.info(`${tag} ${method} ${(clock.monotonicMs() - startedMs).toFixed(1)} ms${outcome}`);
    }
  }
}
