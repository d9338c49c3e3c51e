// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';
import { type CrashId, dateOf, isCrashId } from '../crash/crash-id.ts';
import type { Dump } from '../crash/dump.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../crash/raw-crash.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import {
  isDatabaseOutage,
  isDatabaseRefusal,
  isSchemaMissing,
  type Pool,
  withTransaction,
} from '../lib/postgres/pool.ts';
import { fetchRows } from '../lib/postgres/query.ts';
import { type CrashStorage, fullCapabilities, type ListFilter } from './crash-storage.ts';
import { storageErrors } from './errors.ts';
import { storageLimits } from './limits.ts';
import { parseStoredJson } from './stored-json.ts';
import { verifiedDump } from './verified-dump.ts';

/** Writes more rows of a processed crash in the same transaction, e.g. the row of the search index. */
export type AlongsideProcessed = (
  client: PoolClient,
  crash: { readonly crashId: CrashId; readonly processed: ProcessedCrash; readonly rawCrash: RawCrash },
) => Promise<void>;

export interface PostgresStorageOptions {
  readonly pool: Pool;
  readonly alongsideProcessed?: AlongsideProcessed;
}

const tables = ['raw_crashes', 'dumps', 'dump_chunks', 'processed_crashes'] as const;

/** SQLSTATE: no partition for the row. */
const noPartition = '23514';
/** SQLSTATE: unique violation. */
const alreadyThere = '23505';

const saveChunkSql = 'insert into dump_chunks (submitted_on, crash_id, name, chunk, bytes) values ($1, $2, $3, $4, $5)';
const saveDumpSql = `
with last_chunk as (
  insert into dump_chunks (submitted_on, crash_id, name, chunk, bytes)
  select $1::date, $2::text, $3::text, $6::int, $7::bytea where $7::bytea is not null)
insert into dumps (submitted_on, crash_id, name, size_bytes, sha256) values ($1, $2, $3, $4, $5)`;

/** $1 parent tables, $2 a day: partitions, quoted, whose whole week lies before it. Their names end in their Monday. */
const oldPartitionsSql = `
select inhrelid::regclass::text as name from pg_inherits
where inhparent = any($1::text[]::regclass[]) and to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') + 7 <= $2::date`;

/** Crashes in PostgreSQL, dumps included (in chunks): a report is there whole or not at all. */
export class PostgresStorage implements CrashStorage {
  readonly name = 'postgres';
  readonly capabilities = fullCapabilities;
  readonly #pool: Pool;
  readonly #alongside: AlongsideProcessed | undefined;
  /** Days whose partitions this process has seen. */
  readonly #knownDays = new Set<string>();

  constructor(options: PostgresStorageOptions) {
    this.#pool = options.pool;
    this.#alongside = options.alongsideProcessed;
  }

