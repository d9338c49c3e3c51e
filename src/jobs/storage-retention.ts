// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { applyRetention, dayBefore, daysOf, planRetention, type RetentionRule } from '../storage/retention.ts';
import type { Job } from './job.ts';
import { jobLimits } from './limits.ts';
import { jobMetrics } from './metrics.ts';

export interface StorageRetentionParts {
  readonly storage: CrashStorage;
  readonly rule: RetentionRule;
  /** The disk below the store, or null where a disk says nothing about it, as in S3. */
  readonly disk: { readonly freePercentMin: number; freePercent(): Promise<number> } | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Deletes whole days, oldest first: those past the rule, then more of them while the disk is too full. */
export function storageRetentionJob(parts: StorageRetentionParts): Job {
  const { storage, rule, disk, clock, metrics } = parts;
  const hasRule = rule.daysMax !== null || rule.bytesMax !== null;
  return {
    name: 'storage-retention',
    description: 'deletes the oldest days of crashes from the store, by age, by size and when the disk runs full',
    everyMs: 3_600_000,
    async run(signal) {
      if (!hasRule && !disk) return 'no limits are set';
      let deleted = 0;
      if (hasRule) {
        deleted = await applyRetention(storage, await planRetention(storage, rule, clock.now(), signal), signal);
        metrics.incr(jobMetrics.retentionDeleted, { reason: 'rule' }, deleted);
      }
      if (!disk || (await disk.freePercent()) >= disk.freePercentMin) return `deleted ${deleted} crashes`;
      const more = await makeRoom(parts, disk, signal);
      return `deleted ${deleted + more} crashes, ${more} of them for room on the disk`;
    },
  };
}

/** Day by day, until there is room or only the days that always stay are left. */
async function makeRoom(
  { storage, clock, logger, metrics }: StorageRetentionParts,
  disk: NonNullable<StorageRetentionParts['disk']>,
  signal: AbortSignal,
): Promise<number> {
  const log = logger.named('salvage.jobs');
  const youngest = dayBefore(clock.now(), jobLimits.retentionKeptDays.value);
  let deleted = 0;
  for (const day of await daysOf(storage, signal)) {
    const free = await disk.freePercent();
    if (free >= disk.freePercentMin) return deleted;
    if (day.date >= youngest) break;
    log.warning(`${free.toFixed(1)} % of the disk is free: deleting the ${day.crashCount} crashes of ${day.date}`);
    deleted += await applyRetention(storage, [{ ...day, sizeBytes: null, goes: true }], signal);
    metrics.incr(jobMetrics.retentionDeleted, { reason: 'disk' }, day.crashCount);
  }
  if ((await disk.freePercent()) < disk.freePercentMin)
    log.error('the disk is too full, and only crashes of the last days are left in the store: give it more room');
  return deleted;
}
