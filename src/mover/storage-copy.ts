// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { RawCrash } from '../crash/raw-crash.ts';
import { retry } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { eachConcurrently } from '../lib/each-concurrently.ts';
import { errorText, isErrorOf, SalvageError } from '../lib/errors.ts';
import { queueErrors } from '../queue/errors.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { storageErrors } from '../storage/errors.ts';
import { readReport } from '../storage/read-report.ts';
import { holdsSameReport, isSameJson, withDigests } from './copy-proof.ts';
import { moverErrors } from './errors.ts';

/** `both`: a crash without a processed one is copied raw. `processed`: one without is an error. */
export const copyContents = ['raw', 'processed', 'both'] as const;
export type CopyContent = (typeof copyContents)[number];

export interface CopyParts {
  readonly source: CrashStorage;
  readonly destination: CrashStorage;
  readonly content: CopyContent;
  /** Reads every copy back and compares all its bytes. A source is deleted only after that. */
  readonly verifies: boolean;
  readonly deletesSource: boolean;
  /** Only looks: nothing is written or deleted. */
  readonly isDryRun?: boolean;
}

/** `present`: the destination had the very same crash before. */
export type CopyOutcome = 'copied' | 'present';

export interface CopyProgress {
  readonly copied: number;
  readonly present: number;
  readonly failed: number;
}

export interface CopyAllParts extends CopyParts {
  readonly concurrency: number;
  readonly clock: Clock;
  /** Tries for a crash while a store is away; other failures are final at once. */
  readonly attemptsMax: number;
  /** Wait after the nth failure in a row. */
  readonly retryWaitMs: (failures: number) => number;
  readonly onProgress?: (progress: CopyProgress) => void;
  readonly onFailure?: (crashId: CrashId, error: unknown) => void;
  readonly signal?: AbortSignal;
}

/**
 * Copies crashes from one store to another. Resumable by nature: what the destination already has, equal, is left. A
 * crash that fails is told and counted, the rest goes on.
 */
export async function copyCrashes(crashIds: AsyncIterable<CrashId>, parts: CopyAllParts): Promise<CopyProgress> {
  await checkStores(parts);
  const progress = { copied: 0, present: 0, failed: 0 };
  await eachConcurrently(
    crashIds,
    parts.concurrency,
    async (crashId) => {
      try {
        progress[await copyPatiently(crashId, parts)] += 1;
      } catch (error) {
        if (parts.signal?.aborted) return;
        progress.failed += 1;
        parts.onFailure?.(crashId, error);
      }
      parts.onProgress?.(progress);
    },
    parts.signal,
  );
  return progress;
}

/** Copies one crash, trying again while a store is away. */
export function copyPatiently(crashId: CrashId, parts: CopyAllParts): Promise<CopyOutcome> {
  return whileAway(() => copyCrash(crashId, parts, parts.signal), parts);
}

/** Tries again while storage or queue is away, as often as `parts` says. */
export function whileAway<T>(action: () => Promise<T>, parts: CopyAllParts): Promise<T> {
  const { clock, retryWaitMs: waitMs, signal } = parts;
  // Who only looks is told at once; a directory that the first save would make is not there either.
  const attemptsMax = parts.isDryRun ? 1 : parts.attemptsMax;
  const isRetryable = (error: unknown) =>
    isErrorOf(error, storageErrors.storage_outage) || isErrorOf(error, queueErrors.queue_outage);
  return retry(action, { clock, attemptsMax, waitMs, isRetryable, ...(signal ? { signal } : {}) });
}

/**
 * Copies one crash: read, save, prove, and only then delete. A source that cannot be read whole is an error and stays
 * as it is; so is a copy that does not read back as its source.
 */
export async function copyCrash(crashId: CrashId, parts: CopyParts, signal?: AbortSignal): Promise<CopyOutcome> {
  let outcome: CopyOutcome = 'present';
  if (parts.content !== 'processed') outcome = await copyRaw(crashId, parts, signal);
  if (parts.content !== 'raw')
    outcome = (await copyProcessed(crashId, parts, signal)) === 'copied' ? 'copied' : outcome;
  if (parts.deletesSource && !parts.isDryRun) await parts.source.deleteCrash(crashId, signal);
  return outcome;
}

