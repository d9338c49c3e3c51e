// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, dateOf } from '../../crash/crash-id.ts';
import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../../crash/raw-crash.ts';
import type { CrashStorage } from '../crash-storage.ts';
import type { Child } from './children.ts';
import { withCapability } from './children.ts';
import { ContainerStorage } from './container-storage.ts';

export interface MigratingStorageOptions {
  readonly old: CrashStorage;
  readonly new: CrashStorage;
  /** `YYYYMMDD`: crashes submitted before go to the old store and are looked for there first; null = all go to the new. */
  readonly dateThreshold: string | null;
}

/** Moves house without a stop: new crashes go to the new store, old ones are still read from the old. */
export class MigratingStorage extends ContainerStorage {
  readonly #options: MigratingStorageOptions;

  constructor(options: MigratingStorageOptions) {
    super('migrating', [
      { role: 'new', storage: options.new },
      { role: 'old', storage: options.old },
    ]);
    this.#options = options;
  }

  protected override rawReaders(crashId: CrashId): readonly Child[] {
    return withCapability(this.#inOrder(crashId), 'readsRaw');
  }

  protected override processedReaders(crashId: CrashId): readonly Child[] {
    return withCapability(this.#inOrder(crashId), 'readsProcessed');
  }

  async saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    await this.#homeOf(report.crashId).saveRawCrash(report, signal);
  }

  async saveProcessedCrash(
    crashId: CrashId,
    processed: ProcessedCrash,
    rawCrash: RawCrash,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#homeOf(crashId).saveProcessedCrash(crashId, processed, rawCrash, signal);
  }

  #homeOf(crashId: CrashId): CrashStorage {
    const { dateThreshold } = this.#options;
    return dateThreshold !== null && dateOf(crashId) < dateThreshold ? this.#options.old : this.#options.new;
  }

  /** Most likely first; the other one too, since crashes may have been copied or saved before the threshold was set. */
  #inOrder(crashId: CrashId): readonly Child[] {
    return this.#homeOf(crashId) === this.#options.new ? this.children : this.children.toReversed();
  }
}
