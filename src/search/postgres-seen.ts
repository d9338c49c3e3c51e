// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type pg from 'pg';

/** What the index knows of a report before it is written again. */
export interface IndexedReport {
  readonly crash_id: string;
  readonly product: string;
  readonly version: string | null;
  readonly signature: string | null;
  readonly build_id: number | null;
  readonly release_channel: string | null;
  readonly processed_at: Date | null;
}

/** Adds the batch to what was seen of signatures, products and versions. Rows are locked in one order by all writers. */
const addSeen = [
  `insert into signatures_seen (product, signature, first_date, last_date, first_build, last_build, report_count)
   select coalesce(product, ''), signature, min(date_processed), max(date_processed), min(build_id), max(build_id), count(*)
   from jsonb_to_recordset($1::jsonb) as r (product text, signature text, date_processed timestamptz, build_id bigint)
   where signature is not null group by 1, 2 order by 2, 1
   on conflict (signature, product) do update set
     first_date = least(signatures_seen.first_date, excluded.first_date),
     last_date = greatest(signatures_seen.last_date, excluded.last_date),
     first_build = least(signatures_seen.first_build, excluded.first_build),
     last_build = greatest(signatures_seen.last_build, excluded.last_build),
     report_count = signatures_seen.report_count + excluded.report_count`,
  `insert into products_seen (product, first_date, last_date, report_count)
   select product, min(date_processed), max(date_processed), count(*)
   from jsonb_to_recordset($1::jsonb) as r (product text, date_processed timestamptz)
   where product is not null group by 1 order by 1
   on conflict (product) do update set
     first_date = least(products_seen.first_date, excluded.first_date),
     last_date = greatest(products_seen.last_date, excluded.last_date),
     report_count = products_seen.report_count + excluded.report_count`,
  `insert into versions_seen (product, version, release_channel, first_date, last_date, report_count)
   select product, version, max(release_channel), min(date_processed), max(date_processed), count(*)
   from jsonb_to_recordset($1::jsonb) as r (product text, version text, release_channel text, date_processed timestamptz)
   where product is not null and version is not null group by 1, 2 order by 1, 2
   on conflict (product, version) do update set
     release_channel = coalesce(excluded.release_channel, versions_seen.release_channel),
     first_date = least(versions_seen.first_date, excluded.first_date),
     last_date = greatest(versions_seen.last_date, excluded.last_date),
     report_count = versions_seen.report_count + excluded.report_count`,
];

/**
 * Recomputes from the reports themselves, and from what dropped weeks had (`dropped_…`), what is known of these products,
 * versions and signatures.
 */
const recomputeSeen = [
  `with keys as (select distinct product, signature from jsonb_to_recordset($1::jsonb) as k (product text, signature text) where signature is not null),
   now_seen as (
     select k.product, k.signature, min(r.date_processed) first_date, max(r.date_processed) last_date,
       min(r.build_id) first_build, max(r.build_id) last_build, count(r.crash_id) report_count
     from keys k left join reports r on r.signature = k.signature and coalesce(r.product, '') = k.product group by 1, 2),
   gone as (
     delete from signatures_seen s using now_seen n where s.signature = n.signature and s.product = n.product
       and n.report_count + s.dropped_count = 0)
   update signatures_seen s set first_date = least(n.first_date, s.dropped_first_date),
     last_date = greatest(n.last_date, s.dropped_last_date), first_build = least(n.first_build, s.dropped_first_build),
     last_build = greatest(n.last_build, s.dropped_last_build), report_count = n.report_count + s.dropped_count
   from now_seen n where s.signature = n.signature and s.product = n.product and n.report_count + s.dropped_count > 0`,
  `with keys as (select distinct product from jsonb_to_recordset($1::jsonb) as k (product text) where product <> ''),
   now_seen as (
     select k.product, min(r.date_processed) first_date, max(r.date_processed) last_date, count(r.crash_id) report_count
     from keys k left join reports r on r.product = k.product group by 1),
   gone as (
     delete from products_seen s using now_seen n where s.product = n.product and n.report_count + s.dropped_count = 0)
   update products_seen s set first_date = least(n.first_date, s.dropped_first_date),
     last_date = greatest(n.last_date, s.dropped_last_date), report_count = n.report_count + s.dropped_count
   from now_seen n where s.product = n.product and n.report_count + s.dropped_count > 0`,
  `with keys as (select distinct product, version from jsonb_to_recordset($1::jsonb) as k (product text, version text) where product <> '' and version is not null),
   now_seen as (
     select k.product, k.version, min(r.date_processed) first_date, max(r.date_processed) last_date, count(r.crash_id) report_count
     from keys k left join reports r on r.product = k.product and r.version = k.version group by 1, 2),
   gone as (
     delete from versions_seen s using now_seen n where s.product = n.product and s.version = n.version
       and n.report_count + s.dropped_count = 0)
   update versions_seen s set first_date = least(n.first_date, s.dropped_first_date),
     last_date = greatest(n.last_date, s.dropped_last_date), report_count = n.report_count + s.dropped_count
   from now_seen n where s.product = n.product and s.version = n.version and n.report_count + s.dropped_count > 0`,
];

