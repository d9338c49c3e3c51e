// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import type { Role } from '../../src/people/permissions.ts';
import { randomUuid, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';

const random = seededRandom(31);
const dayMs = 86_400_000;

/** A report of Editor that was received so many hours ago. */
function report(signature: string, hoursAgo: number, fields: Record<string, unknown> = {}) {
  const date = new Date(Date.now() - hoursAgo * 3_600_000);
  const crashId = makeCrashId(randomUuid(random), 0, date);
  const processed = {
    uuid: crashId,
    product: 'Editor',
    version: '2.0',
    signature,
    process_type: 'parent',
    report_type: 'crash',
    os_name: 'Linux',
    client_id: 'c1',
    date_processed: date.toISOString(),
    ...fields,
  };
  return { crashId, processed: JSON.parse(JSON.stringify(processed)) };
}

describe('overview and top crashers as pages', async () => {
  const site = await startWebSite();
  const tokens = new Map<string, string>();

  before(async () => {
    for (const role of ['viewer', 'investigator', 'dump_reader', 'admin'] as const satisfies readonly Role[])
      tokens.set(role, await site.tokenOf(role));
    tokens.set('player', await site.tokenOf('viewer', undefined, ['Player']));
    for (const { crashId, processed } of [
      report('a::b', 2),
      report('a::b', 3, { client_id: 'c2' }),
      report('old::sig', 30 * 24),
      report('old::sig', 4),
      report('beta::only', 5, { version: '3.0b1' }),
      report('in::content', 6, { process_type: 'content' }),
      report('x::y', 2, { product: 'Player', version: '1.0' }),
    ])
      await site.addCrash(crashId, { ProductName: processed.product }, processed);
  });

  async function get(path: string, who: string | null = 'viewer') {
    const headers: Record<string, string> = who ? { 'auth-token': tokens.get(who) ?? '' } : {};
    const response = await fetch(site.url + path, { redirect: 'manual', headers });
    const text = await response.text();
    return {
      status: response.status,
      location: response.headers.get('location'),
      text,
      type: response.headers.get('content-type'),
    };
  }

  const pages: readonly (readonly [string, number])[] = [
    ['/', 200],
    ['/home/product/Editor', 200],
    ['/home/product/Nobody', 404],
    ['/home/product/editor', 404],
    ['/topcrashers/?product=Editor&version=2.0', 200],
    ['/topcrashers/?product=Editor&version=', 200],
    ['/topcrashers/', 400],
    ['/topcrashers/?product=Nobody&version=1', 404],
    ['/topcrashers/?product=Nobody%00&version=1', 404],
    ['/topcrashers/?product=Editor&version=%00', 400],
    ['/search/?signature=~%00', 400],
    ['/topcrashers/?product=Editor&version=2.0&days=2', 400],
    ['/topcrashers/?product=Editor&version=2.0&days=x', 400],
    ['/topcrashers/?product=Editor&version=2.0&_facets_size=x', 400],
    ['/topcrashers/?product=Editor&version=2.0&_facets_size=7', 200],
    ['/topcrashers/?product=Editor&version=2.0&_report_type=x', 400],
    ['/search/', 200],
    ['/search/?product=Editor', 200],
    ['/search/?product=Editor&_dont_run=1', 200],
    ['/search/?page=x', 400],
    ['/search/results/?product=Editor&page=-4', 200],
    ['/search/results/?page=x', 400],
    ['/search/fields/', 200],
    ['/search/?uptime=soon', 400],
    ['/query/', 301],
    ['/status', 200],
    ['/status/', 301],
    ['/monitoring/', 302],
    ['/profile/', 200],
    ['/no/such/page', 404],
  ];
  const open: readonly string[] = [
    '/monitoring/cron/',
    '/documentation/',
    '/documentation/supersearch/',
    '/documentation/supersearch/api/',
    '/documentation/supersearch/examples/',
    '/documentation/datadictionary/',
    '/documentation/keyboard/',
    '/documentation/protected_data_access/',
    '/documentation/products/',
    '/documentation/whatsnew/',
    '/documentation/design/',
    '/about/throttling/',
    '/api/',
    '/robots.txt',
  ];

  for (const [path, status] of pages)
    test(`${path} is ${status} for every role, and a way to sign in for nobody`, async () => {
      for (const role of ['viewer', 'investigator', 'dump_reader', 'admin'])
        assert.equal((await get(path, role)).status, status, role);
      const anonymous = await get(path, null);
      if (path === '/no/such/page') assert.equal(anonymous.status, 404);
      else {
        assert.equal(anonymous.status, 302);
        assert.match(anonymous.location ?? '', /^\/sign-in\?next=/);
      }
    });

  test('the overview names the top crasher of each product and the reports that came last', async () => {
    const { products } = JSON.parse((await get('/api/v1/products')).text);
    assert.deepEqual(
      products.map((one: { product: string; top_signature: unknown }) => [one.product, one.top_signature]),
      [
        ['Editor', { signature: 'a::b', crashes: 2 }],
        ['Player', { signature: 'x::y', crashes: 1 }],
      ],
    );
    const { text } = await get('/');
    assert.match(text, /href="\/signature\/\?signature=a%3A%3Ab&amp;product=Editor"/);
    const latest = [
      ...text
        .slice(text.indexOf('id="latest"'))
        .matchAll(/\/report\/index\/[^"]+".*?class="sig" [^>]*title="([^"]+)"/gs),
    ];
    assert.deepEqual(new Set(latest.slice(0, 2).map(([, signature]) => signature)), new Set(['a::b', 'x::y']));
    assert.equal(latest.length, 6);
    const ofPlayer = (await get('/', 'player')).text;
    assert.ok(!ofPlayer.includes('a::b'), 'a reader of one product sees no other');
  });

  test('the page of a product ranks its signatures over all versions and processes', async () => {
    const { text } = await get('/home/product/Editor');
    const ranked = [...text.matchAll(/<tr role="row" id="r\d+">.*?title="([^"]+)">/gs)].map(
      ([, signature]) => signature,
    );
    assert.equal(ranked[0], 'a::b');
    assert.deepEqual(new Set(ranked), new Set(['a::b', 'old::sig', 'beta::only', 'in::content']));
  });

  test('an address that nothing has is a page for people and JSON for programs', async () => {
    const page = await fetch(`${site.url}/no/such/page`);
    assert.deepEqual([page.status, page.headers.get('content-type')], [404, 'text/html; charset=utf-8']);
    assert.match(await page.text(), /<h1>Nothing here<\/h1>/);
    assert.equal(page.headers.get('x-frame-options'), 'DENY');
    const service = await fetch(`${site.url}/api/no/such/service/`);
    assert.equal(service.status, 404);
    assert.deepEqual(await service.json(), {
      error: "No service called 'no/such/service'",
      error_slug: 'not_found',
    });
  });

  test('help is open to everybody', async () => {
    for (const path of open) assert.equal((await get(path, null)).status, 200, path);
    assert.equal((await get('/documentation/datadictionary/dataset/processed/field/os_name')).status, 200);
    assert.equal((await get('/documentation/datadictionary/dataset/processed/field/nope')).status, 404);
  });

  test('without a version the newest featured one is shown; an empty version means all', async () => {
    assert.deepEqual(
      [
        (await get('/topcrashers/?product=Editor&days=14')).status,
        (await get('/topcrashers/?product=Editor&days=14')).location,
      ],
      [302, '/topcrashers/?product=Editor&days=14&version=3.0b1'],
    );
    const all = (await get('/topcrashers/?product=Editor&version=')).text;
    assert.ok(all.includes('a::<wbr>b') && all.includes('beta::<wbr>only'));
    const beta = (await get('/topcrashers/?product=Editor&version=3.0b1')).text;
    assert.ok(!beta.includes('a::<wbr>b') && beta.includes('beta::<wbr>only'));
  });

  test('the API gives every number of the page, as JSON and as CSV', async () => {
    const path = 'product=Editor&version=2.0';
    const list = JSON.parse((await get(`/api/v1/topcrashers?${path}`)).text);
    assert.deepEqual(
      list.rows.map((row: Record<string, unknown>) => [
        row['rank'],
        row['signature'],
        row['clients'],
        row['crashes'],
        row['is_new'],
      ]),
      [
        [1, 'a::b', 2, 2, true],
        [2, 'old::sig', 1, 1, false],
      ],
    );
    const page = (await get(`/topcrashers/?${path}`)).text;
    assert.match(page, /<span class="strong">2<\/span> signatures cover 3 of 3 crashes \(100.0 %\)/);
    const csv = await get(`/api/v1/topcrashers?${path}&format=csv`);
    assert.equal(csv.type, 'text/csv; charset=utf-8');
    assert.deepEqual(
      csv.text.split('\r\n').map((line) => line.split(',').slice(0, 5).join()),
      ['rank,rank_change,signature,crashes,clients', '1,,a::b,2,2', '2,,old::sig,1,1', ''],
    );
  });

  test('a signature links to its page with product, version and both dates', async () => {
    const { text } = await get('/topcrashers/?product=Editor&version=2.0');
    const href = /href="(\/signature\/[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const parameters = new URL(href, site.url).searchParams;
    assert.deepEqual(
      [parameters.get('signature'), parameters.get('product'), parameters.get('version')],
      ['a::b', 'Editor', '2.0'],
    );
    const [from, to] = parameters.getAll('date');
    const spanMs = Date.parse((to ?? '').slice(1)) - Date.parse((from ?? '').slice(2));
    assert.deepEqual([from?.slice(0, 2), to?.slice(0, 1), spanMs], ['>=', '<', 7 * dayMs]);
  });

  test('a reader of one product finds no trace of others', async () => {
    const { text } = await get('/', 'player');
    assert.ok(text.includes('Player') && !text.includes('Editor'));
    assert.equal((await get('/topcrashers/?product=Editor&version=', 'player')).status, 404);
    assert.equal((await get('/home/product/Editor', 'player')).status, 404);
    assert.ok(!(await get('/search/?date=>=-7d', 'player')).text.includes('Editor'));
    const products = JSON.parse((await get('/api/v1/products', 'player')).text).products as { product: string }[];
    assert.deepEqual(
      products.map(({ product }) => product),
      ['Player'],
    );
  });

  test('the product page has its featured versions and the lists of each kind of process', async () => {
    const { text } = await get('/home/product/Editor');
    assert.match(text, /href="\/topcrashers\/\?product=Editor&amp;version=3.0b1&amp;process_type=content"/);
    const [product] = JSON.parse((await get('/api/v1/products?product=Editor')).text).products;
    assert.deepEqual(
      product.versions.map((version: Record<string, unknown>) => [
        version['version'],
        version['crashes'],
        version['is_featured'],
      ]),
      [
        ['3.0b1', 1, true],
        ['2.0', 4, true],
      ],
    );
  });
});

