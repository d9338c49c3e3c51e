// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import { errorText } from '../lib/errors.ts';
import type { Metrics } from '../lib/metrics.ts';
import { type Pool, withTransaction } from '../lib/postgres/pool.ts';
import type { Job, JobRecord } from './job.ts';
import { jobLimits } from './limits.ts';
import { jobMetrics } from './metrics.ts';

interface JobRow {
  readonly name: string;
  readonly last_run_at: Date | null;
  readonly last_success_at: Date | null;
  readonly next_run_at: Date;
  readonly duration_ms: number | null;
  readonly last_result: string | null;
  readonly consecutive_errors: number;
  readonly last_error: string | null;
}

/** How a run ended; `busy` = another process runs this job just now. */
export type JobOutcome =
  | { readonly kind: 'done'; readonly result: string }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'not due' }
  | { readonly kind: 'busy' };

/** Runs jobs under the lock of their row and remembers how it went. */
export class JobStore {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #metrics: Metrics;

  constructor(options: { readonly pool: Pool; readonly clock: Clock; readonly metrics: Metrics }) {
    this.#pool = options.pool;
    this.#clock = options.clock;
    this.#metrics = options.metrics;
  }

  /** Runs the job if it is due, or in any case when `isForced`. The lock is held for the whole run. */
  async run(job: Job, options: { readonly isForced: boolean; readonly signal: AbortSignal }): Promise<JobOutcome> {
    await this.#pool.query('insert into jobs (name, next_run_at) values ($1, $2) on conflict (name) do nothing', [
      job.name,
      this.#clock.now(),
    ]);
    return withTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<JobRow>('select * from jobs where name = $1 for update skip locked', [
        job.name,
      ]);
      const row = rows[0];
      if (!row) return { kind: 'busy' };
      if (!options.isForced && row.next_run_at > this.#clock.now()) return { kind: 'not due' };
      // The run may take longer than an idle transaction is allowed.
      await client.query('set local idle_in_transaction_session_timeout = 0');
      const startedAt = this.#clock.now();
      const startMs = this.#clock.monotonicMs();
      const outcome = await job.run(options.signal).then(
        (result): JobOutcome => ({ kind: 'done', result }),
        (error: unknown): JobOutcome => ({ kind: 'failed', error }),
      );
      const durationMs = Math.round(this.#clock.monotonicMs() - startMs);
      this.#metrics.timing(jobMetrics.run, durationMs, {
        job: job.name,
        result: outcome.kind === 'done' ? 'success' : 'failure',
      });
      const waitMs = outcome.kind === 'done' ? job.everyMs : Math.min(job.everyMs, jobLimits.retryAfterMs.value);
      await client.query(
        `update jobs set last_run_at = $2, duration_ms = $3, next_run_at = $4,
           last_success_at = case when $5::text is not null then $2 else last_success_at end,
           last_result = coalesce($5, last_result),
           consecutive_errors = case when $5::text is not null then 0 else consecutive_errors + 1 end,
           last_error = case when $5::text is not null then null else $6 end
         where name = $1`,
        [
          job.name,
          startedAt,
          durationMs,
          new Date(this.#clock.now().getTime() + waitMs),
          outcome.kind === 'done' ? outcome.result : null,
          outcome.kind === 'failed' ? errorText(outcome.error).slice(0, 500) : null,
        ],
      );
      return outcome;
    });
  }

  async records(): Promise<readonly JobRecord[]> {
    const { rows } = await this.#pool.query<JobRow>('select * from jobs order by name');
    return rows.map((row) => ({
      name: row.name,
      lastRunAt: row.last_run_at,
      lastSuccessAt: row.last_success_at,
      nextRunAt: row.next_run_at,
      durationMs: row.duration_ms,
      lastResult: row.last_result,
      consecutiveErrors: row.consecutive_errors,
      lastError: row.last_error,
    }));
  }
}
