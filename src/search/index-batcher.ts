// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import { searchLimits } from './limits.ts';
import type { ReportRow } from './report-row.ts';
import type { SearchIndex } from './search-index.ts';

interface Waiting {
  readonly row: ReportRow;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Gathers rows of concurrent crashes into batches, one transaction each. `add` resolves once the row's batch is
 * committed. When a batch fails, its rows are tried one by one, so that one bad report cannot hold up the others.
 */
export class IndexBatcher {
  readonly #index: SearchIndex;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(options: { readonly index: SearchIndex; readonly clock: Clock }) {
    this.#index = options.index;
    this.#clock = options.clock;
  }

  add(row: ReportRow): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#waiting.length > 0) {
        if (this.#waiting.length < searchLimits.batchReportsMax.value)
          await this.#clock.sleep(searchLimits.batchWaitMs.value);
        await this.#write(this.#waiting.splice(0, searchLimits.batchReportsMax.value));
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#index.indexReports(batch.map(({ row }) => row));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error);
      else for (const item of batch) await this.#write([item]);
    }
  }
}
