// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

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
    writeExport: (name, text) => replaceFile(nodeFiles, join(dataDir, name), Buffer.from(text)),
    clock,
    logger,
    metrics,
  });
  return { jobs, store: new JobStore({ pool, clock, metrics }) };
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
