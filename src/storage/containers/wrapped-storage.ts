// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import type { Dump } from '../../crash/dump.ts';
import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../../crash/raw-crash.ts';
import type { CrashStorage, ListFilter, StorageCapabilities } from '../crash-storage.ts';
import type { Child } from './children.ts';

/** Hands every call to the store inside; `around` sees each of them. Base of the wrappers. */
export class WrappedStorage implements CrashStorage {
  readonly name: string;
  readonly children: readonly Child[];
  readonly capabilities: StorageCapabilities;
  readonly dropBefore?: NonNullable<CrashStorage['dropBefore']>;
  readonly newCrashes?: NonNullable<CrashStorage['newCrashes']>;
  protected readonly wrapped: CrashStorage;

  constructor(name: string, wrapped: CrashStorage) {
    this.name = name;
    this.wrapped = wrapped;
    this.children = [{ role: 'wrapped', storage: wrapped }];
    this.capabilities = wrapped.capabilities;
    const drop = wrapped.dropBefore?.bind(wrapped);
    if (drop) this.dropBefore = (date) => this.around('drop_before', () => drop(date));
    if (wrapped.newCrashes) this.newCrashes = wrapped.newCrashes.bind(wrapped);
  }

  /** Runs the call named `method`; wrappers count, time or refuse here. */
  protected around<T>(_method: string, call: () => Promise<T>): Promise<T> {
    return call();
  }

  check(signal?: AbortSignal): Promise<void> {
    return this.around('check', () => this.wrapped.check(signal));
  }

  saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    return this.around('save_raw_crash', () => this.wrapped.saveRawCrash(report, signal));
  }

  saveProcessedCrash(
    crashId: CrashId,
    processed: ProcessedCrash,
    rawCrash: RawCrash,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.around('save_processed_crash', () =>
      this.wrapped.saveProcessedCrash(crashId, processed, rawCrash, signal),
    );
  }

  getRawCrash(crashId: CrashId, signal?: AbortSignal): Promise<RawCrash> {
    return this.around('get_raw_crash', () => this.wrapped.getRawCrash(crashId, signal));
  }

  getRawCrashJson(crashId: CrashId, signal?: AbortSignal): Promise<Uint8Array> {
    return this.around('get_raw_crash_json', () => this.wrapped.getRawCrashJson(crashId, signal));
  }

  getDumpNames(crashId: CrashId, signal?: AbortSignal): Promise<readonly string[]> {
    return this.around('get_dump_names', () => this.wrapped.getDumpNames(crashId, signal));
  }

  getDump(crashId: CrashId, name: string, signal?: AbortSignal): Promise<Dump> {
    return this.around('get_dump', () => this.wrapped.getDump(crashId, name, signal));
  }

  getProcessedCrash(crashId: CrashId, signal?: AbortSignal): Promise<ProcessedCrash> {
    return this.around('get_processed_crash', () => this.wrapped.getProcessedCrash(crashId, signal));
  }

  deleteCrash(crashId: CrashId, signal?: AbortSignal): Promise<void> {
    return this.around('delete_crash', () => this.wrapped.deleteCrash(crashId, signal));
  }

  listCrashIds(filter?: ListFilter, signal?: AbortSignal): AsyncIterable<CrashId> {
    return this.wrapped.listCrashIds(filter, signal);
  }

  close(): Promise<void> {
    return this.wrapped.close();
  }
}