describe('the first day', async () => {
  const site = await startWebSite();
  test('says how to get a report in, and moves on by itself', async () => {
    const token = await site.tokenOf('admin');
    const page = async (path: string) => {
      const response = await fetch(site.url + path, { headers: { 'auth-token': token } });
      return { status: response.status, text: await response.text() };
    };
    const first = await page('/');
    assert.match(first.text, /<h1>Nothing received yet<\/h1>/);
    assert.ok(first.text.includes(`./salvage demo --url ${site.url}`));
    assert.ok(first.text.includes(`submitURL: &quot;${site.url}/submit/bare&quot;`));
    assert.match(first.text, /first-report-[0-9a-f]+\.js/);
    assert.equal((await page('/status')).status, 200);
    assert.equal((await page('/search/?date=>=-7d')).status, 200);
    const { crashId, processed } = report('a::b', 1);
    await site.addCrash(crashId, {}, processed);
    assert.match((await page('/')).text, /<h1>Products<\/h1>/);
  });
});

test('until somebody has claimed the site, pages answer 503', async () => {
  const site = await startWebSite();
  for (const path of ['/', '/topcrashers/?product=A', '/search/', '/status', '/admin/people']) {
    const response = await fetch(site.url + path, { redirect: 'manual' });
    assert.equal(response.status, 503, path);
    await response.text();
  }
});
