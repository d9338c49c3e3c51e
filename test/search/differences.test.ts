// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Where a search answers otherwise than crash-stats, on purpose: one test a row of docs/differences.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import type { ProcessedCrash } from '../../src/crash/processed-crash.ts';
import { MemorySearch } from '../../src/search/memory-search.ts';
import { parseSearch } from '../../src/search/parse-search.ts';
import { makeReportRow } from '../../src/search/report-row.ts';
import type { FacetTerm } from '../../src/search/search-request.ts';
import { randomUuid, seededRandom } from '../builders/report-builder.ts';

const now = new Date('2026-11-20T12:00:00Z');
const random = seededRandom(19);

/** Four reports, named by their address. */
const reports: readonly Record<string, unknown>[] = [
  { address: 'a', product: 'Focus', uptime: 9, reason: 'SIG A', signature: 'f*o', release_channel: 'nightly' },
  { address: 'b', product: 'Focus Beta', uptime: 3, reason: 'SIG B', signature: 'foo', cpu_count: 8 },
  { address: 'c', product: 'Editor', reason: 'SIG C', signature: 'bar', addons: ['Some@Addon:1'] },
  { address: 'd', product: 'Editor', date_processed: '2026-11-19T06:00:00Z', memory_measures: { explicit: 77 } },
];

describe('what a search answers otherwise than crash-stats', () => {
  const index = new MemorySearch();

  before(() =>
    index.indexReports(
      reports.map((fields) => {
        const crashId = makeCrashId(randomUuid(random), 0, now);
        const processed = { date_processed: '2026-11-20T06:00:00Z', signature: '', ...fields } as ProcessedCrash;
        return makeReportRow(crashId, processed, {});
      }),
    ),
  );

  function plan(query: string) {
    const parameters = new URLSearchParams(query);
    const map = new Map([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name)]));
    const reader = { seesProtected: false, products: null, publicAnnotations: new Set<string>() };
    return parseSearch(map, { reader, now, isStrict: false });
  }

  async function found(query: string): Promise<string> {
    const { hits } = await index.search(plan(`${query}&_columns=address&_sort=address`).request);
    return hits.map(({ address }) => String(address)).join('');
  }

  const cases: Readonly<Record<string, () => Promise<void> | void>> = {
    'several negated values of one field': async () => assert.equal(await found('reason=!~A&reason=!~B'), 'cd'),
    'order of values of one field': async () => {
      assert.equal(await found('uptime=__null__&uptime=>5'), 'acd');
      assert.equal(await found('uptime=>5&uptime=__null__'), 'acd');
    },
    'product, platform and other identities': async () => assert.equal(await found('product=focus'), 'a'),
    '= on enumerations': async () => assert.equal(await found('release_channel==nightly'), 'a'),
    '* and ? after ~ ^ $': async () => assert.equal(await found('signature=~f*o'), 'a'),
    'parts of lists in capitals': async () => assert.equal(await found('addons==SOME@addon:1'), 'c'),
    'a product that sent nothing': async () => assert.equal(await found('product=Nobody'), ''),
    '!product': async () => assert.equal(await found('product=!Editor'), 'ab'),
    'dates from now': async () => assert.equal(await found('date=>=-12h'), 'abc'),
    'steps of 12h or 2d': async () => {
      const { facets } = await index.search(plan('_histogram.date=product&_histogram_interval.date=12h').request);
      assert.deepEqual(
        (facets['histogram_date'] as FacetTerm[]).map(({ term, count }) => [term, count]),
        [
          ['2026-11-19T00:00:00+00:00', 1],
          ['2026-11-20T00:00:00+00:00', 3],
        ],
      );
    },
    'steps of dates': async () => {
      const { facets } = await index.search(plan('_facets=_histogram.date').request);
      assert.equal((facets['histogram_date'] as FacetTerm[])[0]?.term, '2026-11-19T00:00:00+00:00');
    },
    'columns of nested values': async () => {
      const { hits } = await index.search(plan('_columns=cpu_count&_columns=memory_explicit&_sort=address').request);
      assert.deepEqual(hits[1], { cpu_count: 8, memory_explicit: null });
      assert.deepEqual(hits[3], { cpu_count: null, memory_explicit: 77 });
    },
    'offsets beyond 10,000': async () => {
      assert.equal(await found('_results_offset=999900'), '');
      assert.throws(() => plan('_results_offset=999901'), /cannot be greater than 1,000,000/);
    },
    '~ & < > # @ in expressions': () => {
      for (const operator of ['~', '&', '<', '>', '#', '@'])
        assert.throws(() => plan(`signature=${encodeURIComponent(`@a${operator}b`)}`), /Malformed supersearch query/);
    },
    'patterns of two letters': () => {
      assert.throws(() => plan('date=>=-29d&signature=~zq'), /fewer than three characters/);
      plan('date=>=-28d&signature=~zq');
    },
    'names that nothing has': () =>
      assert.deepEqual(plan('sginature=a').dropped, [{ type: 'unknown_field', field: 'sginature' }]),
    'hidden fields': () => assert.deepEqual(plan('url=a').dropped, [{ type: 'field_not_permitted', field: 'url' }]),
  };
  for (const [name, check] of Object.entries(cases)) test(name, check);

  test('the page of differences has the same rows', () => {
    const page = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('## Search and API')).match(/^\| (?!Case|---).*$/gm) ?? [];
    assert.deepEqual(
      table.map((row) => row.split('|')[1]?.trim()),
      Object.keys(cases),
    );
  });
});
