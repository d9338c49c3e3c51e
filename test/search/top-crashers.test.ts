// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { MemorySearch } from '../../src/search/memory-search.ts';
import { PostgresSearch } from '../../src/search/postgres-search.ts';
import { makeReportRow, type ReportRow } from '../../src/search/report-row.ts';
import type { SearchIndex } from '../../src/search/search-index.ts';
import { readTopCrashers } from '../../src/search/top-crashers.ts';
import { parseTopCrashersQuery, periodsOf } from '../../src/search/top-crashers-query.ts';
import { inventReport, randomUuid, seededRandom } from '../builders/report-builder.ts';
import { testDatabase } from '../services/postgres.ts';

const now = new Date('2026-11-20T12:00:00Z');
const hourMs = 3_600_000;
const random = seededRandom(21);

function report(signature: string, hoursAgo: number, fields: Record<string, unknown> = {}): ReportRow {
  const date = new Date(now.getTime() - hoursAgo * hourMs);
  const processed = {
    product: 'Editor',
    version: '1.0',
    process_type: 'parent',
    report_type: 'crash',
    os_name: 'Windows NT',
    uptime: 600,
    signature,
    date_processed: date.toISOString(),
    ...fields,
  };
  return makeReportRow(makeCrashId(randomUuid(random), 0, date), JSON.parse(JSON.stringify(processed)), {});
}

/** Two periods of seven days: 13–20 November and 6–13 November, both from 12:00. */
function twoPeriods(): ReportRow[] {
  return [
    // a::loop: 6 reports of one client; 2 before.
    ...[1, 2, 3, 4, 5, 6].map((hours) => report('a::loop', hours, { client_id: 'one', install_time: 60 })),
    report('a::loop', 200, { client_id: 'one', install_time: 60 }),
    report('a::loop', 201, { client_id: 'one', install_time: 60 }),
    // b::wide: 3 reports of three clients on three systems, one at startup; 4 before.
    report('b::wide', 1, { client_id: 'one', install_time: 60, startup_crash: true }),
    report('b::wide', 80, { client_id: 'two', install_time: 120, os_name: 'Mac OS X', is_garbage_collecting: true }),
    report('b::wide', 167, { client_id: 'three', install_time: 180, os_name: 'Linux' }),
    ...[170, 180, 190, 300].map((hours) => report('b::wide', hours, { client_id: 'two' })),
    // c::fresh: first seen in the period, all at startup, all in the first minute, one on Android.
    report('c::fresh', 10, { client_id: 'two', startup_crash: true, uptime: 0 }),
    report('c::fresh', 20, { client_id: 'three', startup_crash: true, uptime: 59, os_name: 'Android' }),
    // d::gone: only before; e::old: in no period but older, and once now.
    report('d::gone', 250, { client_id: 'four' }),
    report('e::old', 500, { client_id: 'five', build: '20250101000000' }),
    report('e::old', 5, { client_id: 'five', build: '20260101000000', process_type: 'browser' }),
    // Left out: another product, process, type and version.
    report('x::other', 5, { product: 'Player' }),
    report('x::content', 5, { process_type: 'content', version: '2.0' }),
    report('x::hang', 5, { report_type: 'hang' }),
  ];
}

const query = (text: string) => {
  const parameters = new URLSearchParams(text);
  return parseTopCrashersQuery(new Map([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name)])));
};
const reader = { now, products: null, timeoutMs: 10_000 };

