// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type pg from 'pg';
import type { CrashId } from '../crash/crash-id.ts';
import type { ReportRow } from './report-row.ts';
import { rowTerms } from './report-row.ts';
import { type SearchField, searchFields } from './search-fields.ts';

/** Typed columns in the order of the insert statement: name, SQL type, field. */
const typedColumns = [...searchFields.values()]
  .filter((field) => field.hasColumn && field.name !== 'uuid' && field.name !== 'date')
  .map((field) => ({ name: field.name, type: columnType(field), field }));

function columnType(field: SearchField): string {
  if (field.kind === 'integer') return 'bigint';
  if (field.kind === 'boolean') return 'boolean';
  return field.kind === 'parts' ? 'text[]' : 'text';
}

const otherColumns = [
  ['terms', 'text[]'],
  ['protected_terms', 'text[]'],
  ['pub', 'jsonb'],
  ['prot', 'jsonb'],
  ['annotations', 'jsonb'],
  ['removed_fields', 'text[]'],
  ['processed_at', 'timestamptz'],
] as const;

const columnNames = [
  'crash_id',
  'date_processed',
  ...typedColumns.map(({ name }) => name),
  ...otherColumns.map(([name]) => name),
];
const recordType = [
  'crash_id text',
  'date_processed timestamptz',
  ...typedColumns.map(({ name, type }) => `${name} ${type}`),
  ...otherColumns.map(([name, type]) => `${name} ${type}`),
].join(', ');

/** The whole batch is one parameter: a JSON array of records. */
const upsertReports = `
insert into reports (${columnNames.join(', ')})
select ${columnNames.join(', ')} from jsonb_to_recordset($1::jsonb) as r (${recordType})
on conflict (date_processed, crash_id) do update set
  ${columnNames
    .slice(2)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}, indexed_at = clock_timestamp()`;

/** A report keeps the date of its first indexing, so it stays in its partition when it is processed again. */
const claimIds = `
insert into report_locator (crash_id, date_processed)
select crash_id, date_processed from jsonb_to_recordset($1::jsonb) as r (crash_id text, date_processed timestamptz)
order by crash_id
on conflict (crash_id) do update set crash_id = excluded.crash_id
returning crash_id, date_processed, xmax <> 0 as existed`;

const readOld = `
select r.crash_id, coalesce(r.product, '') as product, r.version, r.signature, r.build_id, r.release_channel
from reports r join unnest($1::text[], $2::timestamptz[]) as k (crash_id, date_processed) using (crash_id, date_processed)`;

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

/** Recomputes from the reports themselves what is known of these products, versions and signatures. */
const recomputeSeen = [
  `with keys as (select distinct product, signature from jsonb_to_recordset($1::jsonb) as k (product text, signature text) where signature is not null),
   now_seen as (
     select k.product, k.signature, min(r.date_processed) first_date, max(r.date_processed) last_date,
       min(r.build_id) first_build, max(r.build_id) last_build, count(*) report_count
     from keys k join reports r on r.signature = k.signature and coalesce(r.product, '') = k.product group by 1, 2),
   gone as (
     delete from signatures_seen s using keys k where s.signature = k.signature and s.product = k.product
       and not exists (select from now_seen n where n.product = k.product and n.signature = k.signature))
   update signatures_seen s set first_date = n.first_date, last_date = n.last_date, first_build = n.first_build,
     last_build = n.last_build, report_count = n.report_count
   from now_seen n where s.signature = n.signature and s.product = n.product`,
  `with keys as (select distinct product from jsonb_to_recordset($1::jsonb) as k (product text) where product <> ''),
   now_seen as (
     select k.product, min(r.date_processed) first_date, max(r.date_processed) last_date, count(*) report_count
     from keys k join reports r on r.product = k.product group by 1),
   gone as (
     delete from products_seen s using keys k where s.product = k.product
       and not exists (select from now_seen n where n.product = k.product))
   update products_seen s set first_date = n.first_date, last_date = n.last_date, report_count = n.report_count
   from now_seen n where s.product = n.product`,
  `with keys as (select distinct product, version from jsonb_to_recordset($1::jsonb) as k (product text, version text) where product <> '' and version is not null),
   now_seen as (
     select k.product, k.version, min(r.date_processed) first_date, max(r.date_processed) last_date, count(*) report_count
     from keys k join reports r on r.product = k.product and r.version = k.version group by 1, 2),
   gone as (
     delete from versions_seen s using keys k where s.product = k.product and s.version = k.version
       and not exists (select from now_seen n where n.product = k.product and n.version = k.version))
   update versions_seen s set first_date = n.first_date, last_date = n.last_date, report_count = n.report_count
   from now_seen n where s.product = n.product and s.version = n.version`,
];

interface OldReport {
  readonly crash_id: string;
  readonly product: string;
  readonly version: string | null;
  readonly signature: string | null;
  readonly build_id: number | null;
  readonly release_channel: string | null;
}

