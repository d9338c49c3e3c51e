// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import { jobErrors } from '../../jobs/errors.ts';
import type { JobRecord } from '../../jobs/job.ts';
import { SalvageError } from '../../lib/errors.ts';
import { openContext, type ProcessContext } from '../context.ts';
import { openDatabase } from '../parts/database.ts';
import { openJobs } from '../parts/jobs.ts';
import { openQueue } from '../parts/queues.ts';
import { openStorage } from '../parts/storages.ts';

async function withJobs(
  action: (opened: ReturnType<typeof openJobs>, context: ProcessContext) => Promise<void>,
): Promise<void> {
  const context = await openContext('jobs', { logsTo: 'stderr', announcesConfig: false });
  try {
    const database = await openDatabase(context);
    const storage = await openStorage(context, 'fs', database);
    const queue = await openQueue(context, 'postgres', database);
    await action(openJobs(context, { database, storage, queue }), context);
  } finally {
    await context.releasers.releaseAll();
  }
}

function timesText(record: JobRecord | undefined): string {
  if (!record?.lastRunAt) return 'has not run yet';
  const time = (date: Date) => date.toISOString().slice(0, 16).replace('T', ' ');
  return `last ${time(record.lastRunAt)}${record.nextRunAt ? `, next ${time(record.nextRunAt)}` : ''} UTC`;
}

/** `salvage jobs`: scheduled work, visible and runnable by hand. */
export function addJobsCommand(program: Command): void {
  const command = program.command('jobs').description('scheduled work: list it, or run one job now');
  command
    .command('ls')
    .description('list the jobs with their last and next runs')
    .action(() =>
      withJobs(async ({ jobs, store }) => {
        const records = new Map((await store.records()).map((record) => [record.name, record]));
        for (const { name, description } of jobs) {
          const record = records.get(name);
          process.stdout.write(`${name}: ${description}\n  ${timesText(record)}`);
          if (record?.lastResult) process.stdout.write(`; ${record.lastResult}`);
          if (record?.lastError)
            process.stdout.write(`\n  failed ${record.consecutiveErrors} times: ${record.lastError}`);
          process.stdout.write('\n');
        }
      }),
    );
  command
    .command('run')
    .description('run one job now, due or not')
    .argument('<name>', 'name of the job, see `salvage jobs ls`')
    .action((name: string) =>
      withJobs(async ({ jobs, store }) => {
        const job = jobs.find((one) => one.name === name);
        if (!job) {
          const names = jobs.map((one) => one.name).join(', ');
          throw new SalvageError(jobErrors.unknown_job, `there is no job ${JSON.stringify(name)}; there are ${names}`);
        }
        const outcome = await store.run(job, { isForced: true, signal: new AbortController().signal });
        if (outcome.kind === 'failed') throw outcome.error;
        process.stdout.write(
          `${name}: ${outcome.kind === 'done' ? outcome.result : 'another process runs it just now'}\n`,
        );
      }),
    );
}
