// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, dateOf } from '../crash/crash-id.ts';
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

/** What one day of crashes holds, and whether it goes. */
export interface DayOfCrashes {
  readonly date: string;
  readonly crashIds: readonly CrashId[];
  readonly sizeBytes: number | null;
  readonly goes: boolean;
}

/** What a rule would remove, oldest day first. Reads sizes only where the rule asks for bytes. */
export async function planRetention(
  storage: CrashStorage,
  rule: RetentionRule,
  now: Date,
): Promise<readonly DayOfCrashes[]> {
  const days = new Map<string, CrashId[]>();
  for await (const crashId of storage.listCrashIds()) {
    const date = dateOf(crashId);
    const day = days.get(date);
    if (day) day.push(crashId);
    else days.set(date, [crashId]);
  }
  const oldestKept = rule.daysMax === null ? '' : dayBefore(now, rule.daysMax - 1);
  const newestFirst: DayOfCrashes[] = [];
  let keptBytes = 0;
  for (const [date, crashIds] of [...days].sort(([one], [other]) => other.localeCompare(one))) {
    const sizeBytes = rule.bytesMax === null ? null : await sizeOf(storage, crashIds);
    const isOverSize = rule.bytesMax !== null && keptBytes + (sizeBytes ?? 0) > rule.bytesMax;
    const goes = date < oldestKept || isOverSize;
    keptBytes += goes && !isOverSize ? 0 : (sizeBytes ?? 0);
    newestFirst.push({ date, crashIds, sizeBytes, goes });
  }
  return newestFirst.reverse();
}

/** Deletes what the plan says, day by day; returns how many crashes went. */
export async function applyRetention(
  storage: CrashStorage,
  plan: readonly DayOfCrashes[],
  signal?: AbortSignal,
): Promise<number> {
  let count = 0;
  for (const crashId of plan.filter(({ goes }) => goes).flatMap(({ crashIds }) => crashIds)) {
    try {
      await storage.deleteCrash(crashId, signal);
      count++;
    } catch (error) {
      if (!isErrorOf(error, storageErrors.crash_not_found)) throw error;
    }
  }
  return count;
}

async function sizeOf(storage: CrashStorage, crashIds: readonly CrashId[]): Promise<number> {
  let sizeBytes = 0;
  for (const crashId of crashIds) {
    const { rawCrashJson, dumps } = await readReport(storage, crashId);
    sizeBytes += rawCrashJson.length + dumps.reduce((sum, dump) => sum + dump.sizeBytes, 0);
  }
  return sizeBytes;
}

function dayBefore(now: Date, days: number): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
}