  /** Writes and rolls back. */
  async check(): Promise<void> {
    await this.#guard('checking', async () => {
      const client = await this.#pool.connect();
      try {
        await client.query('begin');
        await client.query("select salvage_make_week_partition('raw_crashes', current_date)");
        await client.query(
          "insert into raw_crashes (submitted_on, crash_id, raw_crash, sha256) values (current_date, 'test', '', '')",
        );
      } finally {
        client.release(
          await client.query('rollback').then(
            () => undefined,
            (error: Error) => error,
          ),
        );
      }
    });
  }

  async saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    const { crashId } = report;
    const day = dayOf(crashId);
    const sha256 = createHash('sha256').update(report.rawCrashJson).digest('hex');
    await this.#inPartition(day, `saving ${crashId}`, async (client, isReplacing) => {
      if (isReplacing) await this.#removeRaw(client, day, crashId);
      for (const dump of report.dumps) {
        signal?.throwIfAborted();
        await this.#saveDump(client, day, crashId, dump);
      }
      await client.query({
        name: 'storage-save-raw',
        text: 'insert into raw_crashes (submitted_on, crash_id, raw_crash, sha256) values ($1, $2, $3, $4)',
        values: [day, crashId, Buffer.from(report.rawCrashJson), sha256],
      });
    });
  }

  async saveProcessedCrash(crashId: CrashId, processed: ProcessedCrash, rawCrash: RawCrash): Promise<void> {
    await this.#inPartition(dayOf(crashId), `saving processed ${crashId}`, async (client) => {
      await this.writeProcessed(client, crashId, processed);
      await this.#alongside?.(client, { crashId, processed, rawCrash });
    });
  }

  /** The processed crash alone, within somebody else's transaction; `makePartitions` must have been called for its day. */
  async writeProcessed(client: PoolClient, crashId: CrashId, processed: ProcessedCrash): Promise<void> {
    await client.query(
      `insert into processed_crashes (submitted_on, crash_id, processed_crash) values ($1, $2, $3)
       on conflict (submitted_on, crash_id)
       do update set processed_crash = excluded.processed_crash, saved_at = clock_timestamp()`,
      [dayOf(crashId), crashId, JSON.stringify(processed)],
    );
  }

  /** Makes the partitions for the day of that crash; quick when they are there. */
  async makePartitions(crashId: CrashId): Promise<void> {
    await this.#guard('making partitions', () => this.#makePartitions(dayOf(crashId)));
  }

  async getRawCrash(crashId: CrashId): Promise<RawCrash> {
    return parseStoredJson(await this.getRawCrashJson(crashId), `raw crash ${crashId}`);
  }

  async getRawCrashJson(crashId: CrashId): Promise<Uint8Array> {
    const row = await this.#row<{ raw_crash: Buffer; sha256: string }>(
      'select raw_crash, sha256 from raw_crashes where submitted_on = $1 and crash_id = $2',
      [dayOf(crashId), crashId],
    );
    if (!row) throw notFound(`raw crash ${crashId}`);
    if (createHash('sha256').update(row.raw_crash).digest('hex') !== row.sha256) {
      throw new SalvageError(storageErrors.storage_corrupt, `raw crash ${crashId} does not have its SHA-256`);
    }
    return row.raw_crash;
  }

  async getDumpNames(crashId: CrashId): Promise<readonly string[]> {
    const row = await this.#row<{ names: string[] | null }>(
      `select array_agg(d.name) filter (where d.name is not null) as names
       from raw_crashes r left join dumps d on d.submitted_on = r.submitted_on and d.crash_id = r.crash_id
       where r.submitted_on = $1 and r.crash_id = $2 group by r.crash_id`,
      [dayOf(crashId), crashId],
    );
    if (!row) throw notFound(`raw crash ${crashId}`);
    return (row.names ?? []).sort();
  }

  async getDump(crashId: CrashId, name: string): Promise<Dump> {
    const row = await this.#row<{ size_bytes: number; sha256: string }>(
      'select size_bytes, sha256 from dumps where submitted_on = $1 and crash_id = $2 and name = $3',
      [dayOf(crashId), crashId, name],
    );
    if (!row) throw notFound(`dump ${name} of ${crashId}`);
    const { size_bytes: sizeBytes, sha256 } = row;
    return verifiedDump({ name, sizeBytes, sha256, open: () => this.#readChunks(crashId, name, sizeBytes) });
  }

  async getProcessedCrash(crashId: CrashId): Promise<ProcessedCrash> {
    const row = await this.#row<{ json: string }>(
      'select processed_crash::text as json from processed_crashes where submitted_on = $1 and crash_id = $2',
      [dayOf(crashId), crashId],
    );
    if (!row) throw notFound(`processed crash ${crashId}`);
    return parseStoredJson(Buffer.from(row.json), `processed crash ${crashId}`);
  }

  async deleteCrash(crashId: CrashId): Promise<void> {
    const day = dayOf(crashId);
    const count = await this.#guard(`deleting ${crashId}`, () =>
      withTransaction(this.#pool, async (client) => {
        const processed = await client.query(
          'delete from processed_crashes where submitted_on = $1 and crash_id = $2',
          [day, crashId],
        );
        return (await this.#removeRaw(client, day, crashId)) + (processed.rowCount ?? 0);
      }),
    );
    if (count === 0) throw notFound(`crash ${crashId}`);
  }

  async *listCrashIds(filter: ListFilter = {}): AsyncGenerator<CrashId> {
    const limit = storageLimits.listPageItemsMax.value;
    let last: { submitted_on: string; crash_id: string } | undefined;
    do {
      const rows: { submitted_on: string; crash_id: string }[] = await this.#rows(
        `select submitted_on::text, crash_id from raw_crashes
         where ($1::date is null or submitted_on = $1) and crash_id like $2
           and (submitted_on, crash_id) > ($3::date, $4) order by submitted_on, crash_id limit $5`,
        [
          filter.date ?? null,
          `${(filter.prefix ?? '').replace(/[\\%_]/g, '\\$&')}%`,
          last?.submitted_on ?? '-infinity',
          last?.crash_id ?? '',
          limit,
        ],
      );
      for (const row of rows) yield row.crash_id;
      last = rows.length === limit ? rows.at(-1) : undefined;
    } while (last);
  }

  async close(): Promise<void> {}

  /** Whole weeks: the space of rows deleted one by one would have to wait for a vacuum. */
  async dropBefore(date: string): Promise<void> {
    await this.#guard('dropping old weeks', async () => {
      const partitions = await fetchRows<{ name: string }>(this.#pool, oldPartitionsSql, [tables, date]);
      if (partitions.length === 0) return;
      await withTransaction(this.#pool, async (client) => {
        // Given up rather than queued behind a long read, where it would hold up every save after it.
        await client.query("set local lock_timeout = '2s'");
        await client.query(`drop table ${partitions.map(({ name }) => name).join(', ')}`);
      });
      this.#knownDays.clear();
    });
  }

  async #saveDump(client: PoolClient, day: string, crashId: CrashId, dump: Dump): Promise<void> {
    // What the collector counted is believed, and checked when read.
    const hash = dump.sha256 === null ? createHash('sha256') : null;
    let sizeBytes = 0;
    let chunk = 0;
    let last: Buffer | null = null;
    for await (const bytes of rechunked(dump.open(), storageLimits.chunkSizeBytes.value)) {
      hash?.update(bytes);
      sizeBytes += bytes.length;
      if (last) {
        const values = [day, crashId, dump.name, chunk++, last];
        await client.query({ name: 'storage-save-chunk', text: saveChunkSql, values });
      }
      last = bytes;
    }
    // The last chunk, of most dumps the only one, goes with the row of the dump.
    const values = [day, crashId, dump.name, sizeBytes, dump.sha256 ?? hash?.digest('hex'), chunk, last];
    await client.query({ name: 'storage-save-dump', text: saveDumpSql, values });
  }

  async *#readChunks(crashId: CrashId, name: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
    let readBytes = 0;
    for (let chunk = 0; readBytes < sizeBytes; chunk++) {
      const row = await this.#row<{ bytes: Buffer }>(
        'select bytes from dump_chunks where submitted_on = $1 and crash_id = $2 and name = $3 and chunk = $4',
        [dayOf(crashId), crashId, name, chunk],
      );
      // Deleted while it is read, or damaged.
      if (!row) return void (await this.getRawCrashJson(crashId));
      readBytes += row.bytes.length;
      yield row.bytes;
    }
  }

  async #removeRaw(client: PoolClient, day: string, crashId: CrashId): Promise<number> {
    let count = 0;
    for (const table of ['dump_chunks', 'dumps', 'raw_crashes']) {
      const { rowCount } = await client.query(`delete from ${table} where submitted_on = $1 and crash_id = $2`, [
        day,
        crashId,
      ]);
      count += rowCount ?? 0;
    }
    return count;
  }

  /**
   * One transaction. Done again when retention has dropped the partition since we saw it, and when the crash is there
   * already (`isReplacing`): new ones are so much more frequent that nobody asks first.
   */
  async #inPartition(
    day: string,
    doing: string,
    work: (client: PoolClient, isReplacing: boolean) => Promise<void>,
  ): Promise<void> {
    await this.#guard(doing, async () => {
      let isReplacing = false;
      for (let triesLeft = 3; ; triesLeft--) {
        await this.#makePartitions(day);
        try {
          return await withTransaction(this.#pool, (client) => work(client, isReplacing));
        } catch (error) {
          const { code } = error as { code?: string };
          if (triesLeft <= 1 || (code !== noPartition && code !== alreadyThere)) throw error;
          if (code === noPartition) this.#knownDays.clear();
          else isReplacing = true;
        }
      }
    });
  }

  async #makePartitions(day: string): Promise<void> {
    if (this.#knownDays.has(day)) return;
    await this.#pool.query('select salvage_make_week_partition(t::regclass, $2::date) from unnest($1::text[]) t', [
      tables,
      day,
    ]);
    this.#knownDays.add(day);
  }

  async #row<T extends Record<string, unknown>>(sql: string, params: readonly unknown[]): Promise<T | undefined> {
    return (await this.#rows<T>(sql, params))[0];
  }

  #rows<T extends Record<string, unknown>>(sql: string, params: readonly unknown[]): Promise<T[]> {
    return this.#guard('reading', async () => [...(await fetchRows<T>(this.#pool, sql, params))]);
  }

  async #guard<T>(doing: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      const kind = isDatabaseOutage(cause)
        ? storageErrors.storage_outage
        : isDatabaseRefusal(cause) || isSchemaMissing(cause) || (cause as { code?: string }).code === '42883'
          ? storageErrors.storage_refused
          : null;
      throw kind ? new SalvageError(kind, `${doing}: ${errorText(cause)}`, { cause }) : cause;
    }
  }
}

function notFound(what: string): SalvageError {
  return new SalvageError(storageErrors.crash_not_found, `${what} is not in PostgreSQL`);
}

function dayOf(crashId: CrashId): string {
  if (!isCrashId(crashId)) throw new Error(`not a crash id: ${JSON.stringify(crashId)}`);
  return dateOf(crashId);
}

/** The same bytes in chunks of one size, the last one smaller; nothing for no bytes. */
async function* rechunked(source: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const bytes of source) {
    pending.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    pendingBytes += bytes.length;
    if (pendingBytes < sizeBytes) continue;
    const whole = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending);
    let offset = 0;
    for (; offset + sizeBytes <= whole.length; offset += sizeBytes) yield whole.subarray(offset, offset + sizeBytes);
    pending = [whole.subarray(offset)];
    pendingBytes = whole.length - offset;
  }
  if (pendingBytes > 0) yield pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending);
}
