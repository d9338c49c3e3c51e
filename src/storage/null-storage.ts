// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { CrashReport } from '../crash/raw-crash.ts';
import { SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { CrashStorage, StorageCapabilities } from './crash-storage.ts';
import { storageErrors } from './errors.ts';

/** What is left of a report that went nowhere. */
export interface ForgottenReport {
  readonly crashId: CrashId;
  readonly rawCrashJson: Uint8Array;
  readonly dumps: readonly { readonly name: string; readonly sizeBytes: number }[];
}

const keptMax = 10;

/** Stores nothing and logs one line a crash; the last ten are remembered for tests. */
export class NullStorage implements CrashStorage {
  readonly name = 'null';
  readonly capabilities: StorageCapabilities = {
    readsRaw: false,
    writesRaw: true,
    readsProcessed: false,
    writesProcessed: true,
    lists: false,
    deletes: false,
  };
  readonly lastReports: ForgottenReport[] = [];
  readonly #logger: Logger;

  constructor(options: { readonly logger: Logger }) {
    this.#logger = options.logger.named('salvage.storage.null');
  }

  async check(): Promise<void> {}

  async saveRawCrash(report: CrashReport): Promise<void> {
    const { crashId, rawCrashJson, dumps } = report;
    this.lastReports.push({
      crashId,
      rawCrashJson,
      dumps: dumps.map(({ name, sizeBytes }) => ({ name, sizeBytes })),
    });
    if (this.lastReports.length > keptMax) this.lastReports.shift();
    this.#logger.info(`crash storage no-op: ${crashId}`);
  }

  async saveProcessedCrash(crashId: CrashId): Promise<void> {
    this.#logger.info(`processed crash storage no-op: ${crashId}`);
  }

  async getRawCrash(): Promise<never> {
    throw unsupported();
  }

  async getRawCrashJson(): Promise<never> {
    throw unsupported();
  }

  async getDumpNames(): Promise<never> {
    throw unsupported();
  }

  async getDump(): Promise<never> {
    throw unsupported();
  }

  async getProcessedCrash(): Promise<never> {
    throw unsupported();
  }

  async deleteCrash(): Promise<never> {
    throw unsupported();
  }

  listCrashIds(): AsyncIterable<CrashId> {
    throw unsupported();
  }

  async close(): Promise<void> {}
}

function unsupported(): SalvageError {
  return new SalvageError(storageErrors.storage_unsupported, 'the null storage keeps nothing');
}
