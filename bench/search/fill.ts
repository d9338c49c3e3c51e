// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Pool } from '../../src/lib/postgres/pool.ts';
import { PostgresSearch } from '../../src/search/postgres-search.ts';
import { inventReport, seededRandom } from '../../test/builders/report-builder.ts';

const dayMs = 86_400_000;
const seedReports = 5000;
/** Copies of one insert: large enough to be quick, small enough to tell how far it is. */
const copyReports = 50_000;

export interface FillOptions {
  readonly pool: Pool;
  readonly now: Date;
  readonly reports: number;
  readonly weeks: number;
  readonly signatures: number;
  readonly tell: (text: string) => void;
}

/**
 * Fills the index as 26 weeks of reports would: some go in through the index itself, and the server multiplies them with
 * ids, dates, clients and numbers of their own. Indexes are built afterwards, as after a restore.
 */
export async function fillIndex({ pool, now, reports, weeks, signatures, tell }: FillOptions): Promise<void> {
  const index = new PostgresSearch({ pool });
  await index.partitions.ensure(
    Array.from({ length: weeks + 1 }, (_, week) => new Date(now.getTime() - week * 7 * dayMs)),
  );
  const spread = { random: seededRandom(1), from: new Date(now.getTime() - weeks * 7 * dayMs), to: now };
  const seeds = Array.from({ length: seedReports }, () => inventReport({ ...spread, signatureCount: signatures }));
  for (let at = 0; at < seeds.length; at += 200) await index.indexReports(seeds.slice(at, at + 200));
  tell(`${seedReports} reports through the index`);
  const definitions = await dropIndexes(pool);
  await pool.query('create table bench_seeds as select row_number() over () - 1 as n, r.* from reports r');
  await pool.query('create index on bench_seeds (n)');
  for (let done = seedReports; done < reports; done += copyReports) {
    await multiply(pool, now, weeks, Math.min(copyReports, reports - done));
    tell(`${Math.min(reports, done + copyReports)} of ${reports}`);
  }
  await pool.query('drop table bench_seeds');
  for (const definition of definitions) {
    await pool.query(definition);
    tell(definition.slice(0, 60));
  }
  await recountSeen(pool);
  await pool.query('vacuum (analyze) reports');
  await pool.query('vacuum (analyze) signatures_seen, versions_seen, products_seen, report_locator');
}

/** Takes the secondary indexes away and returns how to make them. */
async function dropIndexes(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
     from pg_index where indrelid in ('reports'::regclass, 'report_locator'::regclass) and not indisprimary`,
  );
  for (const { name } of rows) await pool.query(`drop index ${name}`);
  return rows.map(({ definition }) => definition.replace(' ON ONLY ', ' ON '));
}

async function multiply(pool: Pool, now: Date, weeks: number, count: number): Promise<void> {
  const columns = await pool.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = 'reports'::regclass and attnum > 0 and not attisdropped`,
  );
  const own: Readonly<Record<string, string>> = {
    crash_id: 'c.crash_id',
    date_processed: 'c.date_processed',
    client_id: `'client-' || (random() * 200000)::int`,
    install_time: '1700000000 + (random() * 300000)::int * 60',
    uptime: '(power(random(), 2) * 7200)::int',
    address: `'0x' || lpad(to_hex((random() * 2147483647)::int), 16, '0')`,
  };
  const names = columns.rows.map(({ name }) => name);
  // Few signatures have most of the reports, many have one or two: the power bends the choice of seeds.
  await pool.query(
    `with copies as materialized (
       select overlay(gen_random_uuid()::text placing '0' || to_char(d, 'YYMMDD') from 30) as crash_id, d as date_processed,
         floor(random() * ${seedReports})::int as n
       from (select $1::timestamptz - random() * interval '${weeks * 7} days' as d from generate_series(1, $2)) dates),
     located as (insert into report_locator (crash_id, date_processed) select crash_id, date_processed from copies)
     insert into reports (${names.join(', ')})
     select ${names.map((name) => own[name] ?? `s.${name}`).join(', ')} from copies c join bench_seeds s using (n)`,
    [now, count],
  );
}

async function recountSeen(pool: Pool): Promise<void> {
  await pool.query('truncate signatures_seen, products_seen, versions_seen');
  await pool.query(
    `insert into signatures_seen select product, signature, min(date_processed), max(date_processed), min(build_id), max(build_id), count(*) from reports group by 1, 2`,
  );
  await pool.query(
    'insert into products_seen select product, min(date_processed), max(date_processed), count(*) from reports group by 1',
  );
  await pool.query(
    'insert into versions_seen select product, version, max(release_channel), min(date_processed), max(date_processed), count(*) from reports group by 1, 2',
  );
}
