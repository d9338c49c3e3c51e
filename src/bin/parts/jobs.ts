// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { makeJobs } from '../../jobs/all-jobs.ts';
import type { Job } from '../../jobs/job.ts';
import { JobStore } from '../../jobs/job-store.ts';
import { jobOptions } from '../../jobs/options.ts';
import { runScheduler } from '../../jobs/scheduler.ts';
import { replaceFile } from '../../lib/durable-files.ts';
import { nodeFiles } from '../../lib/files.ts';
import type { CrashQueue } from '../../queue/crash-queue.ts';
import { ReportPartitions } from '../../search/postgres-partitions.ts';
import type { CrashStorage } from '../../storage/crash-storage.ts';
import { fsStorageOptions, storageTreeOptions } from '../../storage/options.ts';
import type { ProcessContext } from '../context.ts';
import type { Database } from './database.ts';

/** The scheduled jobs of a site and the memory of their runs. */
export function openJobs(
  context: ProcessContext,
  parts: { readonly database: Database; readonly storage: CrashStorage; readonly queue: CrashQueue },
): { jobs: readonly Job[]; store: JobStore } {
  const { clock, logger, metrics, config, dataDir } = context;
  const { pool } = parts.database;
  const jobs = makeJobs({
    pool,
    partitions: new ReportPartitions(pool),
    storage: parts.storage,
    queue: parts.queue,
    options: config.valuesOf(jobOptions),
    retention: retentionOf(context, parts.storage),
    writeExport: (name, text) => replaceFile(nodeFiles, join(dataDir, name), Buffer.from(text)),
    clock,
    logger,
    metrics,
  });
  return { jobs, store: new JobStore({ pool, clock, metrics }) };
}

/** The free disk counts for a store on a disk of this machine; a bucket or a database has its own. */
function retentionOf({ config, dataDir }: ProcessContext, storage: CrashStorage) {
  const { retentionDays, retentionBytesMax, retentionFreePercentMin } = config.valuesOf(storageTreeOptions);
  const root = config.valuesOf(fsStorageOptions).root || join(dataDir, 'crashes');
  const isOnDisk = storage.name === 'fs' && retentionFreePercentMin > 0;
  return {
    rule: { daysMax: retentionDays || null, bytesMax: retentionBytesMax || null },
    disk: isOnDisk ? { freePercentMin: retentionFreePercentMin, freePercent: () => freePercent(root) } : null,
  };
}

async function freePercent(path: string): Promise<number> {
  const { bavail, blocks } = await statfs(path).catch((error: NodeJS.ErrnoException) => {
    // Before the first crash there is nothing to delete either.
    if (error.code === 'ENOENT') return { bavail: 0, blocks: 0 };
    throw error;
  });
  return blocks === 0 ? 100 : (100 * bavail) / blocks;
}

/** Runs the jobs beside the other stages until released. */
export function startJobs(context: ProcessContext, opened: ReturnType<typeof openJobs>): void {
  const stopping = new AbortController();
  const running = runScheduler({ ...opened, clock: context.clock, logger: context.logger }, stopping.signal);
  context.releasers.add('jobs', async () => {
    stopping.abort();
    await running;
  });
}
