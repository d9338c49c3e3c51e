// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import type { SignatureView } from '../../src/web/views/signature-view.ts';
import { hostileText, richReport } from '../builders/page-reports.ts';
import { randomUuid, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';

describe('the pages of a signature', async () => {
  const site = await startWebSite();
  const random = seededRandom(21);
  const now = new Date();
  const marker = 'PROTECTED-COMMENT';
  const name = 'lantern::tank::Level::lower';
  const named = `signature=${encodeURIComponent(name)}`;
  let viewer = '';
  let investigator = '';

  before(async () => {
    await site.tokenOf('admin');
    viewer = await site.tokenOf('viewer');
    investigator = await site.tokenOf('investigator');
    const add = async (count: number, fields: Record<string, unknown>) => {
      for (let at = 0; at < count; at++) {
        const id = makeCrashId(randomUuid(random), 0, now);
        const { rawCrash, processed } = richReport(id, new Date(now.getTime() - 3_600_000), 1);
        Object.assign(processed, fields, { install_time: 1000 + (at % 3), client_id: `c${at % 2}` });
        await site.addCrash(id, rawCrash, processed);
      }
    };
    await add(6, { signature: name, uptime: 30, startup_crash: true, version: '4.2.0', user_comments: marker });
    await add(3, { signature: name, uptime: 100, version: '4.1.9', cpu_arch: 'arm64' });
    await add(1, { signature: name, uptime: 4000, product: 'Other' });
    await add(10, { signature: `${name} | other` });
    await add(1, { signature: hostileText.replaceAll('\0', '').toWellFormed(), reason: hostileText });
  });

  const get = (path: string, token = viewer) => fetch(site.url + path, { headers: { 'auth-token': token } });
  const page = async (path: string, token = viewer, status = 200) => {
    const response = await get(path, token);
    assert.equal(response.status, status, path);
    return response.text();
  };
  const view = async (query: string) => (await (await get(`/api/v1/signature?${query}`)).json()) as SignatureView;

  test('counts by hand', async () => {
    const { total, total_all, clients, installs, startup, first_minute, badges, panels, trend } = await view(named);
    assert.deepEqual(
      { total, total_all, clients, installs, startup, first_minute, badges },
      {
        total: 10,
        total_all: 21,
        clients: 2,
        installs: 3,
        startup: 6,
        first_minute: 6,
        badges: ['some_startup', 'first_minute'],
      },
    );
    const rows = (panel: string) =>
      panels.find((one) => one.name === panel)?.rows.map(({ term, count, installs }) => [term, count, installs]);
    assert.deepEqual(rows('Version'), [
      ['Lantern 4.2.0', 6, 3],
      ['Lantern 4.1.9', 3, 3],
      ['Other 4.2.0', 1, 1],
    ]);
    assert.deepEqual(
      rows('Uptime')?.map(([, count]) => count),
      [6, 3, 0, 0, 1],
    );
    assert.deepEqual(rows('Architecture'), [
      ['amd64', 7, null],
      ['arm64', 3, null],
    ]);
    assert.equal(trend.days.length, 28);
    assert.equal(
      trend.series.flatMap(({ values }) => values).reduce((sum, count) => sum + count, 0),
      10,
    );
  });

  test('filters travel to every panel and link', async () => {
    assert.equal((await view(`${named}&version=4.1.9`)).total, 3);
    const text = await page(`/signature/?${named}&product=Lantern&date=%3E%3D-3d`);
    assert.match(text, /\/signature\/reports\/\?signature=[^"]+product=Lantern&amp;date=%3E%3D-3d/);
    assert.match(text, /, 3 installations<\/small>/);
  });

  test('what cannot be read is 400 with one sentence', async () => {
    const table: readonly [string, RegExp][] = [
      ['/signature/', /signature: This field is required/],
      [`/signature/?${named}&signature=b`, /only one value/],
      ['/signature/?signature=a%00b', /Null characters are not allowed/],
      [`/signature/reports/?${named}&page=x`, /Invalid page/],
      [`/signature/?${named}&date=yesterday`, /date/],
      [`/signature/?${named}&uptime=long`, /not a valid int/],
      [`/signature/graphs/nothing/?${named}`, /Unknown field/],
      [`/signature/aggregation/url/?${named}`, /permission/],
    ];
    for (const [path, text] of table) assert.match(await page(path, viewer, 400), text);
    assert.equal((await get(`/api/v1/signature?signature=a&signature=b`)).status, 400);
    await page(`/signature/reports/?${named}&page=-3`);
  });

  test('comments are for those who may see protected data', async () => {
    assert.match(await page(`/signature/comments/?${named}`, investigator), new RegExp(marker));
    assert.match(await page(`/signature/?${named}`, investigator), new RegExp(marker));
    await page(`/signature/comments/?${named}`, viewer, 403);
    assert.equal((await get(`/api/v1/signature/comments?${named}`)).status, 403);
    for (const path of ['/signature/', '/signature/reports/', '/signature/graphs/version/'])
      assert.equal((await page(`${path}?${named}&_columns=user_comments&_columns=date`)).includes(marker), false);
  });

  test('a hidden field is not a filter, and the page says so', async () => {
    const text = await page(`/signature/?${named}&user_comments=~x`);
    assert.match(text, /you may not filter by user_comments/);
    assert.equal((await view(`${named}&user_comments=~x`)).total, 10);
  });

  test('graphs and aggregations have a page and an answer', async () => {
    assert.match(await page(`/signature/graphs/version/?${named}`), /<svg class="chart" role="img"/);
    assert.match(await page(`/signature/aggregation/cpu_arch/?${named}`), /arm64/);
    const answer = (await (await get(`/api/v1/signature/aggregation/cpu_arch?${named}`)).json()) as { rows: unknown };
    assert.deepEqual(answer.rows, [
      { rank: 1, term: 'amd64', count: 7 },
      { rank: 2, term: 'arm64', count: 3 },
    ]);
  });

  test('a signature without reports says since when, or that there is none', async () => {
    assert.match(await page(`/signature/?${named}&date=%3E%3D2020-01-01&date=%3C2020-01-05`), /the week before it/);
    assert.match(await page('/signature/?signature=nobody'), /No report has this signature/);
  });

  test('hostile signatures stay text', async () => {
    for (const path of ['/signature/', '/signature/reports/', '/signature/aggregation/reason/']) {
      const text = await page(
        `${path}?signature=${encodeURIComponent(hostileText.replaceAll('\0', '').toWellFormed())}`,
        investigator,
      );
      assert.equal(/<script>globalThis|<img src=x|\u202e/.test(text), false);
    }
    await page(`/signature/?signature=${'x'.repeat(9000)}`);
  });
});
