// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Dump } from '../crash/dump.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../crash/raw-crash.ts';

/** What a store can do. A call outside its capabilities fails with `storage_unsupported`. */
export interface StorageCapabilities {
  readonly readsRaw: boolean;
  readonly writesRaw: boolean;
  readonly readsProcessed: boolean;
  readonly writesProcessed: boolean;
  readonly lists: boolean;
  readonly deletes: boolean;
}

/** Of a store that keeps what it is given, and gives it back. */
export const fullCapabilities: StorageCapabilities = {
  readsRaw: true,
  writesRaw: true,
  readsProcessed: true,
  writesProcessed: true,
  lists: true,
  deletes: true,
};

/** Restricts a listing. Ids come in the store's own order, which is stable. */
export interface ListFilter {
  /** Submit date `YYYYMMDD`. */
  readonly date?: string;
  /** Leading characters of the crash id. */
  readonly prefix?: string;
}

/** A new crash that somebody took to work on. Until `ack` it survives the death of whoever took it. */
export interface ClaimedCrash {
  readonly crashId: CrashId;
  /** Its work is done: it is new no more. */
  ack(): Promise<void>;
  /** It is new again at once. */
  release(): Promise<void>;
}

/**
 * Where crashes rest (crashstorage.md §1, made typed). Every save is idempotent by crash id; inputs are never changed.
 *
 * Errors are SalvageErrors of `storage/errors.ts`, everywhere the same four: `crash_not_found` (this store answers and
 * does not have it), `storage_outage` (try again later), `storage_refused` (will not work until somebody changes
 * something), `storage_corrupt` (what is stored is damaged).
 */
export interface CrashStorage {
  /** As configured, for logs, metrics and the outbox: `fs`, `s3`, `poly`. */
  readonly name: string;
  readonly capabilities: StorageCapabilities;

  /** Proves that the store works, a write included; called at start and by the heartbeat. */
  check(signal?: AbortSignal): Promise<void>;

  /**
   * Saves dumps, then dump names, then the raw crash last: a raw crash that can be read means the report is complete.
   * What a dump yields is the caller's memory: it stays as it is until this has settled, and must not be used after.
   */
  saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void>;
  saveProcessedCrash(
    crashId: CrashId,
    processed: ProcessedCrash,
    rawCrash: RawCrash,
    signal?: AbortSignal,
  ): Promise<void>;

  getRawCrash(crashId: CrashId, signal?: AbortSignal): Promise<RawCrash>;
  /** The exact stored bytes of the raw crash. */
  getRawCrashJson(crashId: CrashId, signal?: AbortSignal): Promise<Uint8Array>;
  /** Sorted; empty for a report without dumps. */
  getDumpNames(crashId: CrashId, signal?: AbortSignal): Promise<readonly string[]>;
  getDump(crashId: CrashId, name: string, signal?: AbortSignal): Promise<Dump>;
  getProcessedCrash(crashId: CrashId, signal?: AbortSignal): Promise<ProcessedCrash>;

  /** Removes everything of that crash and nothing else; a crash that is not there is `crash_not_found`. */
  deleteCrash(crashId: CrashId, signal?: AbortSignal): Promise<void>;
  listCrashIds(filter?: ListFilter, signal?: AbortSignal): AsyncIterable<CrashId>;
  /**
   * Drops at once what was submitted before the day `YYYYMMDD`, as far as the store keeps it in pieces that can be
   * dropped whole; what is left is deleted crash by crash. Absent where there are no such pieces.
   */
  dropBefore?(date: string): Promise<void>;

  /**
   * New crashes, where the store keeps count of them (the slots of Socorro's dated trees); ends when there are no more.
   * They are claimed, not consumed: one that is neither acked nor released comes again when its claim has run out.
   */
  newCrashes?(): AsyncIterable<ClaimedCrash>;

  /** Children of a container, for `salvage config --tree` and start-up checks. */
  readonly children?: readonly { readonly role: string; readonly storage: CrashStorage }[];

  close(): Promise<void>;
}
