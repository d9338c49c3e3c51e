// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type pg from 'pg';
import { type Pool, type Queryable, withTransaction } from '../lib/postgres/pool.ts';
import { keepDroppedSeen, lockSeen } from './postgres-seen.ts';

const weekMs = 7 * 86_400_000;

/** Monday 00:00 UTC of the week that holds the date. */
export function weekOf(date: Date): Date {
  const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return new Date(day - ((date.getUTCDay() + 6) % 7) * 86_400_000);
}

/** As long as reports stay by default: what was before a longer rest is about to be dropped. */
const idleWeeksMax = 26;

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

  /** Makes the partitions of this week and the next four, and of weeks since the newest one in which nothing ran. */
  async ensureAhead(now: Date): Promise<void> {
    const newest = (await this.list()).at(-1)?.week ?? now;
    const first = Math.min(weekOf(newest).getTime(), weekOf(now).getTime());
    const weeks: Date[] = [];
    for (
      let ms = Math.max(first, now.getTime() - idleWeeksMax * weekMs);
      ms <= now.getTime() + 4 * weekMs;
      ms += weekMs
    )
      weeks.push(new Date(ms));
    await this.ensure(weeks);
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

  /**
   * Weeks of a period that have no table though reports were seen before and after: retention, or somebody, dropped them.
   * `products` bounds whose reports are looked at; null = all.
   */
  async missingWeeks(
    db: Queryable,
    from: Date,
    to: Date,
    products: readonly string[] | null,
  ): Promise<readonly string[]> {
    const weeks: Date[] = [];
    for (let week = weekOf(from); week <= to; week = new Date(week.getTime() + weekMs)) weeks.push(week);
    const { rows } = await db.query<{ name: string }>(
      `select w.name from unnest($1::text[], $2::timestamptz[]) as w (name, week),
         (select min(first_date) as first_date, max(last_date) as last_date from products_seen
          where $3::text[] is null or product = any($3)) seen
       where to_regclass(w.name) is null and w.week <= seen.last_date and w.week + interval '7 days' > seen.first_date
         and not exists (select from reports_default d where d.date_processed >= w.week and d.date_processed < w.week + interval '7 days')
       order by 1`,
      [weeks.map(partitionName), weeks, products === null ? null : [...products]],
    );
    return rows.map(({ name }) => name);
  }

  /** Reports in the default partition: dates that nobody expected. */
  strayCount(): Promise<number> {
    return this.#strayCount(null);
  }

  async #strayCount(before: Date | null): Promise<number> {
    const { rows } = await this.#pool.query<{ n: number }>(
      'select count(*) as n from reports_default where $1::timestamptz is null or date_processed < $1',
      [before],
    );
    return rows[0]?.n ?? 0;
  }

  /** Drops every week that ended before the date, whole; first and last sights stay. Returns the dropped names. */
  async dropBefore(date: Date): Promise<readonly string[]> {
    const old = (await this.list()).filter(({ week }) => week.getTime() + weekMs <= date.getTime());
    for (const { name, week } of old) {
      await this.#retire(name, week, new Date(week.getTime() + weekMs), (client) => dropTable(client, name));
      this.#known.delete(name);
    }
    const before = weekOf(date);
    if ((await this.#strayCount(before)) > 0)
      await this.#retire('reports_default', new Date(0), before, (client) =>
        client.query('delete from reports_default where date_processed < $1', [before]),
      );
    return old.map(({ name }) => name);
  }

  /** Takes reports of one table out of the index, after what they were the first or last sight of has been kept. */
  async #retire(
    table: string,
    from: Date,
    to: Date,
    remove: (client: pg.PoolClient) => Promise<unknown>,
  ): Promise<void> {
    await withTransaction(this.#pool, async (client) => {
      // Against writers that recount meanwhile. Waiting is short or given up: the next run tries again.
      await client.query(`set local lock_timeout = '2s'`);
      await lockSeen(client);
      await keepDroppedSeen(client, table, from, to);
      await client.query('delete from report_locator where date_processed >= $1 and date_processed < $2', [from, to]);
      await remove(client);
    });
  }
}

/** How often the lock that a drop needs is asked for; a search takes less time than all of them together. */
const lockTries = 30;

/**
 * Detaching concurrently is refused beside a default partition, so the drop needs a moment without any reader. It is
 * asked for briefly and again, for whoever waits for it holds up every reader that comes after.
 */
async function dropTable(client: pg.PoolClient, name: string): Promise<void> {
  await client.query(`set local lock_timeout = '100ms'`);
  for (let tries = 1; ; tries++) {
    await client.query('savepoint before_drop');
    try {
      await client.query(`drop table ${name}`);
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== '55P03' || tries === lockTries) throw error;
      await client.query('rollback to savepoint before_drop');
      await client.query('select pg_sleep(0.15)');
    }
  }
}
