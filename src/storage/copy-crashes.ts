// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { errorText, isErrorOf } from '../lib/errors.ts';
import type { CrashStorage } from './crash-storage.ts';
import { storageErrors } from './errors.ts';
import { readReport } from './read-report.ts';

export interface CrashProgress {
  done: number;
  /** Were there already, with the same bytes. */
  skipped: number;
  failed: number;
}

export interface EachCrashOptions {
  readonly concurrency: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Readonly<CrashProgress>) => void;
  readonly onFailure?: (crashId: CrashId, reason: string) => void;
}

/**
 * Copies reports and processed crashes. What the target already has is skipped, so that a copy that was interrupted
 * goes on where it was; a crash that cannot be read is counted and left where it is.
 */
export function copyCrashes(
  from: CrashStorage,
  to: CrashStorage,
  crashIds: AsyncIterable<CrashId>,
  options: EachCrashOptions,
): Promise<CrashProgress> {
  return forEachCrash(crashIds, options, (crashId) => copyCrash(from, to, crashId, options.signal));
}

async function copyCrash(
  from: CrashStorage,
  to: CrashStorage,
  crashId: CrashId,
  signal?: AbortSignal,
): Promise<'done' | 'skipped'> {
  const report = await readReport(from, crashId, signal);
  let isNew = false;
  if (!(await hasSameRaw(to, crashId, report.rawCrashJson, signal))) {
    await to.saveRawCrash(report, signal);
    isNew = true;
  }
  const processed = from.capabilities.readsProcessed && (await orNull(from.getProcessedCrash(crashId, signal)));
  if (processed && to.capabilities.writesProcessed) {
    const known = to.capabilities.readsProcessed && (await orNull(to.getProcessedCrash(crashId, signal)));
    if (!known || JSON.stringify(known) !== JSON.stringify(processed)) {
      await to.saveProcessedCrash(crashId, processed, report.rawCrash, signal);
      isNew = true;
    }
  }
  return isNew ? 'done' : 'skipped';
}

/** The raw crash is written last, so one with the same bytes means that the report is there whole. */
async function hasSameRaw(
  to: CrashStorage,
  crashId: CrashId,
  json: Uint8Array,
  signal?: AbortSignal,
): Promise<boolean> {
  if (!to.capabilities.readsRaw) return false;
  const known = await orNull(to.getRawCrashJson(crashId, signal));
  return known !== null && Buffer.compare(known, json) === 0;
}

async function orNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (isErrorOf(error, storageErrors.crash_not_found)) return null;
    throw error;
  }
}

/** Reads everything of each crash; checksums and sizes are checked where a store knows them. */
export function verifyCrashes(
  storage: CrashStorage,
  crashIds: AsyncIterable<CrashId>,
  options: EachCrashOptions,
): Promise<CrashProgress> {
  return forEachCrash(crashIds, options, async (crashId) => {
    const { dumps } = await readReport(storage, crashId, options.signal);
    for (const dump of dumps) {
      let sizeBytes = 0;
      for await (const chunk of dump.open()) sizeBytes += chunk.length;
      if (sizeBytes !== dump.sizeBytes)
        throw new Error(`dump ${dump.name} has ${sizeBytes} of ${dump.sizeBytes} bytes`);
    }
    if (storage.capabilities.readsProcessed) await orNull(storage.getProcessedCrash(crashId, options.signal));
    return 'done';
  });
}

/** Runs `action` over all ids, some at a time; a failure of one is reported and does not stop the rest. */
export async function forEachCrash(
  crashIds: AsyncIterable<CrashId>,
  options: EachCrashOptions,
  action: (crashId: CrashId) => Promise<'done' | 'skipped'>,
): Promise<CrashProgress> {
  const progress: CrashProgress = { done: 0, skipped: 0, failed: 0 };
  const running = new Set<Promise<void>>();
  const run = async (crashId: CrashId) => {
    try {
      progress[await action(crashId)]++;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      progress.failed++;
      options.onFailure?.(crashId, errorText(error));
    }
    options.onProgress?.(progress);
  };
  for await (const crashId of crashIds) {
    options.signal?.throwIfAborted();
    const one: Promise<void> = run(crashId).finally(() => running.delete(one));
    running.add(one);
    if (running.size >= options.concurrency) await Promise.race(running);
  }
  await Promise.all(running);
  return progress;
}
