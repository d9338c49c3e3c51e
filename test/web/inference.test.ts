// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Two sites whose reports differ in protected values only: whatever a reader without the permission asks, in whatever place
// a hidden name is put, both must answer with the same bytes (web.md §2.5).
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../src/lib/clock.ts';
import { searchFields } from '../../src/search/search-fields.ts';
import { inventProcessedCrash, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';

const hidden = [...searchFields.values()].filter(({ permission }) => permission === 'protected');
const hiddenNames = [...hidden.map(({ name }) => name), 'annotation.Secret', 'annotation.Email'];

/** A value of the field's kind; another one for each of the two sites. */
function secretOf(kind: string, side: number, report: number): unknown {
  if (kind === 'boolean') return (report + side) % 2 === 0;
  if (kind === 'integer') return 1000 * (side + 1) + report;
  return side === 0 ? `left ${report}` : `a right value, longer, ${report * 7}`;
}

/** What changes from one answer to the next whatever is asked. */
function stable(text: string): string {
  return text.replace(/"took_ms":\d+/g, '').replace(/\d+ ms<\/span>/g, '');
}

describe('hidden fields cannot be inferred', async () => {
  const now = new Date();
  const clock = { ...systemClock, now: () => now };
  const sites = [await startWebSite({ public: true }, clock), await startWebSite({ public: true }, clock)] as const;
  const day = (days: number) => new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10);
  const period = `date=>=${day(-6)}&date=<${day(1)}`;
  const crashIds: string[] = [];
  let viewers: readonly string[] = [];

  before(async () => {
    // An admin each: nobody's site shows nothing.
    for (const site of sites) await site.tokenOf('admin');
    viewers = [await sites[0].tokenOf('viewer'), await sites[1].tokenOf('viewer')];
    const spread = { random: seededRandom(81), from: new Date(`${day(-4)}T00:00:00Z`), to: now, signatureCount: 5 };
    for (let report = 0; report < 30; report++) {
      const { crashId, processed } = inventProcessedCrash(spread);
      crashIds.push(crashId);
      for (const [side, site] of sites.entries()) {
        const own: Record<string, unknown> = { ...processed };
        for (const { path, kind, name } of hidden) {
          // How many clients there are is public, so their names differ and not their number.
          const secret = name === 'client_id' ? `${side} ${own['client_id']}` : secretOf(kind, side, report);
          const [key = '', below] = path.split('.');
          own[key] = below === undefined ? secret : { [below]: secret };
        }
        const raw = { uuid: crashId, ProductName: 'Editor', Secret: `${side} ${report}`, Email: `${side}@example.org` };
        await site.addCrash(crashId, raw, JSON.parse(JSON.stringify(own)));
      }
    }
  });

  async function same(path: string, isSignedIn: boolean): Promise<string> {
    const answers = await Promise.all(
      sites.map(async ({ url }, side) => {
        const headers: Record<string, string> = isSignedIn ? { 'auth-token': viewers[side] as string } : {};
        const response = await fetch(url + path, { headers, redirect: 'manual' });
        const text = (await response.text()).replaceAll(url, '');
        return { status: response.status, text: stable(text), location: response.headers.get('location') };
      }),
    );
    assert.deepEqual(answers[1], answers[0], path);
    assert.ok((answers[0]?.status ?? 500) < 500, `${path}: ${answers[0]?.text.slice(0, 300)}`);
    return answers[0]?.text ?? '';
  }

  const nameOf = fc
    .constantFrom(...hiddenNames)
    .chain((name) => fc.constantFrom(name, name, name, ` ${name}`, name.toUpperCase(), `${name}.x`, `-${name}`));
  const textOf = fc.constantFrom(
    ...['left', '~left', '!~right', '^a', '$0', '@.*', '=left 1', '>0', '<2000', '__null__', '!__null__', '__true__'],
    ...['!__true__', 'true', '1003', '', '\u0000', 'soon'],
  );
  const parameterOf = fc.tuple(nameOf, textOf, fc.constantFrom('product', 'signature', 'uptime', 'url')).chain(
    ([name, value, other]): fc.Arbitrary<readonly (readonly [string, string])[]> =>
      fc.constantFrom(
        [[name, value]],
        [
          [name, value],
          [name, `!${value}`],
        ],
        [['_columns', name]],
        [['_sort', name]],
        [['_sort', `-${name}`]],
        [['_facets', name]],
        [['_facets', `_cardinality.${name}`]],
        [['_facets', `_histogram.${name}`]],
        [[`_aggs.${name}`, other]],
        [[`_aggs.${other}`, name]],
        [[`_aggs.${other}.${name}`, 'product']],
        [[`_aggs.${other}`, `_cardinality.${name}`]],
        [[`_histogram.${name}`, other]],
        [['_histogram.date', name]],
        [
          ['_histogram.uptime', `_cardinality.${name}`],
          ['_histogram_interval.uptime', '60'],
        ],
        [['_group', name]],
        [['q', `${name}:${value}`]],
      ),
  );

  test('search: hidden names in every place, by API and page', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(parameterOf, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('/api/SuperSearch/', '/api/v1/search', '/search/', '/search/results/'),
        fc.boolean(),
        async (parameters, path, isSignedIn) => {
          const query = new URLSearchParams(parameters.flat().map(([name, value]): [string, string] => [name, value]));
          await same(`${path}?${period}&${query}`, isSignedIn);
        },
      ),
      { numRuns: 250, seed: 5 },
    );
  });

  test('signature pages and top crashers with hidden names as filters, columns and panels', async () => {
    const signature = encodeURIComponent(
      JSON.parse(await same(`/api/SuperSearch/?${period}`, true)).facets.signature[0].term,
    );
    for (const name of hiddenNames)
      for (const path of [
        `/signature/?signature=${signature}&${name}=left`,
        `/signature/reports/?signature=${signature}&${name}=!__null__&_columns=${name}&_sort=${name}`,
        `/signature/aggregation/${name}/?signature=${signature}`,
        `/signature/graphs/${name}/?signature=${signature}`,
        `/signature/comments/?signature=${signature}`,
        `/topcrashers/?product=Editor&version=&${name}=left&_facets=${name}`,
      ])
        await same(`${path}&${period}`, true);
  });

  test('documents, reports and their texts', async () => {
    for (const crashId of crashIds.slice(0, 5))
      for (const path of [
        `/api/RawCrash/?crash_id=${crashId}`,
        `/api/RawCrash/?crash_id=${crashId}&format=raw&name=Secret`,
        `/api/ProcessedCrash/?crash_id=${crashId}`,
        `/api/crash/?uuid=${crashId}`,
        `/api/crash_data/?uuid=${crashId}&datatype=meta`,
        `/api/crash_data/?uuid=${crashId}&datatype=processed`,
        `/api/crash_data/?uuid=${crashId}&datatype=unredacted`,
        `/api/v1/reports/${crashId}`,
        `/report/index/${crashId}`,
        `/api/v1/reports/${crashId}/report.md`,
        `/api/v1/reports/${crashId}/report.txt`,
      ])
        for (const isSignedIn of [true, false]) {
          const text = await same(path, isSignedIn);
          assert.ok(!/left \d|a right value/.test(text), path);
        }
  });
});