/** The same columns of every table of sights, as a sum of what was kept before and what a dropped table had. */
const keptDates = `dropped_first_date = least(s.dropped_first_date, n.first_date),
     dropped_last_date = greatest(s.dropped_last_date, n.last_date), dropped_count = s.dropped_count + n.report_count`;

/** Keeps the sights of reports of one table between two dates ($1, $2), which are about to be dropped. */
function keepDropped(table: string): readonly string[] {
  const from = (columns: string) =>
    `select ${columns}, min(date_processed) first_date, max(date_processed) last_date, min(build_id) first_build,
       max(build_id) last_build, count(*) report_count
     from ${table} where date_processed >= $1 and date_processed < $2 group by ${columns}`;
  return [
    `update signatures_seen s set ${keptDates}, dropped_first_build = least(s.dropped_first_build, n.first_build),
       dropped_last_build = greatest(s.dropped_last_build, n.last_build)
     from (${from('product, signature')}) n where s.signature = n.signature and s.product = coalesce(n.product, '')`,
    `update products_seen s set ${keptDates} from (${from('product')}) n where s.product = n.product`,
    `update versions_seen s set ${keptDates}
     from (${from('product, version')}) n where s.product = n.product and s.version = n.version`,
  ];
}

/** Has the tables of sights for this transaction alone: recounts touch rows in no order. */
export async function lockSeen(client: pg.PoolClient): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtext('salvage_seen'))`);
}

/** Adds new reports to what was seen, and counts anew what reports that were indexed before have moved from and to. */
export async function updateSeen(
  client: pg.PoolClient,
  fresh: readonly Record<string, unknown>[],
  old: readonly IndexedReport[],
  records: readonly Record<string, unknown>[],
): Promise<void> {
  const moves = findMoves(old, records);
  // Taken once, before any row of what was seen.
  if (moves.some(({ keys }) => keys.length > 0)) await lockSeen(client);
  else await client.query(`select pg_advisory_xact_lock_shared(hashtext('salvage_seen'))`);
  for (const [at, statement] of addSeen.entries()) {
    // The rows of moved reports must exist before they can be recounted; counts are put right just after.
    const added = [...fresh, ...(moves[at]?.records ?? [])];
    if (added.length > 0) await client.query(statement, [JSON.stringify(added)]);
  }
  for (const [at, statement] of recomputeSeen.entries())
    if (moves[at] && moves[at].keys.length > 0) await client.query(statement, [JSON.stringify(moves[at].keys)]);
}

/** Counts anew what these reports, which are gone, were among. */
export async function recountSeen(client: pg.PoolClient, gone: readonly IndexedReport[]): Promise<void> {
  for (const statement of recomputeSeen) await client.query(statement, [JSON.stringify(gone)]);
}

/** Keeps what reports of a table (a name of ours) between two dates were the sights of: they are about to be dropped. */
export async function keepDroppedSeen(client: pg.PoolClient, table: string, from: Date, to: Date): Promise<void> {
  for (const statement of keepDropped(table)) await client.query(statement, [from, to]);
}

/** What each of the three tables of sights tells reports apart by, in the order of `addSeen` and `recomputeSeen`. */
const seenColumns = [
  ['product', 'signature', 'build_id'],
  ['product'],
  ['product', 'version', 'release_channel'],
] as const;

interface Moves {
  readonly records: readonly Record<string, unknown>[];
  readonly keys: readonly object[];
}

/**
 * Reports that were indexed before and differ now in what a table of sights is about: both the old and the new key are
 * counted anew. The others, most of a large reprocessing, cost nothing.
 */
function findMoves(old: readonly IndexedReport[], records: readonly Record<string, unknown>[]): readonly Moves[] {
  const byId = new Map(records.map((record) => [String(record['crash_id']), record]));
  return seenColumns.map((columns) => {
    const moved = old.filter((report) => {
      const now = byId.get(report.crash_id);
      return now && columns.some((column) => (report[column] ?? '') !== (now[column] ?? ''));
    });
    const after = moved.map(({ crash_id }) => byId.get(crash_id) as Record<string, unknown>);
    return {
      records: after,
      keys: [...moved, ...after.map((record) => ({ ...record, product: record['product'] ?? '' }))],
    };
  });
}
