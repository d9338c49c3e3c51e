// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { JobStore } from '../../jobs/job-store.ts';
import { errorText } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Pool } from '../../lib/postgres/pool.ts';
import { PostgresStatus } from '../../lib/postgres/postgres-status.ts';
import { type LocalStatus, SiteWideStatus, type StatusSource } from '../../lib/status.ts';
import type { CrashQueue } from '../../queue/crash-queue.ts';
import { PostgresMissingSymbols } from '../../search/postgres-missing-symbols.ts';
import type { PostgresSearch } from '../../search/postgres-search.ts';
import { webOptions } from '../../web/options.ts';
import type { ProcessContext } from '../context.ts';
import { AskedCollectors } from './asked-collectors.ts';
import type { Database } from './database.ts';
import { makeOwnStatus } from './own-status.ts';
import { openOutbox } from './storage-factories.ts';

/** Every role writes its rows this often (decisions.md 44). */
const writeEveryMs = 10_000;

/** Tells the rest of the site every ten seconds how this process fares, until it ends. */
export function startTellingStatus(context: ProcessContext, status: LocalStatus, pool: Pool): void {
  const { clock, logger, releasers } = context;
  const table = new PostgresStatus(pool, clock);
  const stopping = new AbortController();
  const startedMs = clock.monotonicMs();
  const telling = (async () => {
    while (!stopping.signal.aborted) {
      // An outage of the database is told by everything else that needs it.
      await status
        .rows()
        .then((rows) => table.write(rows, (clock.monotonicMs() - startedMs) / 1000))
        .catch((error: unknown) => logger.debug(`the status could not be written: ${errorText(error)}`));
      await clock.sleep(writeEveryMs, stopping.signal).catch(() => {});
    }
    for (const instance of new Set((await status.rows()).map((row) => row.instance)))
      await table.forget(instance).catch(() => {});
  })();
  releasers.add('status', async () => {
    stopping.abort();
    await telling;
  });
}

/** What all processes of a site share, asked for when somebody looks. */
export interface SiteParts {
  readonly database: Database;
  readonly queue: CrashQueue;
  readonly search: PostgresSearch;
}

/**
 * The status of the whole site, for its pages: this process, what all share, collectors that are asked, and what other
 * processes wrote.
 */
export async function openSiteStatus(
  context: ProcessContext,
  own: LocalStatus,
  { database, queue, search }: SiteParts,
): Promise<StatusSource> {
  const { clock, metrics, config } = context;
  const { pool } = database;
  const outbox = await openOutbox(context, database, 'destination');
  const missingSymbols = new PostgresMissingSymbols(pool);
  const shared = makeOwnStatus(context);
  registerQueueStatus(shared, queue);
  registerSearchStatus(shared, search);
  registerJobStatus(shared, new JobStore({ pool, clock, metrics }));
  shared.register('outbox', async (): Promise<JsonObject> => ({ owed: Object.fromEntries(await outbox.counts()) }));
  shared.register('symbols', async (): Promise<JsonObject> => ({ symbolsWanted: await wantedSymbols(missingSymbols) }));
  const { collectorUrls, collectorToken } = config.valuesOf(webOptions);
  const asked = new AskedCollectors({ urls: collectorUrls, token: collectorToken, now: clock.now });
  return new SiteWideStatus({ live: [own, shared, asked], written: new PostgresStatus(pool, clock) });
}

async function wantedSymbols(missingSymbols: PostgresMissingSymbols): Promise<JsonObject[]> {
  return (await missingSymbols.wanted(7, 20)).map((module) => ({ ...module }));
}

function registerJobStatus(status: LocalStatus, store: JobStore): void {
  status.register('jobs', async (): Promise<JsonObject> => {
    const records = await store.records();
    return {
      jobs: records.map((record) => ({
        name: record.name,
        lastRunAt: record.lastRunAt?.toISOString() ?? null,
        nextRunAt: record.nextRunAt?.toISOString() ?? null,
        errorsInARow: record.consecutiveErrors,
        lastError: record.lastError,
        lastResult: record.lastResult,
      })),
    };
  });
}

function registerQueueStatus(status: LocalStatus, queue: CrashQueue): void {
  status.register('queue', async (): Promise<JsonObject> => {
    const [depths, dead] = await Promise.all([queue.depths(), queue.deadLetters({ limit: 100 })]);
    return {
      depths: depths.map((depth) => ({ ...depth })),
      dead: dead.map((letter) => ({
        ...letter,
        ruleset: letter.ruleset ?? null,
        diedAt: letter.diedAt?.toISOString() ?? null,
      })),
    };
  });
}

function registerSearchStatus(status: LocalStatus, search: PostgresSearch): void {
  status.register('search', async (): Promise<JsonObject> => {
    const partitions = await search.partitions.list();
    return {
      partitions: partitions.map(({ name, week, sizeBytes }) => ({
        name,
        week: week.toISOString().slice(0, 10),
        sizeBytes,
      })),
      strayCount: await search.partitions.strayCount(),
    };
  });
}
