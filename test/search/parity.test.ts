// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { MemorySearch } from '../../src/search/memory-search.ts';
import { parseSearch } from '../../src/search/parse-search.ts';
import { PostgresSearch } from '../../src/search/postgres-search.ts';
import { searchFields } from '../../src/search/search-fields.ts';
import { inventReport, seededRandom } from '../builders/report-builder.ts';
import { testDatabase } from '../services/postgres.ts';

const now = new Date('2026-11-20T12:00:00Z');
const reader = { seesProtected: true, products: null, publicAnnotations: new Set<string>() };

describe('both indexes answer alike', async () => {
  const { pool } = await testDatabase();
  const memory = new MemorySearch();
  const postgres = new PostgresSearch({ pool });
  const spread = { random: seededRandom(7), from: new Date('2026-11-10T00:00:00Z'), to: now, signatureCount: 40 };
  const rows = Array.from({ length: 500 }, () => inventReport(spread));

  before(async () => {
    await memory.indexReports(rows);
    for (let at = 0; at < rows.length; at += 50) await postgres.indexReports(rows.slice(at, at + 50));
  });

  async function compare(query: string): Promise<void> {
    const parameters = new URLSearchParams(query);
    const map = new Map([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name)]));
    if (!map.has('date')) map.set('date', ['>=2026-11-01']);
    const { request } = parseSearch(map, { reader, now, isStrict: true });
    const [expected, actual] = [await memory.search(request), await postgres.search(request, { timeoutMs: 10_000 })];
    assert.deepEqual(actual, expected, query);
  }

  const values: Record<string, readonly string[]> = {
    text: [
      'paint',
      '=paint::flush0',
      '~::',
      '^net',
      '$0',
      '@".*"|paint.*[0-9]',
      '__null__',
      'GL',
      '50%',
      '~%',
      '~_',
      'Flush0 nothing',
    ],
    identity: ['editor', 'Editor', '=editor', '=Editor', '~Play', '^Win', '__null__', '@Pl.*'],
    keyword: ['parent', '=content', '~a', 'PARENT', '__null__', '@c.*', '$nt'],
    enum: ['amd64', '=x86', '4.0b', '=4.0b1', '__null__', '~x'],
    parts: ['ntdll.pdb/CD', 'NTDLL.PDB/cd', '~LIBC', '^editor', '$cd', '@.*so.*', '__null__', '=ProductName'],
    integer: ['5', '>100', '>=3600', '<50', '<=0', '__null__'],
    float: ['1', '>0.5', '__null__'],
    boolean: ['true', 'false', '__true__', '__null__'],
  };
  const names = [...searchFields.values()].filter((field) => field.kind !== 'date');
  const conditionArbitrary = fc.constantFrom(...names).chain((field) =>
    fc
      .array(
        fc
          .tuple(fc.boolean(), fc.constantFrom(...(values[field.kind] as string[])))
          .map(([not, text]) => (not ? `!${text}` : text)),
        { minLength: 1, maxLength: 3 },
      )
      .map((texts) => texts.map((text) => [field.name, text] as const)),
  );

  test('random filters on every field, kind and operator', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(conditionArbitrary, { minLength: 1, maxLength: 2 }), async (conditions) => {
        const query = new URLSearchParams([
          ...conditions.flat().map(([name, text]): [string, string] => [name, text]),
          ['_results_number', '20'],
          ['_columns', 'uuid'],
        ]);
        await compare(query.toString());
      }),
      { numRuns: 250, seed: 11 },
    );
  });

  test('every field as facet, nested facet and column', async () => {
    for (const field of searchFields.values())
      await compare(
        `_facets=${field.name}&_facets=_cardinality.${field.name}&_aggs.product=${field.name}&_columns=${field.name}&_sort=-${field.name}&_results_number=30&_facets_size=7`,
      );
  });

  for (const query of [
    '_facets=signature&_facets_size=3',
    '_aggs.product.version=platform&_facets=_cardinality.install_time',
    '_aggs.signature=_histogram.uptime&_histogram_interval.uptime=60&_facets_size=5',
    '_histogram.date=product&_histogram.date=_cardinality.client_id',
    '_histogram.date=platform&_histogram_interval.date=week',
    '_histogram.date=platform&_histogram_interval.date=12h',
    '_histogram.build_id=version&_histogram_interval.build_id=1000000',
    '_aggs.modules_in_stack=crash_report_keys&_aggs.startup_crash=is_garbage_collecting',
    '_aggs.product.version.platform=cpu_arch&_facets_size=4',
    'annotation.Flavour=sour&_facets=annotation.Flavour&_columns=annotation.Flavour',
    'annotation.Flavour=!sour&_facets=annotation.Flavour&annotation.Nothing=__null__',
    'uptime=>5&uptime=<50&uptime=__null__',
    'date=>2026-11-12&date=<2026-11-15T12:00:00&_sort=date&_results_number=1000',
    'signature=!paint&signature=!~net&_sort=-signature&_sort=version&_results_number=50&_results_offset=20',
    '_facets_size=0&_results_number=5',
    '_results_number=0',
  ])
    test(query, () => compare(query));

  test('products of the reader bound what is found', async () => {
    const { request } = parseSearch(
      new Map([
        ['date', ['>=2026-11-01']],
        ['_facets', ['product']],
      ]),
      {
        reader: { ...reader, products: ['Player'] },
        now,
        isStrict: false,
      },
    );
    const answer = await postgres.search(request, { timeoutMs: 10_000 });
    assert.deepEqual(Object.keys(answer.facets), ['product']);
    assert.deepEqual(
      (answer.facets['product'] as { term: string }[]).map((facet) => facet.term),
      ['Player'],
    );
    assert.deepEqual(answer, await memory.search(request));
  });

  test('rows come back as they were given', async () => {
    for (const row of rows.slice(0, 20))
      assert.deepEqual(await postgres.getReport(row.crashId), await memory.getReport(row.crashId));
  });

  test('what was seen of signatures, products and versions', async () => {
    const signatures = [...new Set(rows.map((row) => String(row.values['signature'])))];
    const sorted = async (index: MemorySearch | PostgresSearch, products: string[] | null) =>
      (await index.signaturesSeen(signatures, products)).toSorted((a, b) => (a.signature < b.signature ? -1 : 1));
    assert.deepEqual(await sorted(postgres, null), await sorted(memory, null));
    assert.deepEqual(await sorted(postgres, ['Player']), await sorted(memory, ['Player']));
    assert.deepEqual(await postgres.productsSeen(), await memory.productsSeen());
    const versions = await postgres.versionsSeen('Editor');
    assert.deepEqual(
      versions.map(({ releaseChannel, ...rest }) => rest),
      (await memory.versionsSeen('Editor')).map(({ releaseChannel, ...rest }) => rest),
    );
  });

  test('ids are found by their first hex digits', async () => {
    const row = rows[3] as (typeof rows)[number];
    const prefix = row.crashId.replaceAll('-', '').slice(0, 16);
    assert.deepEqual(await postgres.findCrashIds(prefix, 10), [row.crashId]);
    assert.deepEqual(await memory.findCrashIds(prefix, 10), [row.crashId]);
  });
});
