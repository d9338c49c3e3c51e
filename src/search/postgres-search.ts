// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type pg from 'pg';
import type { CrashId } from '../crash/crash-id.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import { isDatabaseOutage, isSchemaMissing, type Pool, withTransaction } from '../lib/postgres/pool.ts';
import { Semaphore } from '../lib/semaphore.ts';
import { searchErrors } from './errors.ts';
import { shownDate, shownValue } from './evaluate.ts';
import { searchLimits } from './limits.ts';
import { orderClause, Parameters, valueExpression, whereClause } from './postgres-expressions.ts';
import { type FacetLine, facetNodes, facetStatement, readFacets } from './postgres-facets.ts';
import { removeReports, rowOfRecord, writeReports } from './postgres-index.ts';
import { ReportPartitions } from './postgres-partitions.ts';
import { coreOfRow, type ReportRow } from './report-row.ts';
import type { ProductSeen, SearchIndex, SearchOptions, SignatureSeen, VersionSeen } from './search-index.ts';
import type { SearchAnswer, SearchRequest } from './search-request.ts';

export interface PostgresSearchOptions {
  readonly pool: Pool;
  /** Called inside the transaction of a batch, for what must be written together with it (decisions.md 21). */
  readonly alsoWrite?: (client: pg.PoolClient, rows: readonly ReportRow[]) => Promise<void>;
}

/** The index in PostgreSQL (web.md §8.1). */
export class PostgresSearch implements SearchIndex {
  readonly name = 'postgres';
  readonly #pool: Pool;
  readonly #alsoWrite: PostgresSearchOptions['alsoWrite'];
  readonly #turns = new Semaphore(searchLimits.searchesAtOnceMax.value);
  readonly partitions: ReportPartitions;

  constructor(options: PostgresSearchOptions) {
    this.#pool = options.pool;
    this.#alsoWrite = options.alsoWrite;
    this.partitions = new ReportPartitions(options.pool);
  }

  async indexReports(rows: readonly ReportRow[]): Promise<void> {
    // The last word of a batch about an id wins, as if they had come one by one.
    const latest = [...new Map(rows.map((row) => [row.crashId, row])).values()];
    if (latest.length === 0) return;
    await this.#run(() => this.partitions.ensure(latest.map((row) => new Date(row.date))));
    try {
      await this.#write(latest);
    } catch (error) {
      // Rows are clean before they come here; should the database still refuse one, it must not keep out the others.
      if (!isDataError(error)) throw error;
      if (latest.length > 1) for (const row of latest) await this.indexReports([row]);
      else await this.#write([coreOfRow(latest[0] as ReportRow, errorText(error))]);
    }
  }