function suite(name: string, open: () => Promise<SearchIndex>): void {
  describe(`top crashers in ${name}`, () => {
    let index: SearchIndex;
    before(async () => {
      index = await open();
      await index.indexReports(twoPeriods());
    });
    const read = (text: string) => readTopCrashers(index, query(text), reader);

    test('ranked by clients, every figure of two hand-counted periods', async () => {
      const list = await read('product=Editor');
      assert.deepEqual(
        [list.total, list.previousTotal, list.totalClients, list.totalSignatures, list.shown],
        [12, 7, 4, 4, 12],
      );
      assert.deepEqual(
        list.rows.map((row) => [
          row.rank,
          row.signature,
          row.clients,
          row.crashes,
          row.previousCrashes,
          row.rankChange,
        ]),
        [
          [1, 'b::wide', 3, 3, 4, 0],
          [2, 'c::fresh', 2, 2, 0, null],
          [3, 'a::loop', 1, 6, 2, -1],
          [4, 'e::old', 1, 1, 0, null],
        ],
      );
      assert.deepEqual(
        list.rows.map((row) => [row.share.toFixed(2), row.previousShare.toFixed(2)]),
        [
          ['25.00', '57.14'],
          ['16.67', '0.00'],
          ['50.00', '28.57'],
          ['8.33', '0.00'],
        ],
      );
      assert.deepEqual(
        list.rows.map((row) => [row.windows, row.mac, row.linux, row.installs, row.garbageCollecting]),
        [
          [1, 1, 1, 3, 1],
          [1, 0, 0, 0, 0],
          [6, 0, 0, 1, 0],
          [1, 0, 0, 0, 0],
        ],
      );
      assert.deepEqual(
        list.rows.map((row) => [row.startup, row.isFirstMinute, row.isNew]),
        [
          ['some', false, false],
          ['all', true, true],
          ['none', false, false],
          ['none', false, false],
        ],
      );
      assert.equal(list.rows[3]?.firstBuild, 20250101000000);
      const percents = list.rows.reduce((sum, row) => sum + row.share, 0);
      assert.equal(Math.round(percents + (100 * (list.total - list.shown)) / list.total), 100);
    });

    test('fourteen equal parts of the period, from its beginning', async () => {
      const [wide] = (await read('product=Editor')).rows;
      // 167, 80 and 1 hours ago: parts of 12 hours from 168 hours ago on.
      assert.deepEqual(wide?.buckets, [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    });

    test('ranked by crashes', async () => {
      const list = await read('product=Editor&_rank_by=crashes');
      assert.deepEqual(
        list.rows.map((row) => [row.signature, row.crashes, row.clients, row.rankChange]),
        [
          ['a::loop', 6, 1, 1],
          ['b::wide', 3, 3, -1],
          ['c::fresh', 2, 2, null],
          ['e::old', 1, 1, null],
        ],
      );
    });

    test('filters of process, type, platform, version and day', async () => {
      const signatures = async (text: string) =>
        (await read(`product=Editor&_rank_by=crashes&${text}`)).rows.map(({ signature }) => signature);
      assert.deepEqual(await signatures('process_type=content'), ['x::content']);
      assert.deepEqual(await signatures('process_type=other'), []);
      assert.deepEqual(await signatures('_report_type=hang'), ['x::hang']);
      assert.deepEqual(await signatures('platform=macOS'), ['b::wide']);
      assert.deepEqual(await signatures('platform=BeOS'), ['a::loop', 'b::wide', 'c::fresh', 'e::old']);
      assert.deepEqual(await signatures('version=2.0&process_type=any'), ['x::content']);
      assert.deepEqual(await signatures('days=1&_tcbs_mode=byday'), ['c::fresh']);
      assert.deepEqual(await signatures('_range_type=build'), []);
    });

    test('several versions have a column each', async () => {
      const list = await read('product=Editor&version=1.0&version=2.0&process_type=any');
      assert.deepEqual(list.rows.find(({ signature }) => signature === 'x::content')?.versions, { '1.0': 0, '2.0': 1 });
    });

    test('a reader of another product sees nothing', async () => {
      const list = await readTopCrashers(index, query('product=Editor'), { ...reader, products: ['Player'] });
      assert.deepEqual([list.total, list.rows], [0, []]);
    });
  });
}

suite('memory', async () => new MemorySearch());
const { pool } = await testDatabase();
suite('PostgreSQL', async () => new PostgresSearch({ pool }));

test('both indexes make the same list of random reports', async () => {
  const { pool: other } = await testDatabase();
  const [memory, postgres] = [new MemorySearch(), new PostgresSearch({ pool: other })];
  const spread = { random: seededRandom(5), from: new Date(now.getTime() - 15 * 24 * hourMs), to: now };
  const rows = Array.from({ length: 600 }, () => inventReport({ ...spread, signatureCount: 90 }));
  for (const index of [memory, postgres]) await index.indexReports(rows);
  for (const text of [
    '',
    '&_rank_by=crashes',
    '&days=3&process_type=any&_report_type=any',
    '&version=4.0b&version=3.9',
  ]) {
    const asked = query(`product=Editor${text}`);
    assert.deepEqual(
      await readTopCrashers(postgres, asked, reader),
      await readTopCrashers(memory, asked, reader),
      text,
    );
  }
});

test('signatures beyond the ranked ones of the period before are still counted exactly', async () => {
  const index = new MemorySearch();
  // 110 signatures with two reports each before push one with a single report out of a ranking of 100.
  const rows = Array.from({ length: 110 }, (_, at) => [1, 2].map(() => report(`s${at}`, 200 + at, {}))).flat();
  await index.indexReports([...rows, report('rare', 250), report('rare', 3), report('rare', 4)]);
  const list = await readTopCrashers(index, query('product=Editor'), reader);
  assert.deepEqual(
    list.rows.map((row) => [row.signature, row.previousCrashes, row.rankChange, row.isNew]),
    [['rare', 1, null, false]],
  );
});

describe('parameters of top crashers', () => {
  test('defaults and fallbacks', () => {
    const fallback = query(
      'product=A&process_type=odd&platform=odd&_facets_size=77&_tcbs_mode=odd&_range_type=odd&_rank_by=odd',
    );
    assert.deepEqual(fallback, query('product=A'));
    assert.deepEqual(
      [fallback.days, fallback.processType, fallback.reportType, fallback.size, fallback.mode, fallback.rankBy],
      [7, 'parent', 'crash', 50, 'realtime', 'clients'],
    );
  });

  test('what is refused', () => {
    for (const text of [
      '',
      'product=A&days=2',
      'product=A&days=x',
      'product=A&_facets_size=x',
      'product=A&_report_type=x',
    ])
      assert.throws(() => query(text), { message: /^Bad value for parameter/ }, text);
  });

  test('by day ends at midnight, and the periods touch', () => {
    const { current, previous } = periodsOf(query('product=A&days=3&_tcbs_mode=byday'), now);
    assert.deepEqual(
      [previous.from, previous.to, current.from, current.to].map((date) => date.toISOString().slice(0, 13)),
      ['2026-11-14T00', '2026-11-17T00', '2026-11-17T00', '2026-11-20T00'],
    );
  });
});
