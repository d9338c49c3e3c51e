// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import type { ProcessedCrash } from '../../src/crash/processed-crash.ts';
import { errorText, SalvageError } from '../../src/lib/errors.ts';
import { parseSearch } from '../../src/search/parse-search.ts';
import { PostgresSearch } from '../../src/search/postgres-search.ts';
import { makeReportRow } from '../../src/search/report-row.ts';
import { randomUuid, seededRandom } from '../builders/report-builder.ts';
import { testDatabase } from '../services/postgres.ts';

const random = seededRandom(11);
const now = new Date('2026-11-05T00:00:00Z');

function report(fields: Record<string, unknown>) {
  const date = '2026-11-02T10:00:00Z';
  const processed = { product: 'Editor', signature: 'a::b', date_processed: date, ...fields } as ProcessedCrash;
  return makeReportRow(makeCrashId(randomUuid(random), 0, new Date(date)), processed, {});
}

describe('hostile reports and searches', async () => {
  const { pool } = await testDatabase();
  const index = new PostgresSearch({ pool });
  const search = (parameters: Record<string, string>) => {
    const reader = { seesProtected: true, products: null, publicAnnotations: new Set<string>() };
    const given = new Map(Object.entries(parameters).map(([name, value]) => [name, [value]]));
    return index.search(parseSearch(given, { reader, now, isStrict: true }).request, { timeoutMs: 5000 });
  };

  test('names too long for an index are cut and listed, never a reason to lose the report', async () => {
    const noise = () => randomBytes(9000).toString('base64');
    for (const field of ['product', 'version', 'signature', 'release_channel']) {
      const row = report({ [field]: noise() });
      await index.indexReports([row]);
      const stored = await index.getReport(row.crashId);
      assert.ok(stored, field);
    }
    const whole = report({ product: noise(), version: noise(), signature: noise() });
    await index.indexReports([whole]);
    const { removedFields } = (await index.getReport(whole.crashId)) ?? { removedFields: [] };
    for (const field of ['product', 'version', 'signature'])
      assert.ok(
        removedFields.some((text) => text.startsWith(`${field}:`)),
        field,
      );
  });

  test('a word or part cut inside a character outside the basic plane is still text', async () => {
    const letters = '𝒜'.repeat(300);
    for (const value of [letters, `a${letters}`]) {
      const row = report({ signature: value, app_notes: value, topmost_filenames: value, ProductName: value });
      await index.indexReports([row]);
      assert.ok(await index.getReport(row.crashId));
    }
  });

  test('values that the database cannot take answer as bad arguments', async () => {
    const bad: Record<string, string>[] = [
      { signature: '=a\0b' },
      { signature: '~a\0b' },
      { signature: '@a\0b' },
      { product: 'a\0b' },
      { url: '=a\0b' },
      { modules_in_stack: 'a\0b' },
      { 'annotation.X': 'a\0b' },
      { '_histogram.uptime': 'product', '_histogram_interval.uptime': '1e-320', _facets: 'product' },
      { '_histogram.uptime_ts': 'product', '_histogram_interval.uptime_ts': '5e-324' },
    ];
    await index.indexReports([report({ uptime: 5, uptime_ts: 12.5 })]);
    for (const parameters of bad)
      await assert.rejects(
        async () => search(parameters),
        (error) => error instanceof SalvageError && error.kind.status === 400,
        JSON.stringify(parameters),
      );
    assert.deepEqual(await index.versionsSeen('a\0b').catch(errorText), []);
    assert.deepEqual(await index.signaturesSeen(['a\0b'], null).catch(errorText), []);
  });

  test('a pattern that would take for ever is refused as too complex', async () => {
    await assert.rejects(
      async () => search({ signature: '@((a{1,255}){1,255}){1,255}' }),
      (error) =>
        error instanceof SalvageError && /^Search query is too complex to execute\. Simplify/.test(error.message),
    );
  });

  test('an escaped dash in a class of characters is a dash and no range', async () => {
    for (const signature of ['dash::m', 'dash::-', 'dash::]']) await index.indexReports([report({ signature })]);
    const found = async (signature: string) =>
      (await search({ signature, _columns: 'signature', _sort: 'signature' })).hits.map((hit) => hit['signature']);
    assert.deepEqual(await found('@dash::[a\\-z]'), ['dash::-']);
    assert.deepEqual(await found('@dash::[a-z]'), ['dash::m']);
    assert.deepEqual(await found('@dash::[\\]x]'), ['dash::]']);
  });
});
