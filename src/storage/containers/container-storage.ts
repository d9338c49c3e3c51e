// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import type { Dump } from '../../crash/dump.ts';
import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../../crash/raw-crash.ts';
import type { CrashStorage, ListFilter, StorageCapabilities } from '../crash-storage.ts';
import {
  anyOf,
  type Child,
  ChildrenError,
  closeAll,
  deleteFromAll,
  fromFirst,
  listAll,
  onEach,
  withCapability,
} from './children.ts';

/** What all containers have in common: reads from the first child that has a crash, deletes everywhere, closes all. */
export abstract class ContainerStorage implements CrashStorage {
  readonly name: string;
  readonly children: readonly Child[];
  readonly capabilities: StorageCapabilities;
  readonly dropBefore?: NonNullable<CrashStorage['dropBefore']>;

  constructor(name: string, children: readonly Child[]) {
    this.name = name;
    this.children = children;
    this.capabilities = anyOf(children);
    const dropping = children.filter(({ storage }) => storage.dropBefore);
    if (dropping.length > 0) this.dropBefore = (date) => dropFromAll(dropping, date);
  }

  abstract saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void>;
  abstract saveProcessedCrash(
    crashId: CrashId,
    processed: ProcessedCrash,
    rawCrash: RawCrash,
    signal?: AbortSignal,
  ): Promise<void>;

  /** Children to ask for raw crashes, in order. */
  protected rawReaders(_crashId: CrashId): readonly Child[] {
    return withCapability(this.children, 'readsRaw');
  }

  /** Children to ask for processed crashes, in order. */
  protected processedReaders(_crashId: CrashId): readonly Child[] {
    return withCapability(this.children, 'readsProcessed');
  }

  /** True where another child may answer for one that is away. */
  protected get isOutageSkipped(): boolean {
    return false;
  }

  async check(signal?: AbortSignal): Promise<void> {
    const outcomes = await onEach(this.children, (storage) => storage.check(signal));
    if (outcomes.some(({ error }) => error !== undefined)) throw new ChildrenError('checking', outcomes);
  }

  getRawCrash(crashId: CrashId, signal?: AbortSignal): Promise<RawCrash> {
    return this.#readRaw(crashId, (storage) => storage.getRawCrash(crashId, signal));
  }

  getRawCrashJson(crashId: CrashId, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#readRaw(crashId, (storage) => storage.getRawCrashJson(crashId, signal));
  }

  getDumpNames(crashId: CrashId, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#readRaw(crashId, (storage) => storage.getDumpNames(crashId, signal));
  }

  getDump(crashId: CrashId, name: string, signal?: AbortSignal): Promise<Dump> {
    return this.#readRaw(crashId, (storage) => storage.getDump(crashId, name, signal));
  }

  getProcessedCrash(crashId: CrashId, signal?: AbortSignal): Promise<ProcessedCrash> {
    const read = (storage: CrashStorage) => storage.getProcessedCrash(crashId, signal);
    return fromFirst(this.processedReaders(crashId), read, this.isOutageSkipped);
  }

  deleteCrash(crashId: CrashId, signal?: AbortSignal): Promise<void> {
    return deleteFromAll(this.children, crashId, signal);
  }

  listCrashIds(filter?: ListFilter, signal?: AbortSignal): AsyncIterable<CrashId> {
    return listAll(this.children, filter, signal);
  }

  close(): Promise<void> {
    return closeAll(this.children);
  }

  #readRaw<T>(crashId: CrashId, read: (storage: CrashStorage) => Promise<T>): Promise<T> {
    return fromFirst(this.rawReaders(crashId), read, this.isOutageSkipped);
  }
}

async function dropFromAll(children: readonly Child[], date: string): Promise<void> {
  const outcomes = await onEach(children, async (storage) => storage.dropBefore?.(date));
  if (outcomes.some(({ error }) => error !== undefined)) throw new ChildrenError('dropping old days', outcomes);
}
