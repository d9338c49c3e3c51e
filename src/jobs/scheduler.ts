// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import { errorText } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Job } from './job.ts';
import type { JobStore } from './job-store.ts';
import { jobLimits } from './limits.ts';

/** Runs what is due, one job after another, until the signal is aborted. Any number of processes may do so. */
export async function runScheduler(
  parts: { readonly jobs: readonly Job[]; readonly store: JobStore; readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  const logger = parts.logger.named('salvage.jobs');
  while (!signal.aborted) {
    for (const job of parts.jobs) {
      if (signal.aborted) return;
      try {
        const outcome = await parts.store.run(job, { isForced: false, signal });
        if (outcome.kind === 'done') logger.info(`${job.name}: ${outcome.result}`);
        if (outcome.kind === 'failed')
          logger.error(`${job.name} failed: ${errorText(outcome.error)}`, { error: outcome.error });
      } catch (error) {
        // The database is away: the jobs wait like everything else.
        logger.warning(`${job.name} could not be looked at: ${errorText(error)}`);
      }
    }
    await parts.clock.sleep(jobLimits.lookEveryMs.value, signal).catch(() => {});
  }
}
