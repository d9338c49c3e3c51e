// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Pool, withTransaction } from '../lib/postgres/pool.ts';

const weekMs = 7 * 86_400_000;

/** Monday 00:00 UTC of the week that holds the date. */
export function weekOf(date: Date): Date {
  const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return new Date(day - ((date.getUTCDay() + 6) % 7) * 86_400_000);
}

function partitionName(week: Date): string {
  return `reports_p${week.toISOString().slice(0, 10).replaceAll('-', '')}`;
}

export interface ReportPartition {
  readonly name: string;
  /** Monday, UTC. */
  readonly week: Date;
  readonly sizeBytes: number;
}

/** The weekly partitions of `reports`: made ahead, dropped as a whole when retention has passed them. */
export class ReportPartitions {
  readonly #pool: Pool;
  readonly #known = new Set<string>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Makes what is missing for these dates. A week whose reports already lie in the default partition stays there. */
  async ensure(dates: readonly Date[]): Promise<void> {
    for (const week of new Map(dates.map((date) => [weekOf(date).getTime(), weekOf(date)])).values()) {
      const name = partitionName(week);
      if (this.#known.has(name)) continue;
      const to = new Date(week.getTime() + weekMs);
      try {
        await this.#pool.query(
          `create table if not exists ${name} partition of reports for values from ('${week.toISOString()}') to ('${to.toISOString()}')`,
        );
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        // 23514: the default partition has rows of that week; 42P07 and 23505: another process made it just now.
        if (code !== '23514' && code !== '42P07' && code !== '23505') throw error;
      }
      this.#known.add(name);
    }
  }

  /** Makes the partitions of this week and the next four. */
  async ensureAhead(now: Date): Promise<void> {
    await this.ensure([0, 1, 2, 3, 4].map((weeks) => new Date(now.getTime() + weeks * weekMs)));
  }

  async list(): Promise<readonly ReportPartition[]> {
    const { rows } = await this.#pool.query<{ name: string; size: number }>(
      `select c.relname as name, pg_total_relation_size(c.oid) as size from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'reports'::regclass and c.relname like 'reports\\_p%' order by 1`,
    );
    return rows.map(({ name, size }) => {
      const [, year, month, day] = /_p(\d{4})(\d{2})(\d{2})$/.exec(name) as unknown as string[];
      return { name, week: new Date(`${year}-${month}-${day}T00:00:00Z`), sizeBytes: size };
    });
  }

  /** Reports in the default partition: dates that nobody expected. */
  async strayCount(): Promise<number> {
    const { rows } = await this.#pool.query<{ n: number }>('select count(*) as n from reports_default');
    return rows[0]?.n ?? 0;
  }

  /** Drops every week that ended before the date, whole; first and last sights stay. Returns the dropped names. */
  async dropBefore(date: Date): Promise<readonly string[]> {
    const old = (await this.list()).filter(({ week }) => week.getTime() + weekMs <= date.getTime());
    for (const { name, week } of old) {
      // Detaching concurrently is refused beside a default partition. The short lock is given up rather than queued
      // behind a long search, where it would hold up every reader after it; the next run tries again.
      await withTransaction(this.#pool, async (client) => {
        await client.query(`set local lock_timeout = '2s'`);
        await client.query('delete from report_locator where date_processed >= $1 and date_processed < $2', [
          week,
          new Date(week.getTime() + weekMs),
        ]);
        await client.query(`drop table ${name}`);
      });
      this.#known.delete(name);
    }
    return old.map(({ name }) => name);
  }
}
