// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../../crash/raw-crash.ts';
import { errorText } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { CrashStorage } from '../crash-storage.ts';
import { ChildrenError, onEach } from './children.ts';
import { ContainerStorage } from './container-storage.ts';

export interface FallbackStorageOptions {
  readonly primary: CrashStorage;
  readonly fallback: CrashStorage;
  readonly logger: Logger;
  /** Also read from the fallback while the primary is away; a crash that only the primary has stays an outage. */
  readonly readsOnOutage?: boolean;
}

/** Saves to the second store when the first fails; reads from the second what the first does not have. */
export class FallbackStorage extends ContainerStorage {
  readonly #options: FallbackStorageOptions;
  readonly #logger: Logger;

  constructor(options: FallbackStorageOptions) {
    super('fallback', [
      { role: 'primary', storage: options.primary },
      { role: 'fallback', storage: options.fallback },
    ]);
    this.#options = options;
    this.#logger = options.logger.named('salvage.storage.fallback');
  }

  protected override get isOutageSkipped(): boolean {
    return this.#options.readsOnOutage ?? false;
  }

  /** Checks both, so that a broken fallback is known before it is needed; one of the two is enough to take crashes. */
  override async check(signal?: AbortSignal): Promise<void> {
    const outcomes = await onEach(this.children, (storage) => storage.check(signal));
    const failed = outcomes.filter(({ error }) => error !== undefined);
    if (failed.length === outcomes.length) throw new ChildrenError('checking', outcomes);
    for (const { role, error } of failed) this.#logger.error(`the ${role} store does not work: ${errorText(error)}`);
  }

  saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    return this.#withFailover(`saving ${report.crashId}`, (storage) => storage.saveRawCrash(report, signal), signal);
  }

  saveProcessedCrash(
    crashId: CrashId,
    processed: ProcessedCrash,
    rawCrash: RawCrash,
    signal?: AbortSignal,
  ): Promise<void> {
    const save = (storage: CrashStorage) => storage.saveProcessedCrash(crashId, processed, rawCrash, signal);
    return this.#withFailover(`saving processed ${crashId}`, save, signal);
  }

  async #withFailover(
    doing: string,
    call: (storage: CrashStorage) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    const { primary, fallback } = this.#options;
    try {
      await call(primary);
    } catch (primaryError) {
      if (signal?.aborted) throw primaryError;
      this.#logger.critical(`${doing}: error in the primary store, using the fallback: ${errorText(primaryError)}`);
      try {
        await call(fallback);
      } catch (fallbackError) {
        throw new ChildrenError(doing, [
          { role: 'primary', error: primaryError },
          { role: 'fallback', error: fallbackError },
        ]);
      }
    }
  }
}
