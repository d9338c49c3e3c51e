// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The index and the pages over it on invented reports of 26 weeks, alone and while reports are written, against the same
// statements through a bare `pg` client. `npm run bench:search [-- --reports 1000000 --runs 20 --rate 50 --folder DIR]`;
// prints JSON. A folder that is given is kept and used again.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { systemClock } from '../src/lib/clock.ts';
import { nullLogger } from '../src/lib/log.ts';
import { EmbeddedPostgres } from '../src/lib/postgres/embedded.ts';
import { migrate } from '../src/lib/postgres/migrations.ts';
import { makePool, type Pool } from '../src/lib/postgres/pool.ts';
import { IndexBatcher } from '../src/search/index-batcher.ts';
import { PostgresSearch } from '../src/search/postgres-search.ts';
import { inventReport, seededRandom } from '../test/builders/report-builder.ts';
import { type Case, indexCases, pageCases } from './search/cases.ts';
import { fillIndex } from './search/fill.ts';
import { openSite } from './search/site.ts';

const { values: options } = parseArgs({
  options: {
    reports: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '20' },
    rate: { type: 'string', default: '50' },
    folder: { type: 'string' },
  },
});
const reports = Number(options.reports);
const runs = Number(options.runs);
/** A slow case is repeated less often: this much time is enough to know it. */
const caseMsMax = 6000;
const runsMin = 5;

const tell = (text: string) => process.stderr.write(`${text}\n`);

interface Timing {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly runs: number;
}

/** V8 compiles what is hot during the first requests of a process; a site that runs has that behind it. */
const warmRuns = 10;

async function time(run: () => Promise<unknown>): Promise<Timing> {
  const warmUntilMs = performance.now() + caseMsMax / 2;
  for (let done = 0; done < warmRuns && (done === 0 || performance.now() < warmUntilMs); done++) await run();
  const samples: number[] = [];
  const startedMs = performance.now();
  while (samples.length < runs && (samples.length < runsMin || performance.now() - startedMs < caseMsMax)) {
    const beganMs = performance.now();
    await run();
    samples.push(performance.now() - beganMs);
  }
  samples.sort((a, b) => a - b);
  const at = (share: number) => Math.round((samples[Math.ceil(share * samples.length) - 1] ?? 0) * 10) / 10;
  return { p50Ms: at(0.5), p95Ms: at(0.95), runs: samples.length };
}

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What our code says to the server, to be said again by a bare client. */
function listen(pool: Pool): { take(): readonly Statement[] } {
  let heard: Statement[] = [];
  const hear = (text: unknown, values: unknown) => {
    if (typeof text === 'string' && /^\s*(select|with)\b/i.test(text) && !text.includes('set_config'))
      heard.push({ text, values: Array.isArray(values) ? values : [] });
  };
  const wrapped = new WeakSet<object>();
  pool.on('acquire', (client) => {
    if (wrapped.has(client)) return;
    wrapped.add(client);
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    (client as unknown as { query: unknown }).query = (...args: unknown[]) => {
      hear(args[0], args[1]);
      return query(...args);
    };
  });
  return {
    take() {
      const taken = heard;
      heard = [];
      return taken;
    },
  };
}

async function writeSteadily(index: PostgresSearch, ratePerS: number, signal: AbortSignal): Promise<number> {
  const batcher = new IndexBatcher({ index, clock: systemClock });
  const random = seededRandom(77);
  let written = 0;
  const startedMs = performance.now();
  const pending = new Set<Promise<void>>();
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - startedMs) / 1000) * ratePerS);
    while (written < due) {
      const now = new Date();
      const row = inventReport({ random, from: new Date(now.getTime() - 1000), to: now, signatureCount: 2000 });
      const adding = batcher.add(row).finally(() => pending.delete(adding));
      pending.add(adding);
      written += 1;
    }
    await systemClock.sleep(20);
  }
  await Promise.all(pending);
  return written / ((performance.now() - startedMs) / 1000);
}

async function main(): Promise<void> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'salvage-bench-search-')));
  const server = await EmbeddedPostgres.start({
    folder,
    logger: nullLogger,
    settings: { max_wal_size: '4GB', maintenance_work_mem: '256MB' },
  });
  const pool = makePool({ url: server.url(), logger: nullLogger, statementTimeoutMs: 1_800_000 });
  const heard = listen(pool);
  try {
    await migrate(server.url(), nullLogger);
    const now = new Date();
    const { rows } = await pool.query<{ n: number }>('select count(*) as n from report_locator');
    const beganMs = performance.now();
    if ((rows[0]?.n ?? 0) < reports) await fillIndex({ pool, now, reports, weeks: 26, signatures: 2000, tell });
    const fillS = Math.round((performance.now() - beganMs) / 1000);
    process.stdout.write(`${JSON.stringify(await measure(pool, server.url(), heard, now, fillS), null, 2)}\n`);
  } finally {
    await pool.end();
    await server.stop();
    if (!options.folder) await rm(folder, { recursive: true, force: true });
  }
}

async function measure(pool: Pool, url: string, heard: ReturnType<typeof listen>, now: Date, fillS: number) {
  const index = new PostgresSearch({ pool });
  await index.partitions.ensureAhead(now);
  const { rows } = await pool.query<{ crash_id: string }>(
    'select crash_id from report_locator order by date_processed desc limit 1',
  );
  const crashId = rows[0]?.crash_id ?? '';
  const site = await openSite(pool, index, crashId);
  const client = new pg.Client({ connectionString: url });
  // Its end with the server must not hide why the bench ended.
  client.on('error', () => {});
  await client.connect();
  await client.query('set jit = off');
  const cases = [...indexCases(index, now, crashId), ...pageCases(site.url, site.token, crashId)];
  const results: Record<string, Record<string, unknown>> = {};
  for (const one of cases) results[one.name] = await measureAlone(one, client, heard);
  const stop = new AbortController();
  const writing = writeSteadily(index, Number(options.rate), stop.signal);
  for (const one of cases) Object.assign(results[one.name] ?? {}, { whileWriting: await time(() => one.run()) });
  stop.abort();
  const writtenPerS = await writing;
  const sizes = await pool.query<{ heap: number; all: number }>(
    `select sum(pg_relation_size(inhrelid))::bigint as heap, sum(pg_total_relation_size(inhrelid))::bigint as all from pg_inherits where inhparent = 'reports'::regclass`,
  );
  await client.end();
  await site.close();
  return {
    bench: 'search',
    reports,
    weeks: 26,
    cpus: cpus().length,
    fillS,
    heapBytes: sizes.rows[0]?.heap,
    totalBytes: sizes.rows[0]?.all,
    writtenPerS: Math.round(writtenPerS * 10) / 10,
    cases: results,
  };
}

async function measureAlone(one: Case, client: pg.Client, heard: ReturnType<typeof listen>) {
  heard.take();
  await one.run();
  const statements = heard.take();
  const alone = await time(() => one.run());
  const bare = await time(async () => {
    for (const { text, values } of statements) await client.query(text, [...values]);
  });
  tell(`${one.name}: p50 ${alone.p50Ms} ms, p95 ${alone.p95Ms} ms, bare ${bare.p50Ms} ms`);
  return {
    alone,
    barePg: bare,
    ratioToBare: Math.round((alone.p50Ms / Math.max(0.1, bare.p50Ms)) * 100) / 100,
    ...(one.targetMs === undefined ? {} : { targetP95Ms: one.targetMs, isMet: alone.p95Ms <= one.targetMs }),
  };
}

await main();