  #write(rows: readonly ReportRow[]): Promise<void> {
    return this.#run(() =>
      withTransaction(this.#pool, async (client) => {
        await writeReports(client, rows);
        await this.#alsoWrite?.(client, rows);
      }),
    );
  }

  async deleteReports(crashIds: readonly CrashId[]): Promise<void> {
    await this.#run(() => withTransaction(this.#pool, (client) => removeReports(client, crashIds)));
  }

  async search(request: SearchRequest, options: SearchOptions): Promise<SearchAnswer> {
    try {
      return await this.#run(() => this.#inTurn(request, new Budget(options), options.signal));
    } catch (error) {
      if (error instanceof SalvageError || !isDataError(error)) throw error;
      const text = error instanceof Error ? error.message : errorText(error);
      const message = /too complex/.test(text)
        ? 'Search query is too complex to execute. Simplify it: fewer or smaller repetitions.'
        : `Malformed supersearch query: ${text}`;
      throw new SalvageError(searchErrors.search_bad_argument, message, { cause: error });
    }
  }

  /** Waits for a turn no longer than its own budget, and not at all for a reader who has left. */
  async #inTurn(request: SearchRequest, budget: Budget, signal?: AbortSignal): Promise<SearchAnswer> {
    const over = AbortSignal.timeout(Math.max(0, Math.ceil(budget.leftMs())));
    let isMyTurn = false;
    const search = () => {
      isMyTurn = true;
      return this.#searchInSnapshot(request, budget, signal);
    };
    try {
      return await this.#turns.run(search, signal ? AbortSignal.any([signal, over]) : over);
    } catch (error) {
      // Nobody reads the answer any more; it is no fault of ours.
      if (signal?.aborted && !(error instanceof SalvageError))
        throw new SalvageError(searchErrors.search_timeout, 'Search query timed out: its reader has left.', {
          cause: error,
        });
      if (isMyTurn) throw error;
      throw new SalvageError(searchErrors.search_busy, undefined, { cause: error });
    }
  }

  /** Hits, total and facets come from one snapshot, so that they never disagree. */
  async #searchInSnapshot(request: SearchRequest, budget: Budget, signal?: AbortSignal): Promise<SearchAnswer> {
    signal?.throwIfAborted();
    const client = await this.#pool.connect();
    let cancelled: Promise<void> = Promise.resolve();
    const cancel = () => {
      cancelled = this.#cancel(client);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    let broken: Error | undefined;
    try {
      await client.query('begin isolation level repeatable read read only');
      // Counting a week needs no just-in-time compiler; its start-up would cost more than the scan.
      await client.query('set local jit = off');
      await budget.applyTo(client);
      const { total, facets } = await this.#countFacets(client, request);
      signal?.throwIfAborted();
      await budget.applyTo(client);
      const hits = request.number > 0 ? await this.#readHits(client, request) : [];
      const { from, to, products } = request;
      const missingWeeks = await this.partitions.missingWeeks(client, from.date, to.date, products);
      return { hits, total, facets, missingWeeks };
    } finally {
      signal?.removeEventListener('abort', cancel);
      // A cancel that is still on its way would hit whoever gets this connection next.
      await cancelled;
      await client.query('rollback').catch((error: Error) => {
        broken = error;
      });
      client.release(broken);
    }
  }

  async #countFacets(client: pg.PoolClient, request: SearchRequest): Promise<Pick<SearchAnswer, 'total' | 'facets'>> {
    const parameters = new Parameters();
    const nodes = facetNodes(request.facets);
    const where = whereClause(request, parameters);
    const text = facetStatement(nodes, where, request.facetsSize, parameters);
    const { rows } = await client.query<FacetLine>(text, parameters.values);
    return readFacets(nodes, rows);
  }

  async #readHits(client: pg.PoolClient, request: SearchRequest): Promise<Record<string, unknown>[]> {
    const parameters = new Parameters();
    const columns = request.columns.map((field, at) => `${valueExpression(field, parameters)} as c${at}`);
    const text = `select ${columns.length > 0 ? columns.join(', ') : '1'} from reports
  where ${whereClause(request, parameters)}
  order by ${orderClause(request, parameters)}
  limit ${parameters.add(request.number, 'int')} offset ${parameters.add(request.offset, 'int')}`;
    const { rows } = await client.query<Record<string, unknown>>(text, parameters.values);
    return rows.map((row) =>
      Object.fromEntries(
        request.columns.map((field, at) => {
          const value = row[`c${at}`];
          if (value === null) return [field.name, null];
          return [field.name, value instanceof Date ? shownDate(value) : shownValue(field, value as string)];
        }),
      ),
    );
  }

  /** Ends what the client runs, from a connection of its own. */
  async #cancel(client: pg.PoolClient): Promise<void> {
    const pid = (client as unknown as { processID: number | null }).processID;
    if (pid !== null) await this.#pool.query('select pg_cancel_backend($1)', [pid]).catch(() => {});
  }

  async getReport(crashId: CrashId): Promise<ReportRow | null> {
    const { rows } = await this.#run(() =>
      this.#pool.query(
        'select r.* from report_locator l join reports r using (crash_id, date_processed) where l.crash_id = $1',
        [crashId],
      ),
    );
    return rows[0] ? rowOfRecord(rows[0] as Record<string, unknown>) : null;
  }

  async findCrashIds(hexPrefix: string, limit: number): Promise<readonly CrashId[]> {
    const prefix = hexPrefix.toLowerCase().replace(/[^0-9a-f]/g, '');
    const { rows } = await this.#run(() =>
      this.#pool.query<{ crash_id: string }>(
        `select crash_id from report_locator where replace(crash_id, '-', '') like $1 order by date_processed desc limit $2`,
        [`${prefix}%`, limit],
      ),
    );
    return rows.map((row) => row.crash_id);
  }

  async signaturesSeen(
    signatures: readonly string[],
    products: readonly string[] | null,
  ): Promise<readonly SignatureSeen[]> {
    const { rows } = await this.#run(() =>
      this.#pool.query(
        `select signature, min(first_date) first_date, max(last_date) last_date, min(first_build) first_build,
           max(last_build) last_build, sum(report_count)::bigint report_count
         from signatures_seen
         where signature = any($1::text[]) and ($2::text[] is null or product = any($2::text[]))
         group by signature`,
        [signatures.filter(isStorable), products === null ? null : [...products]],
      ),
    );
    return rows.map((row) => ({
      signature: row.signature,
      firstDate: row.first_date.toISOString(),
      lastDate: row.last_date.toISOString(),
      firstBuild: row.first_build,
      lastBuild: row.last_build,
      reportCount: row.report_count,
    }));
  }

  async productsSeen(): Promise<readonly ProductSeen[]> {
    const { rows } = await this.#run(() =>
      this.#pool.query('select * from products_seen where report_count > 0 order by product'),
    );
    return rows.map(productOf);
  }

  async versionsSeen(product: string): Promise<readonly VersionSeen[]> {
    if (!isStorable(product)) return [];
    const { rows } = await this.#run(() =>
      this.#pool.query('select * from versions_seen where product = $1 and report_count > 0 order by version', [
        product,
      ]),
    );
    return rows.map((row) => ({ ...productOf(row), version: row.version, releaseChannel: row.release_channel }));
  }

  async check(): Promise<void> {
    await this.#run(() => this.#pool.query('select from reports limit 0'));
  }

  async close(): Promise<void> {}

  /** Every failure of the database as one of the three that readers of the index know. */
  async #run<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof SalvageError) throw error;
      const code = (error as { code?: unknown }).code;
      if (code === '57014')
        throw new SalvageError(
          searchErrors.search_timeout,
          'Search query timed out. Simplify it or choose a shorter period.',
          { cause: error },
        );
      // Text with a NUL, which no report has: PostgreSQL cannot even compare it.
      if (code === '22021')
        throw new SalvageError(searchErrors.search_bad_argument, 'Null characters are not allowed.', { cause: error });
      if (isDatabaseOutage(error) || isSchemaMissing(error))
        throw new SalvageError(searchErrors.search_unavailable, errorText(error), { cause: error });
      throw error;
    }
  }
}

/** Class 22: a value that the database cannot use, such as a bad pattern or a number beyond its range; 54: too much of it. */
function isDataError(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return /^(22|54).{3}$/.test(String(code ?? '')) || (cause !== undefined && isDataError(cause));
}

/** PostgreSQL's text has no NUL, so nothing of such a name was ever stored. */
function isStorable(name: string): boolean {
  return !name.includes('\0');
}

function productOf(row: { product: string; first_date: Date; last_date: Date; report_count: number }): ProductSeen {
  return {
    product: row.product,
    firstDate: row.first_date.toISOString(),
    lastDate: row.last_date.toISOString(),
    reportCount: row.report_count,
  };
}

/** The time that a search has in all, however many statements it takes. */
class Budget {
  readonly #endsMs: number;

  constructor({ timeoutMs }: SearchOptions) {
    this.#endsMs = performance.now() + timeoutMs;
  }

  leftMs(): number {
    return this.#endsMs - performance.now();
  }

  /** Gives what is left to the next statements of the transaction. */
  async applyTo(client: pg.PoolClient): Promise<void> {
    const leftMs = Math.max(1, Math.round(this.leftMs()));
    await client.query(`select set_config('statement_timeout', $1, true)`, [`${leftMs}ms`]);
  }
}
