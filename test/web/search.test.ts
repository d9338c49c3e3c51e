// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { randomUuid, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';

const random = seededRandom(41);
const secret = 'PROTECTED-MARKER';

const hostile: readonly string[] = [
  '<script>document.title="owned"</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '\u202Eevil\u202C \u200Fname',
  'nul\u0000 and bell\u0007',
  'lone \ud800 surrogate',
  'javascript:alert(1)',
  '=HYPERLINK("http://evil.example")',
  `${'A'.repeat(1_000_000)}tail`,
  '{{7*7}} %s',
];

describe('super search as a page', async () => {
  const site = await startWebSite();
  let viewer = '';
  let investigator = '';

  before(async () => {
    await site.tokenOf('admin');
    viewer = await site.tokenOf('viewer');
    investigator = await site.tokenOf('investigator');
    for (const [at, text] of hostile.entries()) {
      const date = new Date(Date.now() - (at + 1) * 3_600_000);
      const crashId = makeCrashId(randomUuid(random), 0, date);
      const processed = {
        uuid: crashId,
        date_processed: date.toISOString(),
        product: at < 6 ? 'Editor' : text,
        signature: text,
        version: text.slice(0, 100),
        reason: text,
        os_name: text,
        process_type: text,
        app_notes: text,
        report_type: 'crash',
        uptime: at * 10,
        user_comments: `${secret} ${text}`,
        url: secret,
      };
      await site.addCrash(crashId, { ProductName: text, Comments: text }, JSON.parse(JSON.stringify(processed)));
    }
  });

  async function get(path: string, token = viewer) {
    const response = await fetch(site.url + path, { redirect: 'manual', headers: { 'auth-token': token } });
    return { status: response.status, location: response.headers.get('location'), text: await response.text() };
  }

  test('hostile content in every field: every page answers, and nothing of it becomes markup', async () => {
    const columns = ['signature', 'product', 'version', 'reason', 'platform', 'process_type', 'app_notes']
      .map((name) => `_columns=${name}&_facets=${name}`)
      .join('&');
    const paths = [
      '/',
      `/search/?date=>=-7d&${columns}`,
      ...['signature', 'product', 'reason', 'version'].map((name) => `/search/?_group=${name}&date=>=-7d`),
      ...hostile.slice(0, 8).flatMap((text) => {
        const value = encodeURIComponent(text.toWellFormed());
        return [`/search/?signature=~${value}&reason=!${value}`, `/search/?q=${value}`, `/search/?_facets=${value}`];
      }),
    ];
    for (const path of paths) {
      const page = await get(path, investigator);
      assert.ok([200, 302, 400].includes(page.status), `${path}: ${page.status}`);
      // What was typed comes back as it was; there it can reorder nothing but itself.
      const shown = page.text.replaceAll(/ value="[^"]*"/g, '');
      assert.ok(!/<script>|<img|onmouseover='|\u202e|\u0000/i.test(shown), path);
      assert.ok(!/href="javascript:/i.test(page.text), path);
      assert.ok(page.text.length < 400_000, `${path}: ${page.text.length}`);
    }
    const products = (await get('/api/v1/products')).text;
    for (const { product } of JSON.parse(products).products as { product: string }[]) {
      const page = await get(`/topcrashers/?product=${encodeURIComponent(product)}&version=&process_type=any`);
      assert.equal(page.status, 200, product.slice(0, 50));
      assert.ok(!/<script>|<img|\u202e/i.test(page.text));
    }
  });

  test('protected values reach nobody without the permission, and their readers leave a row', async () => {
    const path = '/search/?date=>=-7d&_columns=user_comments&_columns=url&_facets=url&_sort=-url';
    const hidden = await get(path);
    assert.equal(hidden.status, 200);
    assert.ok(!hidden.text.includes(secret));
    assert.match(hidden.text, /2 fields were left out:.*user_comments|3 fields were left out/s);
    const filtered = await get(`/search/?date=>=-7d&url=${secret}`);
    assert.match(filtered.text, /10 reports/);
    assert.match(filtered.text, /One field was left out/);
    const shown = await get(path, investigator);
    assert.ok(shown.text.includes(secret));
    const trail = await site.people.readAudit(50);
    assert.ok(trail.some((row) => row.action === 'protected_search' && row.object.includes('user_comments')));
    assert.ok(!JSON.parse((await get('/search/fields/')).text).url);
    assert.ok(JSON.parse((await get('/search/fields/', investigator)).text).url);
  });

  test('the text of the bar becomes the address, and the address the text', async () => {
    const query = 'product:Editor signature~"a b" uptime<60 !platform:Linux date:-14d';
    const { status, location } = await get(`/search/?q=${encodeURIComponent(query)}&_sort=uptime`);
    assert.equal(status, 302);
    assert.deepEqual(
      [...new URL(location ?? '', site.url).searchParams],
      [
        ['product', 'Editor'],
        ['signature', '~a b'],
        ['uptime', '<60'],
        ['platform', '!Linux'],
        ['date', '>=-14d'],
        ['_sort', 'uptime'],
      ],
    );
    const page = await get(location ?? '');
    assert.ok(
      page.text.includes('value="product:Editor signature~&quot;a b&quot; uptime&lt;60 !platform:Linux date&gt;=-14d"'),
    );
    assert.equal((await get('/search/?q=nonsense:x')).status, 400);
    assert.match(
      (await get('/search/?q=nonsense:x')).text,
      /Unknown field &#39;nonsense&#39;|Unknown field 'nonsense'/,
    );
  });

  test('the form of a filter leads to its address', async () => {
    const { location } = await get('/search/?product=Editor&_add_field=uptime&_add_operator=%3E%3D&_add_value=20');
    assert.equal(location, '/search/?product=Editor&uptime=%3E%3D20');
    const missing = await get('/search/?_add_field=reason&_add_operator=__null__');
    assert.equal(missing.location, '/search/?reason=__null__');
  });

  test('facets add and exclude, chips take back, heads sort', async () => {
    const { text } = await get('/search/?product=Editor&platform=!Linux');
    const links = [...text.matchAll(/href="([^"]*)"/g)].map(([, href]) => (href ?? '').replaceAll('&amp;', '&'));
    assert.ok(links.includes('/search/?product=Editor&platform=%21Linux&_sort=uptime') === false);
    assert.ok(links.includes('/search/?product=Editor&platform=%21Linux&_sort=version'));
    assert.ok(links.includes('/search/?platform=%21Linux'), 'a chip takes product back');
    assert.match(text, /class="excluded"/);
  });

  test('an empty result names the nearest search that is not', async () => {
    const { text } = await get('/search/?product=Editor&signature=~nowhere');
    assert.match(text, /No report matches/);
    assert.match(text, /Without signature ~nowhere<\/a> <span class="faint">6 reports/);
  });

  test('pages of fifty, the last one, and one beyond', async () => {
    for (let at = 0; at < 55; at++) {
      const date = new Date(Date.now() - at * 60_000);
      const crashId = makeCrashId(randomUuid(random), 0, date);
      const processed = { product: 'Pager', signature: `p${at}`, date_processed: date.toISOString() };
      await site.addCrash(crashId, {}, JSON.parse(JSON.stringify(processed)));
    }
    const rows = (text: string) => [...text.matchAll(/class="id" href="\/report\/index\//g)].length;
    const first = await get('/search/?product=Pager');
    assert.deepEqual(
      [rows(first.text), /1–50 of 55/.test(first.text), /rel="next"/.test(first.text)],
      [50, true, true],
    );
    const second = await get('/search/?product=Pager&page=2');
    assert.deepEqual(
      [rows(second.text), /51–55 of 55/.test(second.text), /rel="next"/.test(second.text)],
      [5, true, false],
    );
    assert.match((await get('/search/?product=Pager&page=9')).text, /Nothing on this page/);
  });

  test('the page and its API address tell the same', async () => {
    const { text } = await get('/search/?product=Editor');
    const href = /href="(\/api\/v1\/search[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const answer = JSON.parse((await get(href)).text);
    assert.equal(answer.total, 6);
    assert.ok(text.includes(`${answer.total} reports`));
    assert.ok(Date.parse(answer.to) - Date.parse(answer.from) === 7 * 86_400_000);
  });

  test('an outage is a notice with 503, never an empty list', async () => {
    const broken = await startWebSite();
    const token = await broken.tokenOf('admin');
    await broken.pool.query('alter table reports rename to reports_away');
    const response = await fetch(`${broken.url}/search/?date=>=-7d`, { headers: { 'auth-token': token } });
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '10']);
    assert.match(await response.text(), /search_unavailable/);
  });
});
