// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type pg from 'pg';
import type { CrashId } from '../crash/crash-id.ts';
import { type IndexedReport, lockSeen, recountSeen, updateSeen } from './postgres-seen.ts';
import { type ReportRow, rowTerms } from './report-row.ts';
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
select r.crash_id, coalesce(r.product, '') as product, r.version, r.signature, r.build_id, r.release_channel, r.processed_at
from reports r join unnest($1::text[], $2::timestamptz[]) as k (crash_id, date_processed) using (crash_id, date_processed)`;

/** Writes one batch inside the caller's transaction. Rows of the same id must not repeat within a batch. */
export async function writeReports(client: pg.PoolClient, rows: readonly ReportRow[]): Promise<void> {
  // One order of ids over all writers: two batches with the same ids cannot wait for each other in a ring.
  const sorted = [...rows].sort((a, b) => (a.crashId < b.crashId ? -1 : 1));
  const given = sorted.map(recordOf);
  const claimed = await client.query<{ crash_id: string; date_processed: Date; existed: boolean }>(claimIds, [
    JSON.stringify(given),
  ]);
  const byId = new Map(claimed.rows.map((row) => [row.crash_id, row]));
  for (const record of given)
    record['date_processed'] =
      byId.get(String(record['crash_id']))?.date_processed.toISOString() ?? record['date_processed'];
  const existing = claimed.rows.filter((row) => row.existed);
  const old = existing.length === 0 ? [] : await readOldReports(client, existing);
  const records = withoutStale(given, old);
  await client.query(upsertReports, [JSON.stringify(records)]);
  const indexedBefore = new Set(old.map((report) => report.crash_id));
  const fresh = records.filter((record) => !indexedBefore.has(String(record['crash_id'])));
  await updateSeen(client, fresh, old, records);
}

/** Without what was processed before that which the index has: a late reindex or debt never undoes a reprocessing. */
function withoutStale(
  records: readonly Record<string, unknown>[],
  old: readonly IndexedReport[],
): readonly Record<string, unknown>[] {
  const byId = new Map(old.map((report) => [report.crash_id, report]));
  return records.filter((record) => {
    const indexedAt = byId.get(String(record['crash_id']))?.processed_at;
    const processedAt = record['processed_at'];
    return !indexedAt || typeof processedAt !== 'string' || Date.parse(processedAt) >= indexedAt.getTime();
  });
}

async function readOldReports(
  client: pg.PoolClient,
  ids: readonly { crash_id: string; date_processed: Date }[],
): Promise<IndexedReport[]> {
  const { rows } = await client.query<IndexedReport>(readOld, [
    ids.map((row) => row.crash_id),
    ids.map((row) => row.date_processed),
  ]);
  return rows;
}

/** Takes reports out inside the caller's transaction and recounts what was derived from them. */
export async function removeReports(client: pg.PoolClient, crashIds: readonly CrashId[]): Promise<void> {
  const { rows: ids } = await client.query<{ crash_id: string; date_processed: Date }>(
    // In the order in which writers take the same rows.
    `delete from report_locator where crash_id in (
       select crash_id from report_locator where crash_id = any($1::text[]) order by crash_id for update)
     returning crash_id, date_processed`,
    [[...crashIds]],
  );
  if (ids.length === 0) return;
  await lockSeen(client);
  const old = await readOldReports(client, ids);
  await client.query(
    'delete from reports r using unnest($1::text[], $2::timestamptz[]) as k (crash_id, date_processed) where r.crash_id = k.crash_id and r.date_processed = k.date_processed',
    [ids.map((row) => row.crash_id), ids.map((row) => row.date_processed)],
  );
  await recountSeen(client, old);
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
