// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../clock.ts';
import type { JsonObject } from '../json.ts';
import type { StatusRow, StatusSource } from '../status.ts';
import type { Pool } from './pool.ts';
import { fetchRows } from './query.ts';

/** A process that has said nothing for this long is gone; older rows are of no use to anybody. */
const forgottenAfter = '1 day';
/** A row this old, older than the process that now has its role on its host, is of the one that was replaced. */
const replacedAfter = '1 minute';

/** Status rows of all processes of a site in PostgreSQL (decisions.md 44). Ages are by the clock of the database. */
export class PostgresStatus implements StatusSource {
  readonly #pool: Pool;
  readonly #clock: Clock;

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Writes what one process says; `uptimeS` is how long it runs, so that the rows of the one it replaced go. */
  async write(rows: readonly StatusRow[], uptimeS: number): Promise<void> {
    for (const { role, instance, details } of rows)
      await this.#pool.query(
        `with replaced as (
           delete from role_status where role = $1 and instance <> $2
             and split_part(instance, ':', 1) = split_part($2, ':', 1)
             and updated_at < now() - greatest(interval '${replacedAfter}', make_interval(secs => $4)))
         insert into role_status (role, instance, details) values ($1, $2, $3)
         on conflict (role, instance) do update set updated_at = now(), details = excluded.details`,
        [role, instance, JSON.stringify(details), uptimeS],
      );
  }

  /** A process that ends in order takes its rows along. */
  async forget(instance: string): Promise<void> {
    await this.#pool.query('delete from role_status where instance = $1', [instance]);
  }

  async rows(): Promise<readonly StatusRow[]> {
    const found = await fetchRows<{ role: string; instance: string; age_ms: number; details: JsonObject }>(
      this.#pool,
      `select role, instance, (extract(epoch from now() - updated_at) * 1000)::float8 as age_ms, details
       from role_status where updated_at > now() - interval '${forgottenAfter}' order by role, instance`,
    );
    return found.map(({ role, instance, age_ms, details }) => ({
      role,
      instance,
      updatedAt: new Date(this.#clock.now().getTime() - age_ms),
      details,
    }));
  }
}
