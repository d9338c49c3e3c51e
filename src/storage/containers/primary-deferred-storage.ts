// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../../crash/raw-crash.ts';
import type { CrashStorage } from '../crash-storage.ts';
import { readReport } from '../read-report.ts';
import { type Child, withCapability } from './children.ts';
import { ContainerStorage } from './container-storage.ts';
import type { CrashPredicate } from './predicates.ts';

export interface PrimaryDeferredOptions {
  readonly primary: CrashStorage;
  readonly deferred: CrashStorage;
  /** Where all processed crashes go and come from; null = beside their raw crash. */
  readonly processed: CrashStorage | null;
  /** True for crashes that go to the deferred store. */
  readonly isDeferred: CrashPredicate;
}

/** Crashes that are not processed go to a store of their own; optionally all processed crashes to a third. */
export class PrimaryDeferredStorage extends ContainerStorage {
  readonly #options: PrimaryDeferredOptions;

  constructor(options: PrimaryDeferredOptions) {
    const { primary, deferred, processed } = options;
    super(processed ? 'primary-deferred-processed' : 'primary-deferred', [
      { role: 'primary', storage: primary },
      { role: 'deferred', storage: deferred },
      ...(processed ? [{ role: 'processed', storage: processed }] : []),
    ]);
    this.#options = options;
  }

  protected override rawReaders(): readonly Child[] {
    return withCapability(
      this.children.filter(({ role }) => role !== 'processed'),
      'readsRaw',
    );
  }

  protected override processedReaders(): readonly Child[] {
    const third = this.children.filter(({ role }) => role === 'processed');
    return withCapability(third.length ? third : this.children, 'readsProcessed');
  }

  async saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    await this.#routeOf(report.crashId, report.rawCrash).saveRawCrash(report, signal);
  }

  /** Routed by the raw crash, so that both halves are in one store; the processed crash does not know its verdict. */
  async saveProcessedCrash(
    crashId: CrashId,
    processed: ProcessedCrash,
    rawCrash: RawCrash,
    signal?: AbortSignal,
  ): Promise<void> {
    const target = this.#options.processed ?? this.#routeOf(crashId, rawCrash);
    await target.saveProcessedCrash(crashId, processed, rawCrash, signal);
  }

  /** Crashes that were never processed. */
  listDeferred(signal?: AbortSignal): AsyncIterable<CrashId> {
    return this.#options.deferred.listCrashIds({}, signal);
  }

  /** Moves a deferred crash to the primary store, where it can be announced; the copy is safe before the old one goes. */
  async promote(crashId: CrashId, signal?: AbortSignal): Promise<void> {
    const { primary, deferred } = this.#options;
    await primary.saveRawCrash(await readReport(deferred, crashId, signal), signal);
    await deferred.deleteCrash(crashId, signal);
  }

  #routeOf(crashId: CrashId, rawCrash: RawCrash): CrashStorage {
    const { primary, deferred, isDeferred } = this.#options;
    return isDeferred(crashId, rawCrash) ? deferred : primary;
  }
}

/** The outermost container of a tree that keeps deferred crashes apart. */
export function primaryDeferredOf(storage: CrashStorage): PrimaryDeferredStorage | null {
  if (storage instanceof PrimaryDeferredStorage) return storage;
  for (const child of storage.children ?? []) {
    const found = primaryDeferredOf(child.storage);
    if (found) return found;
  }
  return null;
}