async function copyRaw(crashId: CrashId, parts: CopyParts, signal?: AbortSignal): Promise<CopyOutcome> {
  const { source, destination } = parts;
  const report = withDigests(await readReport(source, crashId, signal));
  // Before a delete even a copy that was there must prove every byte; otherwise its sizes do.
  const depth = parts.deletesSource ? 'bytes' : 'sizes';
  if (destination.capabilities.readsRaw && (await holdsSameReport(destination, report, depth, signal)))
    return 'present';
  if (parts.isDryRun) return 'copied';
  await destination.saveRawCrash(report, signal);
  if (parts.verifies && !(await holdsSameReport(destination, report, 'bytes', signal)))
    throw new SalvageError(moverErrors.copy_differs, `${crashId} reads differently from ${destination.name}`);
  return 'copied';
}

async function copyProcessed(crashId: CrashId, parts: CopyParts, signal?: AbortSignal): Promise<CopyOutcome> {
  const { source, destination, content } = parts;
  const processed = await source.getProcessedCrash(crashId, signal).catch((error: unknown) => {
    if (content === 'both' && isErrorOf(error, storageErrors.crash_not_found)) return null;
    throw error;
  });
  if (processed === null) return 'present';
  const isSame = async () => isSameJson(await processedOf(destination, crashId, signal), processed);
  if (destination.capabilities.readsProcessed && (await isSame())) return 'present';
  if (parts.isDryRun) return 'copied';
  await destination.saveProcessedCrash(crashId, processed, await rawCrashFor(crashId, parts, signal), signal);
  if (parts.verifies && !(await isSame()))
    throw new SalvageError(moverErrors.copy_differs, `processed ${crashId} reads differently from ${destination.name}`);
  return 'copied';
}

/** Stores take it for their columns; a source of processed crashes alone has none. */
async function rawCrashFor(
  crashId: CrashId,
  { source, destination }: CopyParts,
  signal?: AbortSignal,
): Promise<RawCrash> {
  const holder = source.capabilities.readsRaw ? source : destination;
  return holder.getRawCrash(crashId, signal);
}

async function processedOf(storage: CrashStorage, crashId: CrashId, signal?: AbortSignal): Promise<unknown> {
  return storage.getProcessedCrash(crashId, signal).catch((error: unknown) => {
    if (isErrorOf(error, storageErrors.crash_not_found)) return null;
    throw error;
  });
}

/** Refuses at the start what cannot work; the destination proves that it can be written. */
export async function checkStores(parts: CopyAllParts): Promise<void> {
  checkAbilities(parts);
  if (!parts.isDryRun) await parts.destination.check(parts.signal);
}

/** Refuses what would fail for every crash, or delete without proof. */
function checkAbilities({ source, destination, content, verifies, deletesSource }: CopyParts): void {
  const refuse = (text: string) => {
    throw new SalvageError(moverErrors.copy_cannot_start, text);
  };
  const [from, to] = [source.capabilities, destination.capabilities];
  if (content !== 'processed' && !from.readsRaw) refuse(`${source.name} cannot give back raw crashes`);
  if (content !== 'raw' && !from.readsProcessed) refuse(`${source.name} cannot give back processed crashes`);
  if (content !== 'processed' && !to.writesRaw) refuse(`${destination.name} takes no raw crashes`);
  if (content !== 'raw' && !to.writesProcessed) refuse(`${destination.name} takes no processed crashes`);
  const isReadable = (content === 'processed' || to.readsRaw) && (content === 'raw' || to.readsProcessed);
  if (verifies && !isReadable) refuse(`${destination.name} cannot be read, so a copy in it cannot be proved`);
  if (!deletesSource) return;
  if (!verifies) refuse('a source is deleted only after its copy is proved');
  if (!from.deletes) refuse(`${source.name} cannot delete`);
  // A delete takes the whole crash away.
  if (content !== 'both' && from.readsProcessed && from.readsRaw)
    refuse(`deleting from ${source.name} takes raw and processed crash away, so both must be copied`);
}

/** The text of a failure for people: the slug, and what happened. */
export function failureText(error: unknown): string {
  return error instanceof SalvageError ? `${error.slug}: ${error.message}` : errorText(error);
}
