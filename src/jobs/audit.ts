// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, throttleDigitOf } from '../crash/crash-id.ts';
import { chunksOf } from '../lib/chunks.ts';
import type { Clock } from '../lib/clock.ts';
import { isErrorOf } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { OptionValues } from '../lib/options.ts';
import type { Pool } from '../lib/postgres/pool.ts';
import type { CrashQueue } from '../queue/crash-queue.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { storageErrors } from '../storage/errors.ts';
import type { Job } from './job.ts';
import { jobLimits } from './limits.ts';
import { jobMetrics } from './metrics.ts';
import type { jobOptions } from './options.ts';

export interface AuditParts {
  readonly pool: Pool;
  readonly storage: CrashStorage;
  readonly queue: CrashQueue;
  readonly options: Pick<OptionValues<typeof jobOptions.options>, 'auditQueues'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const dayMs = 24 * 3_600_000;
/** Crashes asked of the search index at once. */
const chunkItems = 500;

/** Finds raw crashes without a processed one and queues them: what a lost message or a mistake left behind. */
export function auditJob(parts: AuditParts): Job {
  return {
    name: 'audit',
    description: 'finds stored crashes of yesterday and today without a processed crash and queues them',
    everyMs: dayMs,
    run: (signal) => audit(parts, signal),
  };
}

async function audit(parts: AuditParts, signal: AbortSignal): Promise<string> {
  const { storage, queue, clock, metrics } = parts;
  const queuedMax = jobLimits.auditQueuedMax.value;
  const waiting = (await queue.depths(signal)).reduce((sum, depth) => sum + depth.waiting + depth.leased, 0);
  if (waiting > queuedMax) return `${waiting} crashes wait in the queue: looked at nothing`;
  // Set aside with a reason: queued again, a crash that kills its processor would do so every day.
  const dead = new Set((await queue.deadLetters({ limit: queuedMax })).map(({ crashId }) => crashId));
  let [looked, missing, setAside] = [0, 0, 0];
  for (const date of datesToLookAt(clock.now())) {
    for await (const crashIds of chunksOf(storage.listCrashIds({ date }, signal), chunkItems)) {
      signal.throwIfAborted();
      looked += crashIds.length;
      for (const crashId of await unprocessedOf(crashIds, parts, signal)) {
        if (dead.has(crashId)) {
          setAside += 1;
        } else if (missing < queuedMax) {
          missing += 1;
          await queueAgain(crashId, parts, signal);
        }
      }
    }
  }
  metrics.gauge(jobMetrics.missingProcessed, missing);
  const more = setAside === 0 ? '' : `; ${setAside} more are set aside`;
  return `${missing} of ${looked} crashes lacked a processed crash${more}`;
}

/** Today and the days before as `YYYYMMDD`; a day counts once its crashes are old enough to be looked at. */
function datesToLookAt(now: Date): readonly string[] {
  return Array.from({ length: jobLimits.auditDays.value }, (_, day) =>
    new Date(now.getTime() - day * dayMs - jobLimits.auditGraceMs.value).toISOString().slice(0, 10).replaceAll('-', ''),
  );
}

async function queueAgain(crashId: CrashId, { queue, options, logger }: AuditParts, signal: AbortSignal) {
  if (options.auditQueues) await queue.publish('reprocessing', { crashId }, signal);
  logger
    .named('salvage.jobs')
    .warning(`${crashId} is stored but was never processed${options.auditQueues ? '; queued' : ''}`);
}

/**
 * Those that should have been processed by now and were not. Storage is written before the index, so what the index
 * knows needs no look into storage, which would read every processed crash of the day.
 */
async function unprocessedOf(
  crashIds: readonly CrashId[],
  { pool, storage, clock }: AuditParts,
  signal: AbortSignal,
): Promise<readonly CrashId[]> {
  // A deferred crash is stored and never queued.
  const expected = crashIds.filter((crashId) => throttleDigitOf(crashId) !== 1);
  const { rows } = await pool.query<{ crash_id: CrashId }>(
    'select crash_id from report_locator where crash_id = any($1::text[])',
    [expected],
  );
  const indexed = new Set(rows.map((row) => row.crash_id));
  const unprocessed: CrashId[] = [];
  for (const crashId of expected)
    if (
      !indexed.has(crashId) &&
      !(await hasProcessed(storage, crashId, signal)) &&
      !(await isYoung(storage, crashId, clock, signal))
    )
      unprocessed.push(crashId);
  return unprocessed;
}

async function hasProcessed(storage: CrashStorage, crashId: string, signal: AbortSignal): Promise<boolean> {
  try {
    await storage.getProcessedCrash(crashId, signal);
    return true;
  } catch (error) {
    if (isErrorOf(error, storageErrors.crash_not_found)) return false;
    if (isErrorOf(error, storageErrors.storage_corrupt)) return false;
    throw error;
  }
}

/** A crash of the last hour may still wait its turn. An unreadable time counts as old. */
async function isYoung(storage: CrashStorage, crashId: string, clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    const raw = await storage.getRawCrash(crashId, signal);
    const submittedMs = Date.parse(String(raw['submitted_timestamp'] ?? ''));
    return clock.now().getTime() - submittedMs < jobLimits.auditGraceMs.value;
  } catch (error) {
    if (isErrorOf(error, storageErrors.storage_outage)) throw error;
    return false;
  }
}
