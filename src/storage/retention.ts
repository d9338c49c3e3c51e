// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { dateOf } from '../crash/crash-id.ts';
import { isErrorOf } from '../lib/errors.ts';
import type { CrashStorage } from './crash-storage.ts';
import { storageErrors } from './errors.ts';
import { readReport } from './read-report.ts';

export interface RetentionRule {
  /** Crashes submitted that many days ago or earlier go; null = no limit by age. */
  readonly daysMax: number | null;
  /** Oldest days go until what is left has at most that many bytes; null = no limit by size. */
  readonly bytesMax: number | null;
}

/** What one day `YYYYMMDD` of crashes holds, and whether it goes. */
export interface DayOfCrashes {
  readonly date: string;
  readonly crashCount: number;
  readonly sizeBytes: number | null;
  readonly goes: boolean;
}

/** What a rule would remove, oldest day first. Reads sizes only where the rule asks for bytes. */
export async function planRetention(
  storage: CrashStorage,
  rule: RetentionRule,
  now: Date,
  signal?: AbortSignal,
): Promise<readonly DayOfCrashes[]> {
  const oldestKept = rule.daysMax === null ? '' : dayBefore(now, rule.daysMax - 1);
  const newestFirst: DayOfCrashes[] = [];
  let keptBytes = 0;
  let goes = false;
  for (const { date, crashCount } of (await daysOf(storage, signal)).toReversed()) {
    const sizeBytes = rule.bytesMax === null ? null : await sizeOf(storage, date, signal);
    keptBytes += sizeBytes ?? 0;
    // Once a day goes, so does every older one.
    goes ||= date < oldestKept || (rule.bytesMax !== null && keptBytes > rule.bytesMax);
    newestFirst.push({ date, crashCount, sizeBytes, goes });
  }
  return newestFirst.reverse();
}

/** Deletes what the plan says, oldest day first, and no crash of another day; returns how many crashes went. */
export async function applyRetention(
  storage: CrashStorage,
  plan: readonly DayOfCrashes[],
  signal?: AbortSignal,
): Promise<number> {
  const going = plan.filter(({ goes }) => goes);
  const newest = going.at(-1);
  if (!newest) return 0;
  await storage.dropBefore?.(dayBefore(dayStart(newest.date), -1));
  for (const { date } of going) await deleteDay(storage, date, signal);
  return going.reduce((sum, { crashCount }) => sum + crashCount, 0);
}

/** Days that have crashes, oldest first, with their number. */
export async function daysOf(
  storage: CrashStorage,
  signal?: AbortSignal,
): Promise<readonly Pick<DayOfCrashes, 'date' | 'crashCount'>[]> {
  const counts = new Map<string, number>();
  for await (const crashId of storage.listCrashIds({}, signal)) {
    const date = dateOf(crashId);
    counts.set(date, (counts.get(date) ?? 0) + 1);
  }
  return [...counts]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([date, crashCount]) => ({ date, crashCount }));
}

async function deleteDay(storage: CrashStorage, date: string, signal?: AbortSignal): Promise<void> {
  for await (const crashId of storage.listCrashIds({ date }, signal)) {
    signal?.throwIfAborted();
    await storage.deleteCrash(crashId, signal).catch((error) => {
      if (!isErrorOf(error, storageErrors.crash_not_found)) throw error;
    });
  }
}

/** A damaged crash counts as nothing: it must not keep the others from going. */
async function sizeOf(storage: CrashStorage, date: string, signal?: AbortSignal): Promise<number> {
  let sizeBytes = 0;
  for await (const crashId of storage.listCrashIds({ date }, signal)) {
    signal?.throwIfAborted();
    try {
      const { rawCrashJson, dumps } = await readReport(storage, crashId);
      sizeBytes += rawCrashJson.length + dumps.reduce((sum, dump) => sum + dump.sizeBytes, 0);
    } catch (error) {
      const isGone = isErrorOf(error, storageErrors.crash_not_found) || isErrorOf(error, storageErrors.storage_corrupt);
      if (!isGone) throw error;
    }
  }
  return sizeBytes;
}

function dayStart(date: string): Date {
  return new Date(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T00:00:00Z`);
}

/** The day `YYYYMMDD` that many days before. */
export function dayBefore(now: Date, days: number): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
}
