// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { richReport } from '../builders/page-reports.ts';
import { randomUuid, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';

describe('the search box', async () => {
  const site = await startWebSite();
  const random = seededRandom(3);
  const now = new Date();
  const crashId = makeCrashId(randomUuid(random), 0, now);
  const twins = ['0', '1'].map((digit) => makeCrashId(`deadbeef-0000-4000-8${digit}00-000000000000`, 0, now));
  let token = '';

  before(async () => {
    await site.tokenOf('admin');
    token = await site.tokenOf('viewer');
    for (const id of [crashId, ...twins]) {
      const { rawCrash, processed } = richReport(id, now, 1);
      await site.addCrash(id, rawCrash, processed);
    }
  });

  const ask = (text: string) =>
    fetch(`${site.url}/search/quick/?query=${encodeURIComponent(text)}`, {
      headers: { 'auth-token': token },
      redirect: 'manual',
    });

  test('finds a report by every spelling of its id', async () => {
    const hex = crashId.replaceAll('-', '');
    const spellings = [
      crashId,
      ` ${crashId} `,
      `bp-${crashId}`,
      `BP-${crashId.toUpperCase()}`,
      crashId.toUpperCase(),
      hex,
      hex.toUpperCase(),
      `bp-${hex}`,
      hex.slice(0, 16),
      hex.slice(0, 16).toUpperCase(),
      hex.slice(0, 24),
      crashId.slice(0, 23),
      `https://crash-stats.example.org/report/index/${crashId}`,
      `https://crash-stats.example.org/report/index/bp-${crashId}#tab-details`,
      `/report/index/${crashId}`,
      `CrashID=bp-${crashId}`,
    ];
    for (const text of spellings) {
      const response = await ask(text);
      assert.equal(response.status, 302, text);
      assert.equal(response.headers.get('location'), `/report/index/${crashId}`, text);
    }
  });

  test('offers a choice when several reports begin with the digits', async () => {
    const response = await ask('deadbeef00004000');
    assert.equal(response.status, 200);
    const text = await response.text();
    for (const id of twins) assert.match(text, new RegExp(`/report/index/${id}`));
  });

  test('says what was tried when none does', async () => {
    const response = await ask('ffffffffffffffff');
    assert.equal(response.status, 404);
    assert.match(await response.text(), /first 16 of its 32 hex digits/);
  });

  test('takes everything else for a query or a signature', async () => {
    const table: readonly [string, string][] = [
      ['', '/search/'],
      ['   ', '/search/'],
      ['Level::lower', '/search/?signature=%7ELevel%3A%3Alower'],
      ['mozilla::dom', '/search/?signature=%7Emozilla%3A%3Adom'],
      ['product:Lantern', '/search/?q=product%3ALantern'],
      ['uptime<60', '/search/?q=uptime%3C60'],
      ['signature::x', '/search/?signature=%7Esignature%3A%3Ax'],
      ['<script>', '/search/?signature=%7E%3Cscript%3E'],
      ['a&b=c #d', '/search/?signature=%7Ea%26b%3Dc+%23d'],
      [`${crashId.slice(0, -6)}269999`, `/search/?signature=%7E${crashId.slice(0, -6)}269999`],
    ];
    for (const [text, location] of table) {
      const response = await ask(text);
      assert.equal(response.status, 302, text);
      assert.equal(response.headers.get('location'), location, text);
    }
  });

  test('addresses of 2016 lead to the pages of today', async () => {
    const get = (path: string) =>
      fetch(site.url + path, { headers: { 'auth-token': token }, redirect: 'manual' }).then((response) =>
        response.headers.get('location'),
      );
    assert.equal(await get('/report/list?signature=a%3A%3Ab&product=P'), '/signature/?signature=a%3A%3Ab&product=P');
    assert.match(String(await get('/topcrasher/products/P/versions/4.2')), /^\/topcrashers\/\?product=P&version=4\.2/);
  });
});
