// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { statfs } from 'node:fs/promises';
import type { JobStore } from '../../jobs/job-store.ts';
import { errorText } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Pool } from '../../lib/postgres/pool.ts';
import { PostgresStatus } from '../../lib/postgres/postgres-status.ts';
import { LocalStatus, SiteWideStatus, type StatusSource } from '../../lib/status.ts';
import type { Mover } from '../../mover/mover.ts';
import type { Processor } from '../../processor/processor.ts';
import type { CrashQueue } from '../../queue/crash-queue.ts';
import type { PostgresMissingSymbols } from '../../search/postgres-missing-symbols.ts';
import type { PostgresSearch } from '../../search/postgres-search.ts';
import type { Outbox } from '../../storage/outbox.ts';
import type { ProcessContext } from '../context.ts';
import type { Intake } from './intake.ts';

/** Every role writes its rows this often (decisions.md 44). */
const writeEveryMs = 10_000;

/** What a process says of its own roles; what the whole site shares belongs into `siteStatus`. */
export function ownStatus({ hostname, clock }: ProcessContext): LocalStatus {
  return new LocalStatus({ instance: `${hostname}:${process.pid}`, now: clock.now });
}

export function registerIntakeStatus(status: LocalStatus, intake: Intake, mover: Mover, dataDir: string): void {
  status.register(
    'collector',
    async (): Promise<JsonObject> => ({
      spool: { ...intake.spool.status() },
      inFlight: intake.collector.inFlightCount(),
      disk: await diskOf(dataDir),
    }),
  );
  status.register('mover', (): JsonObject => ({ down: [...mover.down] }));
}

export function registerProcessorStatus(status: LocalStatus, processor: Processor, outbox: Outbox): void {
  status.register('processor', async (): Promise<JsonObject> => {
    const owed = await outbox.counts();
    return { inFlight: processor.inFlight, owed: Object.fromEntries(owed) };
  });
}

/** The disk of the data folder; null where the system does not tell. */
async function diskOf(path: string): Promise<JsonObject | null> {
  const told = await statfs(path).catch(() => null);
  return told && told.blocks > 0 ? { sizeBytes: told.blocks * told.bsize, freeBytes: told.bavail * told.bsize } : null;
}

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
  readonly pool: Pool;
  readonly queue: CrashQueue;
  readonly search: PostgresSearch;
  readonly missingSymbols: PostgresMissingSymbols;
  readonly jobs: JobStore;
}

/** The status of the whole site, for its pages: this process, what all share, and what other processes wrote. */
export function siteStatus(context: ProcessContext, own: LocalStatus, parts: SiteParts): StatusSource {
  const shared = ownStatus(context);
  registerQueueStatus(shared, parts.queue);
  registerSearchStatus(shared, parts.search);
  registerJobStatus(shared, parts.jobs);
  shared.register('symbols', async (): Promise<JsonObject> => ({ symbolsWanted: await wantedSymbols(parts) }));
  return new SiteWideStatus({ live: [own, shared], written: new PostgresStatus(parts.pool, context.clock) });
}

async function wantedSymbols({ missingSymbols }: SiteParts): Promise<JsonObject[]> {
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
