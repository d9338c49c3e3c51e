// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Pool } from '../lib/postgres/pool.ts';
import { execute, fetchValue } from '../lib/postgres/query.ts';
import type { AttemptCounter } from './attempt-counter.ts';

/** Attempts in the table `queue_attempts`. */
export class PostgresAttemptCounter implements AttemptCounter {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  count(crashId: CrashId): Promise<number> {
    return fetchValue(
      this.#pool,
      `insert into queue_attempts as q (crash_id, attempts) values ($1, 1)
       on conflict (crash_id) do update set attempts = q.attempts + 1, last_at = clock_timestamp()
       returning attempts`,
      [crashId],
    );
  }

  async forget(crashId: CrashId): Promise<void> {
    await execute(this.#pool, 'delete from queue_attempts where crash_id = $1', [crashId]);
  }
}
