// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Dump } from '../crash/dump.ts';
import type { PagedBytes } from '../lib/paged-bytes.ts';

/** Where one dump lies in the decoded body (after gunzip) of its entry. */
export interface SpooledDump {
  readonly name: string;
  /** Offset in the decoded body, in bytes. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What the collector knows of an accepted report; written with the body as one record. */
export interface SpoolHead {
  readonly crashId: CrashId;
  readonly receivedAt: Date;
  /** Deferred crashes are stored and never queued (decisions.md 8). */
  readonly result: 'accept' | 'defer';
  /** The bytes of the raw crash as every storage will write them (collector.md §3). */
  readonly rawCrashJson: Uint8Array;
  /** The body is kept as it came, so that a gzipped report costs a third of the disk. */
  readonly encoding: 'identity' | 'gzip';
  readonly contentType: string;
  /** Null when only the head of the body was validated before the answer: the mover finds the dumps then. */
  readonly dumps: readonly SpooledDump[] | null;
  /** Identity of a client's retry (decisions.md 13); absent when the report carries none. */
  readonly reportKey?: string;
}

/** The bytes of one request on their way into the spool. */
export interface SpoolStage {
  /**
   * Takes the next bytes of the body; they are copied. A returned promise is back-pressure: wait for it before reading
   * more. Rejects with `spool_full` or `spool_failed`.
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** As `write`, for the begin of the body that the caller has in pages: they belong to the stage from then on. */
  adopt(bytes: PagedBytes): Promise<void> | undefined;
  /** Resolves once head and body are durable: file data, and directory entries where new. Only then may the client be answered. */
  commit(head: SpoolHead): Promise<void>;
  /** Forgets the bytes. Safe to call at any time, also after a failed commit. */
  abort(): Promise<void>;
}

/** A committed entry, as the mover sees it. */
export interface SpoolEntry {
  readonly head: SpoolHead;
  /** Bytes of the body as received. */
  readonly bodySizeBytes: number;
  /** The body as received. */
  openBody(): AsyncIterable<Uint8Array>;
  /** The body after gunzip. Throws GunzipError where what was received does not inflate. */
  openDecodedBody(): AsyncIterable<Uint8Array>;
  /** The dumps of `head.dumps`, cut out of the decoded body; empty when that is null. Reading throws `spool_damaged`. */
  readonly dumps: readonly Dump[];
  /** Dumps of an entry whose `head.dumps` is null, once their ranges in the decoded body were found. */
  cutDumps(ranges: readonly SpooledDump[]): readonly Dump[];
  /** Steps that were noted as done, in this run or an earlier one. */
  readonly doneSteps: ReadonlySet<string>;
  /** Notes a step as done, so that it is not done again after a failure of the next one or a restart. */
  noteStep(step: string): Promise<void>;
  /** Removes the entry; call only when the next copy is safe. Idempotent. */
  remove(): Promise<void>;
  /** Gives the entry back: `entries` yields it again after that time. */
  release(delayMs: number): void;
  /** Puts a damaged entry where people find it, with the reason; it is not yielded again. */
  setAside(reason: string): Promise<void>;
}

export interface SpoolStatus {
  readonly entryCount: number;
  readonly sizeBytes: number;
  /** Age of the oldest entry in seconds, null when empty. */
  readonly oldestAgeS: number | null;
  readonly damagedCount: number;
}

/** The local durable intake (design.md §1): an accepted crash is here, in storage, or both, at every instant. */
export interface Spool {
  /** Null when a body of that size (bytes, null = unknown) may come now; otherwise the seconds for Retry-After. */
  refuses(bodySizeBytes: number | null): number | null;
  stage(): SpoolStage;
  /** Reports that were committed in this run. */
  readonly committedCount: number;
  /** The crash id that this report got before, if it is a client's retry. */
  knownReport(reportKey: string): CrashId | undefined;
  /**
   * Entries as they come, oldest first, those of earlier runs before new ones; waits for more until aborted. Each is
   * yielded once a run unless it was released. One consumer at a time.
   */
  entries(signal: AbortSignal): AsyncIterable<SpoolEntry>;
  /** Makes every released entry due now: the back end that refused them works again. */
  retryReleased(): void;
  status(): SpoolStatus;
  /** Really writes and syncs something; throws `spool_full` or `spool_failed`. */
  check(): Promise<void>;
  close(): Promise<void>;
}