/** Writes one batch inside the caller's transaction. Rows of the same id must not repeat within a batch. */
export async function writeReports(client: pg.PoolClient, rows: readonly ReportRow[]): Promise<void> {
  // One order of ids over all writers: two batches with the same ids cannot wait for each other in a ring.
  const sorted = [...rows].sort((a, b) => (a.crashId < b.crashId ? -1 : 1));
  const records = sorted.map(recordOf);
  const claimed = await client.query<{ crash_id: string; date_processed: Date; existed: boolean }>(claimIds, [
    JSON.stringify(records),
  ]);
  const byId = new Map(claimed.rows.map((row) => [row.crash_id, row]));
  for (const record of records)
    record['date_processed'] =
      byId.get(String(record['crash_id']))?.date_processed.toISOString() ?? record['date_processed'];
  const existing = claimed.rows.filter((row) => row.existed);
  const old = existing.length === 0 ? [] : await readOldReports(client, existing);
  await client.query(upsertReports, [JSON.stringify(records)]);
  const indexedBefore = new Set(old.map((report) => report.crash_id));
  const fresh = records.filter((record) => !indexedBefore.has(String(record['crash_id'])));
  const moves = findMoves(old, records);
  // Taken once, before any row of what was seen: recounts touch rows in no order, so they have the tables for themselves.
  const lock = moves.some(({ keys }) => keys.length > 0) ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared';
  await client.query(`select ${lock}(hashtext('salvage_seen'))`);
  for (const [at, statement] of addSeen.entries()) {
    // The rows of moved reports must exist before they can be recounted; counts are put right just after.
    const added = [...fresh, ...(moves[at]?.records ?? [])];
    if (added.length > 0) await client.query(statement, [JSON.stringify(added)]);
  }
  for (const [at, statement] of recomputeSeen.entries())
    if (moves[at] && moves[at].keys.length > 0) await client.query(statement, [JSON.stringify(moves[at].keys)]);
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
function findMoves(old: readonly OldReport[], records: readonly Record<string, unknown>[]): readonly Moves[] {
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

async function readOldReports(
  client: pg.PoolClient,
  ids: readonly { crash_id: string; date_processed: Date }[],
): Promise<OldReport[]> {
  const { rows } = await client.query<OldReport>(readOld, [
    ids.map((row) => row.crash_id),
    ids.map((row) => row.date_processed),
  ]);
  return rows;
}

/** Takes reports out inside the caller's transaction and recounts what was derived from them. */
export async function removeReports(client: pg.PoolClient, crashIds: readonly CrashId[]): Promise<void> {
  const { rows: ids } = await client.query<{ crash_id: string; date_processed: Date }>(
    'delete from report_locator where crash_id = any($1::text[]) returning crash_id, date_processed',
    [[...crashIds]],
  );
  if (ids.length === 0) return;
  await client.query(`select pg_advisory_xact_lock(hashtext('salvage_seen'))`);
  const old = await readOldReports(client, ids);
  await client.query(
    'delete from reports r using unnest($1::text[], $2::timestamptz[]) as k (crash_id, date_processed) where r.crash_id = k.crash_id and r.date_processed = k.date_processed',
    [ids.map((row) => row.crash_id), ids.map((row) => row.date_processed)],
  );
  for (const statement of recomputeSeen) await client.query(statement, [JSON.stringify(old)]);
}

function recordOf(row: ReportRow): Record<string, unknown> {
  const record: Record<string, unknown> = { crash_id: row.crashId, date_processed: row.date };
  for (const { name } of typedColumns) record[name] = row.values[name] ?? null;
  const pub: Record<string, unknown> = {};
  const prot: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row.values)) {
    const field = searchFields.get(name);
    if (!field || field.hasColumn) continue;
    (field.permission === 'public' ? pub : prot)[name] = value;
  }
  return {
    ...record,
    terms: rowTerms(row, 'public'),
    protected_terms: rowTerms(row, 'protected'),
    pub,
    prot,
    annotations: row.annotations,
    removed_fields: row.removedFields,
    processed_at: row.processedAt,
  };
}

/** The row as it was given to the index. */
export function rowOfRecord(record: Record<string, unknown>): ReportRow {
  const date = (record['date_processed'] as Date).toISOString();
  const crashId = String(record['crash_id']);
  const values: Record<string, unknown> = { ...(record['pub'] as object), ...(record['prot'] as object) };
  for (const { name } of typedColumns) if (record[name] !== null) values[name] = record[name];
  const processedAt = record['processed_at'] as Date | null;
  return {
    crashId,
    date,
    values: { ...values, uuid: crashId, date } as ReportRow['values'],
    annotations: record['annotations'] as Record<string, string>,
    removedFields: record['removed_fields'] as string[],
    processedAt: processedAt ? processedAt.toISOString() : null,
  };
}
