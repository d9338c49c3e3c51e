// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import type { ProcessedCrash } from '../../src/crash/processed-crash.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { IndexBatcher } from '../../src/search/index-batcher.ts';
import { searchLimits } from '../../src/search/limits.ts';
import { MemorySearch } from '../../src/search/memory-search.ts';
import { parseSearch } from '../../src/search/parse-search.ts';
import { weekOf } from '../../src/search/postgres-partitions.ts';
import { PostgresSearch } from '../../src/search/postgres-search.ts';
import { makeReportRow } from '../../src/search/report-row.ts';
import { inventReport, randomUuid, seededRandom } from '../builders/report-builder.ts';
import { testDatabase } from '../services/postgres.ts';

const random = seededRandom(3);

function report(
  date: string,
  fields: Record<string, unknown>,
  crashId = makeCrashId(randomUuid(random), 0, new Date(date)),
) {
  const processed = {
    product: 'Editor',
    version: '1.0',
    signature: 'a::b',
    date_processed: date,
    ...fields,
  } as ProcessedCrash;
  return makeReportRow(crashId, processed, {});
}

describe('the index in PostgreSQL', async () => {
  const { pool } = await testDatabase();
  const index = new PostgresSearch({ pool });
  const seen = async (signature: string) => (await index.signaturesSeen([signature], null))[0];

  test('a reprocessed report keeps its date, moves to its new signature and is counted once', async () => {
    const first = report('2026-11-02T10:00:00Z', { signature: 'old::sig', build: '20260101000000' });
    await index.indexReports([
      first,
      report('2026-11-03T10:00:00Z', { signature: 'old::sig', build: '20260202000000' }),
    ]);
    assert.deepEqual(await seen('old::sig'), {
      signature: 'old::sig',
      firstDate: '2026-11-02T10:00:00.000Z',
      lastDate: '2026-11-03T10:00:00.000Z',
      firstBuild: 20260101000000,
      lastBuild: 20260202000000,
      reportCount: 2,
    });
    await index.indexReports([report('2026-11-09T00:00:00Z', { signature: 'new::sig' }, first.crashId)]);
    assert.equal((await seen('old::sig'))?.reportCount, 1);
    assert.equal((await seen('old::sig'))?.firstBuild, 20260202000000);
    assert.equal((await seen('new::sig'))?.firstDate, '2026-11-02T10:00:00.000Z');
    assert.equal((await index.getReport(first.crashId))?.date, '2026-11-02T10:00:00.000Z');
  });

  test('writers that reprocess and writers of new reports never stop each other', async () => {
    const spread = {
      random,
      from: new Date('2026-09-01T00:00:00Z'),
      to: new Date('2026-09-10T00:00:00Z'),
      signatureCount: 6,
    };
    const invent = () => {
      const row = inventReport(spread);
      return { ...row, values: { ...row.values, signature: `ring::${String(row.values['signature'])}` } };
    };
    const rows = Array.from({ length: 60 }, invent);
    await index.indexReports(rows);
    const moved = rows.map((row) => ({ ...row, values: { ...row.values, signature: 'moved::sig', version: '9.9' } }));
    const fresh = Array.from({ length: 60 }, invent);
    const batches = [0, 1, 2, 3, 4, 5].flatMap((at) => [
      moved.slice(at * 10, at * 10 + 10),
      fresh.slice(at * 10, at * 10 + 10),
    ]);
    await Promise.all(batches.map((batch) => index.indexReports(batch)));
    assert.equal((await seen('moved::sig'))?.reportCount, 60);
    for (const { product, reportCount } of (await index.productsSeen()).filter((one) =>
      one.product.startsWith('Player'),
    )) {
      const { rows: counted } = await pool.query('select count(*)::int as n from reports where product = $1', [
        product,
      ]);
      assert.equal(reportCount, counted[0].n);
    }
  });

  test('deleted reports leave no trace in what was seen', async () => {
    const only = report('2026-11-04T10:00:00Z', { signature: 'gone::sig', product: 'Gone' });
    await index.indexReports([only]);
    await index.deleteReports([only.crashId]);
    assert.equal(await seen('gone::sig'), undefined);
    assert.equal(
      (await index.productsSeen()).some(({ product }) => product === 'Gone'),
      false,
    );
    assert.equal(await index.getReport(only.crashId), null);
  });

  test('eight writers in any order agree on first and last sight', async () => {
    const spread = {
      random,
      from: new Date('2026-10-01T00:00:00Z'),
      to: new Date('2026-10-20T00:00:00Z'),
      signatureCount: 4,
    };
    const rows = Array.from({ length: 160 }, () => inventReport(spread));
    const again = rows.slice(0, 40);
    const batches = Array.from({ length: 8 }, (_, writer) => [...rows, ...again].filter((_, at) => at % 8 === writer));
    await Promise.all(batches.map((batch) => index.indexReports(batch)));
    for (const [signature, group] of Map.groupBy(rows, (row) => String(row.values['signature']))) {
      const dates = group.map((row) => row.date).sort();
      const found = await seen(signature);
      assert.deepEqual([found?.firstDate, found?.lastDate, found?.reportCount], [dates[0], dates.at(-1), group.length]);
    }
  });

  test('eight writers that index, reprocess and remove at random leave sights that the reports themselves tell', async () => {
    const own = await testDatabase();
    const store = new PostgresSearch({ pool: own.pool });
    const spread = {
      random,
      from: new Date('2026-10-01T00:00:00Z'),
      to: new Date('2026-10-20T00:00:00Z'),
      signatureCount: 5,
    };
    const rows = Array.from({ length: 120 }, () => inventReport(spread));
    const any = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    // Another version of the same report: any of what the tables of sights are about may have changed.
    const again = () => {
      const row = any(rows);
      return {
        ...row,
        values: { ...inventReport(spread).values, uuid: row.crashId, date: row.date },
        processedAt: null,
      };
    };
    const writer = async () => {
      for (let round = 0; round < 12; round++) {
        const batch = Array.from({ length: 1 + Math.floor(random() * 8) }, () =>
          random() < 0.5 ? any(rows) : again(),
        );
        if (random() < 0.25) await store.deleteReports(batch.map(({ crashId }) => crashId));
        else await store.indexReports(batch);
      }
    };
    await Promise.all(Array.from({ length: 8 }, writer));
    const same = async (table: string, truth: string) => {
      const seenRows = await own.pool.query(`select * from ${table} order by 1, 2, 3`);
      assert.deepEqual(seenRows.rows, (await own.pool.query(truth)).rows, table);
      assert.ok(seenRows.rows.length > 0, table);
    };
    const sums = 'min(date_processed) first_date, max(date_processed) last_date';
    await same(
      '(select product, signature, first_date, last_date, first_build, last_build, report_count from signatures_seen) s',
      `select product, signature, ${sums}, min(build_id) first_build, max(build_id) last_build, count(*) report_count
       from reports group by 1, 2 order by 1, 2`,
    );
    await same(
      '(select product, first_date, last_date, report_count from products_seen) s',
      `select product, ${sums}, count(*) report_count from reports group by 1 order by 1`,
    );
    await same(
      '(select product, version, first_date, last_date, report_count from versions_seen) s',
      `select product, version, ${sums}, count(*) report_count from reports group by 1, 2 order by 1, 2`,
    );
  });

  test('values that no column takes are cut or left out, named, and the report stays', async () => {
    const row = report('2026-11-05T10:00:00Z', {
      signature: 'x'.repeat(40_000),
      uptime: 'soon',
      build: 1e30,
      reason: 'nul\0 and \ud800 lone',
      product: ['a', { b: 1 }],
      install_time: Number.NaN,
      crash_report_keys: [],
    });
    await index.indexReports([row]);
    const found = await index.getReport(row.crashId);
    assert.deepEqual(found, row);
    assert.equal(found?.values['reason'], 'nul and \ufffd lone');
    assert.deepEqual(
      found?.removedFields.map((text) => text.split(':')[0]),
      ['build_id', 'install_time', 'signature', 'uptime'],
    );
  });

  test('what the database refuses all the same costs a report its fields, and the others nothing', async () => {
    const picky = new PostgresSearch({
      pool,
      async alsoWrite(client, rows) {
        // A real refusal of the server, for as long as the field is there.
        if (rows.some(({ values }) => values['reason'] === 'poison'))
          await client.query(`select '"\\u0000"'::jsonb ->> 0`);
      },
    });
    const poisoned = report('2026-11-05T11:00:00Z', { signature: 'poison::sig', reason: 'poison', app_notes: 'note' });
    const healthy = report('2026-11-05T12:00:00Z', { signature: 'poison::sig', reason: 'fine', app_notes: 'note' });
    await picky.indexReports([healthy, poisoned]);
    assert.deepEqual(await index.getReport(healthy.crashId), healthy);
    const core = await index.getReport(poisoned.crashId);
    assert.equal(core?.values['signature'], 'poison::sig');
    assert.equal(core?.values['reason'], undefined);
    assert.match(core?.removedFields.at(-1) ?? '', /^all others: .*unsupported Unicode/);
    assert.equal((await seen('poison::sig'))?.reportCount, 2);
  });

  test('weekly partitions are made on demand and dropped whole', async () => {
    const old = report('2026-01-07T10:00:00Z', { signature: 'winter::sig' });
    await index.indexReports([old]);
    assert.equal(weekOf(new Date('2026-01-07T10:00:00Z')).toISOString(), '2026-01-05T00:00:00.000Z');
    assert.ok((await index.partitions.list()).some(({ name }) => name === 'reports_p20260105'));
    assert.deepEqual(await index.partitions.dropBefore(new Date('2026-02-01T00:00:00Z')), ['reports_p20260105']);
    assert.equal(await index.getReport(old.crashId), null);
    assert.equal((await seen('winter::sig'))?.reportCount, 1);
    assert.equal(await index.partitions.strayCount(), 0);
  });

  test('what dropped weeks had seen outlives reprocessing and removal of what is left', async () => {
    const dropped = [
      report('2025-03-04T10:00:00Z', { signature: 'long::sig', product: 'Long', build: '20250101000000' }),
      report('2025-03-05T10:00:00Z', { signature: 'long::sig', product: 'Long', build: '20250301000000' }),
    ];
    const kept = [
      report('2025-06-04T10:00:00Z', { signature: 'long::sig', product: 'Long', build: '20250202000000' }),
      report('2025-06-05T10:00:00Z', { signature: 'long::sig', product: 'Long', build: '20250502000000' }),
    ];
    await index.indexReports([...dropped, ...kept]);
    await index.partitions.dropBefore(new Date('2025-05-01T00:00:00Z'));
    const before = await seen('long::sig');
    assert.equal(before?.reportCount, 4);
    const again = report('2025-06-05T10:00:00Z', { signature: 'other::sig', product: 'Long' }, kept[1]?.crashId);
    await index.indexReports([again]);
    assert.deepEqual(await seen('long::sig'), {
      ...before,
      lastDate: '2025-06-04T10:00:00.000Z',
      lastBuild: 20250301000000,
      reportCount: 3,
    });
    await index.deleteReports(kept.map(({ crashId }) => crashId));
    assert.deepEqual(await seen('long::sig'), {
      ...before,
      lastDate: '2025-03-05T10:00:00.000Z',
      lastBuild: 20250301000000,
      reportCount: 2,
    });
    const product = (await index.productsSeen()).find((one) => one.product === 'Long');
    assert.deepEqual([product?.firstDate, product?.reportCount], ['2025-03-04T10:00:00.000Z', 2]);
    const version = (await index.versionsSeen('Long'))[0];
    assert.deepEqual([version?.firstDate, version?.reportCount], ['2025-03-04T10:00:00.000Z', 2]);
  });

  test('what was processed before that which is indexed never undoes it', async () => {
    const newer = report('2026-11-06T10:00:00Z', {
      signature: 'newer::sig',
      completed_datetime: '2026-11-07T10:00:00Z',
    });
    const older = report(
      '2026-11-06T10:00:00Z',
      { signature: 'older::sig', completed_datetime: '2026-11-06T10:00:01.123456' },
      newer.crashId,
    );
    assert.equal(older.processedAt, '2026-11-06T10:00:01.123Z');
    const memory = new MemorySearch();
    for (const store of [index, memory]) {
      await store.indexReports([older]);
      await store.indexReports([newer]);
      await store.indexReports([older]);
      assert.equal((await store.getReport(newer.crashId))?.values['signature'], 'newer::sig', store.name);
      assert.deepEqual(await store.signaturesSeen(['older::sig'], null), []);
      assert.equal((await store.signaturesSeen(['newer::sig'], null))[0]?.reportCount, 1);
    }
  });

  test('a week that is gone is named, and the search goes on', async () => {
    const weeks = ['2025-09-03', '2025-09-10', '2025-09-17'].map((day) =>
      report(`${day}T10:00:00Z`, { signature: 'weeks::sig', product: 'Weeks' }),
    );
    await index.indexReports(weeks);
    const { request } = parseSearch(new Map([['date', ['>=2025-08-01', '<2025-11-01']]]), {
      reader: { seesProtected: false, products: ['Weeks'], publicAnnotations: new Set() },
      now: new Date(),
      isStrict: false,
    });
    const whole = await index.search(request, { timeoutMs: 10_000 });
    assert.deepEqual([whole.total, whole.missingWeeks], [3, []]);
    await pool.query('drop table reports_p20250908');
    const partial = await index.search(request, { timeoutMs: 10_000 });
    assert.deepEqual([partial.total, partial.missingWeeks], [2, ['reports_p20250908']]);
    assert.equal(await index.getReport(weeks[1]?.crashId ?? ''), null);
    // A writer that still believes in the table finds the one for strays; the week is whole again and no longer missing.
    await index.indexReports([weeks[1] as (typeof weeks)[0]]);
    const again = await index.search(request, { timeoutMs: 10_000 });
    assert.deepEqual([again.total, again.missingWeeks], [3, []]);
    await index.deleteReports(weeks.map(({ crashId }) => crashId));
    assert.equal(await index.partitions.strayCount(), 0);
  });

  test('weeks in which nothing ran are no missing weeks', async () => {
    const own = await testDatabase();
    const store = new PostgresSearch({ pool: own.pool });
    await store.partitions.ensureAhead(new Date('2026-01-07T00:00:00Z'));
    await store.indexReports([report('2026-01-07T10:00:00Z', { signature: 'rest::sig' })]);
    await store.partitions.ensureAhead(new Date('2026-05-06T00:00:00Z'));
    await store.indexReports([report('2026-05-06T10:00:00Z', { signature: 'rest::sig' })]);
    const names = (await store.partitions.list()).map(({ name }) => name);
    assert.deepEqual([names[0], names.length, names.at(-1)], ['reports_p20260105', 22, 'reports_p20260601']);
    const { request } = parseSearch(new Map([['date', ['>=2025-10-01', '<2026-07-01']]]), {
      reader: { seesProtected: false, products: null, publicAnnotations: new Set() },
      now: new Date(),
      isStrict: false,
    });
    assert.deepEqual((await store.search(request, { timeoutMs: 10_000 })).missingWeeks, []);
  });

  test('reports that lie outside all weeks are dropped in their time too', async () => {
    const stray = report('2024-01-03T10:00:00Z', { signature: 'stray::sig' });
    await pool.query(`insert into reports (crash_id, date_processed, signature, product, terms, protected_terms, pub, prot, annotations, removed_fields)
      values ('${stray.crashId}', '${stray.date}', 'stray::sig', 'Editor', '{}', '{}', '{}', '{}', '{}', '{}')`);
    assert.equal(await index.partitions.strayCount(), 1);
    await index.partitions.dropBefore(new Date('2024-02-01T00:00:00Z'));
    assert.equal(await index.partitions.strayCount(), 0);
  });

  test('a week is dropped beside a long search, and no other search waits for it', async () => {
    await index.indexReports([report('2025-01-08T10:00:00Z', { signature: 'january::sig' })]);
    const { request } = parseSearch(new Map([['signature', ['=january::sig']]]), {
      reader: { seesProtected: false, products: null, publicAnnotations: new Set() },
      now: new Date(),
      isStrict: false,
    });
    const long = await pool.connect();
    await long.query('begin; lock table reports in access share mode');
    let isDropped = false;
    const dropping = index.partitions.dropBefore(new Date('2025-02-01T00:00:00Z')).finally(() => {
      isDropped = true;
    });
    const untilMs = performance.now() + 800;
    let slowestMs = 0;
    while (performance.now() < untilMs) {
      const beganMs = performance.now();
      await index.search(request, { timeoutMs: 10_000 });
      slowestMs = Math.max(slowestMs, performance.now() - beganMs);
    }
    assert.equal(isDropped, false, 'the long search was not waited for');
    await long.query('rollback');
    long.release();
    assert.deepEqual(await dropping, ['reports_p20250106']);
    assert.ok(slowestMs < 2000, `a search took ${slowestMs} ms`);
  });

  test('a search over its time budget is cancelled and says so', async () => {
    const { request } = parseSearch(new Map(), {
      reader: { seesProtected: false, products: null, publicAnnotations: new Set() },
      now: new Date(),
      isStrict: false,
    });
    const lock = await pool.connect();
    await lock.query('begin; lock table reports in access exclusive mode');
    await assert.rejects(
      index.search(request, { timeoutMs: 50 }),
      (error: unknown) => error instanceof SalvageError && error.slug === 'search_timeout',
    );
    const leaving = new AbortController();
    const search = index.search(request, { timeoutMs: 10_000, signal: leaving.signal });
    setTimeout(() => leaving.abort(), 50);
    await assert.rejects(search, /timed out/);
    await lock.query('rollback');
    lock.release();
  });

  test('searches wait for their turn within their budget, and writers wait for none of them', async () => {
    const { request } = parseSearch(new Map(), {
      reader: { seesProtected: false, products: null, publicAnnotations: new Set() },
      now: new Date(),
      isStrict: false,
    });
    const lock = await pool.connect();
    // Readers of reports wait for it, writers of people's data do not.
    await lock.query('begin; lock table reports in access exclusive mode');
    const atOnce = searchLimits.searchesAtOnceMax.value;
    const running = Array.from({ length: atOnce }, () => index.search(request, { timeoutMs: 20_000 }));
    const leaving = new AbortController();
    const left = index.search(request, { timeoutMs: 20_000, signal: leaving.signal });
    await assert.rejects(
      index.search(request, { timeoutMs: 50 }),
      (error: unknown) => error instanceof SalvageError && error.slug === 'search_busy',
    );
    leaving.abort();
    await assert.rejects(left, /its reader has left/);
    assert.equal((await pool.query('select 1 as one')).rows[0].one, 1);
    await lock.query('rollback');
    lock.release();
    assert.equal((await Promise.all(running)).length, atOnce);
  });

  test('the budget is for the whole search, however many statements it takes', async () => {
    const { request } = parseSearch(new Map(), {
      reader: { seesProtected: false, products: null, publicAnnotations: new Set() },
      now: new Date(),
      isStrict: false,
    });
    const given: number[] = [];
    const hear = (client: { query: unknown }) => {
      const query = (client.query as (...args: unknown[]) => Promise<unknown>).bind(client);
      client.query = (text: unknown, values?: unknown[]) => {
        const isBudget = typeof text === 'string' && text.includes('statement_timeout');
        if (!isBudget) return query(text, values);
        given.push(Number.parseInt(String(values?.[0]), 10));
        return query(text, values).then((result) => systemClock.sleep(30).then(() => result));
      };
    };
    pool.on('acquire', hear);
    await index.search(request, { timeoutMs: 5000 });
    pool.off('acquire', hear);
    assert.equal(given.length, 2);
    assert.ok((given[0] ?? 0) <= 5000 && (given[1] ?? 0) <= (given[0] ?? 0) - 30, String(given));
  });

  test('concurrent rows share transactions, and one that fails does not hold up the others', async () => {
    const sizes: number[] = [];
    const batcher = new IndexBatcher({
      clock: systemClock,
      index: {
        ...index,
        indexReports: async (rows: readonly { crashId: string; values: Record<string, unknown> }[]) => {
          sizes.push(rows.length);
          if (rows.some((row) => row.values['signature'] === 'bad')) throw new Error('bad row');
        },
      } as unknown as PostgresSearch,
    });
    const results = await Promise.allSettled(
      ['good', 'bad', 'good'].map((signature) => batcher.add(report('2026-11-05T00:00:00Z', { signature }))),
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(sizes, [3, 1, 1, 1]);
  });
});
