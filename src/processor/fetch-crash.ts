// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import { mainDumpName, type RawCrash } from '../crash/raw-crash.ts';
import { isErrorOf, type SalvageError } from '../lib/errors.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { storageErrors } from '../storage/errors.ts';
import { type CrashFolder, type DumpFile, openDumpFile } from './dump-files.ts';
import { processorLimits } from './limits.ts';

/** A crash as storage has it. */
export interface FetchedCrash {
  readonly rawCrash: RawCrash;
  readonly dumps: ReadonlyMap<string, DumpFile>;
  /** Result of an earlier pass, or null. */
  readonly earlier: ProcessedCrash | null;
  /** Public-safe remarks on what could not be read. */
  readonly notes: readonly string[];
}

/**
 * Fetches the raw crash, its dumps as files in `folder`, and an earlier processed crash. A raw crash that is missing or
 * damaged is an error of the whole crash; a dump that is missing or damaged costs only that dump; an outage is never
 * taken for either.
 */
export async function fetchCrash(
  storage: CrashStorage,
  crashId: CrashId,
  folder: CrashFolder,
  signal: AbortSignal,
): Promise<FetchedCrash> {
  const rawCrash = await storage.getRawCrash(crashId, signal);
  const notes: string[] = [];
  const dumps = await fetchDumps(storage, crashId, folder, notes, signal);
  const earlier = await fetchEarlier(storage, crashId, notes, signal);
  return { rawCrash, dumps, earlier, notes };
}

async function fetchDumps(
  storage: CrashStorage,
  crashId: CrashId,
  folder: CrashFolder,
  notes: string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, DumpFile>> {
  const max = processorLimits.dumpsMax.value;
  // The main dump first, so that it is never among those left out.
  const names = [...(await storage.getDumpNames(crashId, signal))].sort(
    (a, b) => Number(b === mainDumpName) - Number(a === mainDumpName),
  );
  if (names.length > max) notes.push(`${names.length - max} of ${names.length} dumps were left unread`);
  const dumps = new Map<string, DumpFile>();
  for (const name of names.slice(0, max)) {
    try {
      const dump = await storage.getDump(crashId, name, signal);
      dumps.set(name, await openDumpFile(dump, folder, signal));
    } catch (error) {
      if (!isDamage(error)) throw error;
      notes.push(`dump ${name} could not be read: ${(error as SalvageError).slug}`);
    }
  }
  return dumps;
}

async function fetchEarlier(
  storage: CrashStorage,
  crashId: CrashId,
  notes: string[],
  signal: AbortSignal,
): Promise<ProcessedCrash | null> {
  if (!storage.capabilities.readsProcessed) return null;
  try {
    return await storage.getProcessedCrash(crashId, signal);
  } catch (error) {
    if (!isDamage(error)) throw error;
    if (isErrorOf(error, storageErrors.storage_corrupt)) notes.push('the earlier processed crash could not be read');
    return null;
  }
}

/** True if trying again would not help: what was asked for is not there or is damaged. */
export function isDamage(error: unknown): boolean {
  return isErrorOf(error, storageErrors.crash_not_found) || isErrorOf(error, storageErrors.storage_corrupt);
}
