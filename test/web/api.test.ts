// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { apiEndpoints } from '../../src/web/api/endpoints.ts';
import { openApiDocument } from '../../src/web/api/openapi.ts';
import { inventProcessedCrash, randomUuid, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';

describe('the API that programs of crash-stats know', async () => {
  const site = await startWebSite();
  const random = seededRandom(5);
  const now = new Date();
  const yesterday = new Date(now.getTime() - 86_400_000);
  const spread = { random, from: yesterday, to: now, signatureCount: 5 };
  const marker = 'PROTECTED-MARKER';
  const crashId = makeCrashId(randomUuid(random), 0, now);
  const unprocessed = makeCrashId(randomUuid(random), 0, now);
  const raw = {
    uuid: crashId,
    ProductName: 'Editor',
    Version: '4.2.0',
    Comments: marker,
    URL: marker,
    Unheard: marker,
    metadata: { user_agent: marker },
  };
  let admin = '';
  let viewer = '';
  let playerOnly = '';

  before(async () => {
    admin = await site.tokenOf('admin');
    viewer = await site.tokenOf('viewer');
    playerOnly = await site.tokenOf('investigator', undefined, ['Player']);
    const { processed } = inventProcessedCrash(spread);
    const whole = {
      ...processed,
      uuid: crashId,
      product: 'Editor',
      signature: 'a::b',
      date_processed: yesterday.toISOString(),
      user_comments: marker,
      url: marker,
      unknown_key: marker,
      json_dump: { crash_info: { type: 'SIGSEGV' }, mac_boot_args: marker },
    };
    await site.addCrash(crashId, raw, whole as never);
    await site.addCrash(unprocessed, { uuid: unprocessed, ProductName: 'Editor' }, null);
    for (let count = 0; count < 30; count++) {
      const invented = inventProcessedCrash(spread);
      await site.addCrash(invented.crashId, { ProductName: 'x' }, { ...invented.processed, url: marker } as never);
    }
  });

  async function get(path: string, token = admin, init: RequestInit = {}) {
    const response = await fetch(site.url + path, {
      redirect: 'manual',
      ...init,
      headers: { ...(token ? { 'auth-token': token } : {}), ...init.headers },
    });
    const text = await response.text();
    return { status: response.status, text, json: parsed(text), headers: response.headers };
  }

  const form = (values: [string, string][]): RequestInit => ({ method: 'POST', body: new URLSearchParams(values) });

  test('routes: the slash is added, names are case-sensitive, wrong methods are 405', async () => {
    const redirect = await get('/api/SuperSearch?product=Editor');
    assert.deepEqual([redirect.status, redirect.headers.get('location')], [301, '/api/SuperSearch/?product=Editor']);
    assert.deepEqual((await get('/api/supersearch/')).json, {
      error: "No service called 'supersearch'",
      error_slug: 'not_found',
    });
    assert.deepEqual(
      [(await get('/api/Reprocessing/')).status, (await get('/api/SuperSearch/', admin, { method: 'PUT' })).status],
      [405, 405],
    );
    assert.equal((await get('/api/SuperSearch/', admin, { method: 'OPTIONS' })).status, 200);
    assert.equal((await get('/api/SuperSearch/', admin, { method: 'HEAD' })).status, 200);
  });

  test('every endpoint asks for its permissions, and an empty token counts as nobody', async () => {
    for (const endpoint of apiEndpoints.values()) {
      if (endpoint.needs.length === 0) continue;
      const init = endpoint.methods[0] === 'POST' ? form([]) : {};
      const path = `/api/${endpoint.name.replace('{id}', crashId)}`;
      const url = endpoint.name.startsWith('v1/') ? path : `${path}/`;
      const anonymous = await get(url, '', { ...init, headers: { 'auth-token': '' } });
      assert.deepEqual([anonymous.status, anonymous.json['error_slug']], [403, 'login_required'], endpoint.name);
      const bare = await get(url, await site.tokenOf('admin', []), init);
      assert.deepEqual([bare.status, bare.json['error_slug']], [403, 'permission_required'], endpoint.name);
    }
    assert.equal(
      (await get('/api/Reprocessing/', viewer, form([]))).json['error'],
      "Use of this endpoint requires the 'Reprocess Crashes' permission",
    );
    assert.equal((await get('/api/Platforms/', 'slv_nonsense')).json['error'], 'API Token not matched');
  });

  test('missing and malformed parameters are named in the form that clients read', async () => {
    const missing = await get('/api/RawCrash/');
    assert.equal(missing.status, 400);
    assert.deepEqual(missing.json['errors'], { crash_id: ['This field is required.'] });
    assert.match((await get('/api/RawCrash/?crash_id=xyz')).json['error'], /not a valid crash id/);
    assert.match((await get(`/api/RawCrash/?crash_id=${crashId}&format=odd`)).json['error'], /Select a valid choice/);
    assert.match(
      (await get(`/api/RawCrash/?crash_id=${crashId.replace(/^./, 'f').replace(/^ff/, 'fe')}`)).json['error'] ?? '',
      /Not found: CrashIDNotFound/,
    );
  });

  test('a crash is found under every spelling of its id', async () => {
    const hex = crashId.replaceAll('-', '');
    for (const spelling of [
      crashId,
      `bp-${crashId}`,
      crashId.toUpperCase(),
      hex,
      hex.slice(0, 16),
      `${site.url}/report/index/${crashId}`,
    ])
      assert.equal(
        (await get(`/api/ProcessedCrash/?crash_id=${encodeURIComponent(spelling)}`)).json['uuid'],
        crashId,
        spelling,
      );
  });

  test('protected values reach nobody without the permission, whatever the endpoint', async () => {
    for (const path of [
      `/api/RawCrash/?crash_id=${crashId}`,
      `/api/ProcessedCrash/?crash_id=${crashId}`,
      `/api/crash/?uuid=${crashId}`,
      `/api/crash_data/?uuid=${crashId}&datatype=meta`,
      `/api/crash_data/?uuid=${crashId}&datatype=processed`,
      '/api/SuperSearch/?_columns=url&_columns=uuid&_facets=url&_facets=annotation.Unheard&_sort=url&_aggs.product=url&user_comments=~M',
      '/api/SuperSearch/?_aggs.url=product&_facets=_cardinality.url',
    ]) {
      const answer = await get(path, viewer);
      assert.equal(answer.status, 200, path);
      assert.ok(!answer.text.includes(marker), path);
    }
    assert.ok((await get(`/api/ProcessedCrash/?crash_id=${crashId}`)).text.includes(marker));
    assert.ok((await get(`/api/RawCrash/?crash_id=${crashId}`)).text.includes('Unheard'));
  });

  test('a filter on a hidden field changes nothing but the list of dropped parameters', async () => {
    const all = await get('/api/SuperSearch/?_results_number=0', viewer);
    const filtered = await get(`/api/SuperSearch/?_results_number=0&url=${marker}x`, viewer);
    assert.deepEqual(filtered.json['errors'], [{ type: 'field_not_permitted', field: 'url' }]);
    assert.deepEqual(filtered.json['facets'], all.json['facets']);
    assert.equal((await get('/api/SuperSearchUnredacted/?url=x', viewer)).status, 403);
    assert.equal((await get(`/api/SuperSearchUnredacted/?url=${marker}`)).json['total'], 31);
  });

  test('a dump needs its own permission, and each download is in the audit trail', async () => {
    const path = `/api/RawCrash/?crash_id=${crashId}&format=raw`;
    assert.equal((await get(path, viewer)).json['error'], 'Binary response requires permissions: View Raw Dumps');
    const dump = await get(`${path}&name=dump`);
    assert.equal(dump.text, 'MDMP bytes');
    assert.equal(dump.headers.get('content-disposition'), `attachment; filename="${crashId}.dmp"`);
    const trail = await site.people.readAudit(50);
    assert.ok(trail.some((row) => row.action === 'dump_downloaded' && row.object.startsWith(crashId)));
    assert.ok(trail.some((row) => row.action === 'protected_report_opened' && row.object === crashId));
  });

  test('crashes of other products do not exist for a reader of one product', async () => {
    assert.equal((await get(`/api/ProcessedCrash/?crash_id=${crashId}`, playerOnly)).status, 404);
    assert.equal((await get(`/api/RawCrash/?crash_id=${crashId}`, playerOnly)).status, 404);
    const products = (await get('/api/SuperSearch/?_facets=product', playerOnly)).json['facets']['product'] as {
      term: string;
    }[];
    assert.deepEqual(
      products.map(({ term }) => term),
      ['Player'],
    );
    const seen = (await get('/api/Products/', playerOnly)).json['hits'] as { product_name: string }[];
    assert.deepEqual(
      seen.map(({ product_name }) => product_name),
      ['Player'],
    );
  });

  test('reprocessing: all or nothing, ids with rule sets, token or our own page only', async () => {
    const post = (values: [string, string][], token = admin, headers = {}) =>
      get('/api/Reprocessing/', token, { ...form(values), headers });
    assert.equal(
      (
        await post([
          ['crash_ids', crashId],
          ['crash_ids', 'bad'],
        ])
      ).status,
      400,
    );
    assert.equal((await post([['crash_ids', `${crashId}:nonsense`]])).status, 400);
    assert.equal((await site.queue.depths()).find(({ queue }) => queue === 'reprocessing')?.waiting, 0);
    assert.deepEqual(
      (
        await post([
          ['crash_ids', crashId],
          ['crash_ids', `${crashId}:regenerate_signature`],
        ])
      ).text,
      'true',
    );
    assert.equal((await site.queue.depths()).find(({ queue }) => queue === 'reprocessing')?.waiting, 2);
    const many = Array.from({ length: 60 }, () => makeCrashId(randomUuid(random), 0, now));
    assert.equal((await post(many.map((id): [string, string] => ['crash_ids', id]))).status, 200);
    const trail = (await site.people.readAudit(10)).filter(({ action }) => action === 'reprocess');
    const named = new Set(trail.flatMap(({ object }) => object.split(' ')));
    assert.deepEqual(
      many.filter((id) => !named.has(id)),
      [],
    );
    const tooMany = await post([['crash_ids', `${crashId} `.repeat(10_001)]]);
    assert.match(tooMany.json['error'], /more than 10000 crash ids/);
    const { sessionSecret } = await site.people.claim(await site.people.makeClaimSecret(), '');
    const session = await site.people.findSession(sessionSecret);
    const cookie = { cookie: `salvage_session=${sessionSecret}` };
    assert.equal((await post([['crash_ids', crashId]], '', cookie)).json['error_slug'], 'forged_request');
    assert.equal(
      (
        await post(
          [
            ['crash_ids', crashId],
            ['csrf', session?.csrfSecret ?? ''],
          ],
          '',
          { ...cookie, origin: 'https://evil.example' },
        )
      ).status,
      403,
    );
    assert.equal(
      (
        await post(
          [
            ['crash_ids', crashId],
            ['csrf', session?.csrfSecret ?? ''],
          ],
          '',
          { ...cookie, origin: site.url },
        )
      ).status,
      200,
    );
  });

  test('crash_data: its five outcomes', async () => {
    const status = async (query: string, token = admin) => (await get(`/api/crash_data/?${query}`, token)).status;
    assert.equal(await status(`uuid=${crashId}&datatype=processed`), 200);
    assert.equal(await status(`uuid=${crashId}`), 400);
    assert.equal(await status(`uuid=${makeCrashId(randomUuid(random), 0, now)}&datatype=meta`), 404);
    assert.equal(await status(`uuid=${unprocessed}&datatype=processed`), 202);
    assert.equal(await status(`uuid=${crashId}&datatype=unredacted`, viewer), 403);
    assert.equal((await site.queue.depths()).find(({ queue }) => queue === 'priority')?.waiting, 1);
  });

  test('CrashVerify, CrashSignature, SignatureFirstDate, ProductVersions', async () => {
    assert.deepEqual((await get(`/api/CrashVerify/?crash_id=${unprocessed}`)).json, {
      uuid: unprocessed,
      raw_crash: true,
      processed_crash: false,
      elasticsearch_crash: false,
      telemetry_crash: false,
    });
    const unknown = await get('/api/CrashVerify/?crash_id=nonsense');
    assert.deepEqual([unknown.status, unknown.json['error']], [400, 'unknown crash id']);
    const jobs = (body: string, type = 'application/json') =>
      get('/api/CrashSignature/', admin, { method: 'POST', body, headers: { 'content-type': type } });
    const frames = [
      { function: 'alpha(int)', module: 'editor' },
      { module: 'other.exe', module_offset: '0x10' },
    ];
    const made = await jobs(JSON.stringify({ jobs: [{ os: 'Linux', crashing_thread: 0, threads: [{ frames }] }, {}] }));
    assert.deepEqual(made.json['results'][0], {
      signature: 'alpha',
      notes: [],
      extra: { normalized_frames: ['alpha', 'other.exe'], proto_signature: 'alpha | other.exe' },
    });
    assert.deepEqual(
      [made.json['results'][1]['signature'].slice(0, 5), made.json['results'][1]['extra']],
      ['EMPTY', {}],
    );
    assert.equal((await jobs('{"jobs":[]}')).json['error'], 'no jobs specified');
    assert.equal((await jobs('x', 'text/plain')).status, 415);
    assert.equal((await jobs('{')).status, 400);
    const seen = await get('/api/SignatureFirstDate/?signatures=a::b&signatures=none');
    assert.equal(seen.json['total'], 1);
    assert.equal(seen.json['hits'][0]['signature'], 'a::b');
    assert.match(seen.json['hits'][0]['first_date'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/);
    const versions = await get('/api/ProductVersions/?product=Editor&active=true');
    const hits = versions.json['hits'] as { version: string; is_featured: boolean }[];
    assert.ok(hits.some(({ version, is_featured: isFeatured }) => version === '4.2.0' && isFeatured));
    assert.ok(
      hits.some(({ version, is_featured: isFeatured }) => version === '4.0b1' && !isFeatured),
      'as on the pages',
    );
    const featured = await get('/api/ProductVersions/?product=Editor&is_featured=true');
    assert.deepEqual(
      (featured.json['hits'] as { version: string }[]).map(({ version }) => version),
      ['4.2.0', '4.1.9', '4.0b2'],
    );
  });

  test('exact texts of search errors', async () => {
    const error = async (query: string) => {
      const { status, json } = await get(`/api/SuperSearchUnredacted/?${query}`);
      assert.equal(status, 400, query);
      return json['error'];
    };
    const bad = 'Bad request: BadArgumentError:';
    assert.equal(await error('uptime=soon'), `${bad} Bad value for parameter uptime: not a valid int`);
    assert.equal(await error('date=2026-11-01'), `${bad} date must have a prefix operator`);
    assert.equal(await error('date=%3E2020-01-01'), `${bad} Date range is bigger than 365 days`);
    assert.equal(await error('_columns=nope'), `${bad} Unknown field 'nope'`);
    assert.equal(await error('_facets=nope'), `${bad} Unknown field 'nope'`);
    assert.equal(await error('_results_number=1001'), `${bad} _results_number cannot be greater than 1,000`);
    assert.equal(await error('_results_number=-1'), `${bad} _results_number cannot be negative`);
    assert.equal(
      await error('_facets_size=10001'),
      `${bad} Bad value for parameter(s) '_facets_size greater than 10,000'`,
    );
    assert.match(
      await error('signature=@a~b'),
      /^Bad request: BadArgumentError: Malformed supersearch query: .*the operator ~ is not supported/,
    );
  });

  test('what a form of crash-stats refuses is named by parameter', async () => {
    const errors = async (query: string) => {
      const { status, json } = await get(`/api/SuperSearch/?${query}`, viewer);
      assert.deepEqual([status, typeof json['error'], json['error_slug']], [400, 'string', 'bad_request'], query);
      return json['errors'];
    };
    for (const name of ['_results_number', '_results_offset', '_facets_size'])
      assert.deepEqual(await errors(`${name}=many`), { [name]: ['Enter a whole number.'] });
    assert.deepEqual(await errors('signature=a%00b'), { signature: ['Null characters are not allowed.'] });
    assert.deepEqual(await errors('_columns=%00'), { _columns: ['Null characters are not allowed.'] });
    assert.deepEqual(await errors('nonsense%00=%00'), { nonsense: ['Null characters are not allowed.'] });
  });

  test('names that nothing has are left out and told, those that clients send along are not', async () => {
    const answer = await get(
      '/api/SuperSearch/?format=meta&sginature=a&_facets=nope&_sort=-nix&_results_number=0',
      viewer,
    );
    assert.deepEqual(answer.json['errors'], [
      { type: 'unknown_field', field: 'sginature' },
      { type: 'unknown_field', field: 'nix' },
      { type: 'unknown_field', field: 'nope' },
    ]);
    const product = await get('/api/SuperSearch/?product=editor&product=Nobody&signature==none', viewer);
    assert.deepEqual(product.json['errors'], [{ type: 'unknown_product', product: 'Nobody' }]);
    const hidden = await get('/api/SuperSearch/?product=Editor', playerOnly);
    assert.deepEqual(hidden.json['errors'], [{ type: 'unknown_product', product: 'Editor' }]);
  });

  test('the OpenAPI document describes every endpoint', async () => {
    const document = (await get('/api/openapi.json', '')).json;
    assert.deepEqual(document, JSON.parse(JSON.stringify(openApiDocument('0.0.0'))));
    assert.equal(Object.keys(document['paths']).length, apiEndpoints.size);
  });

  test('the OpenAPI document holds together: ids are unique, references lead somewhere, paths have their parameters', async () => {
    interface Parameter {
      name: string;
      in: string;
      required: boolean;
      schema: { type: string };
    }
    interface Operation {
      operationId: string;
      parameters?: Parameter[];
      responses: Record<string, { description: string; content: Record<string, { schema: object }> }>;
    }
    const text = (await get('/api/openapi.json', '')).text;
    const document = JSON.parse(text) as { openapi: string; paths: Record<string, Record<string, Operation>> };
    assert.match(document.openapi, /^3\.1\./);
    for (const [, pointer = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const target = pointer
        .split('/')
        .reduce<unknown>((from, key) => (from as Record<string, unknown>)?.[key], document);
      assert.equal(typeof target, 'object', pointer);
    }
    const ids = new Set<string>();
    for (const [path, operations] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(operations)) {
        assert.ok(!ids.has(operation.operationId), operation.operationId);
        ids.add(operation.operationId);
        const parameters = operation.parameters ?? [];
        const names = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
        assert.equal(new Set(names).size, names.length, `${method} ${path} names a parameter twice`);
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `path ${name}`);
        assert.deepEqual(names.filter((name) => name.startsWith('path ')).sort(), inPath.sort(), path);
        assert.ok(
          parameters.every(({ schema }) => schema.type),
          path,
        );
        for (const [status, { description, content }] of Object.entries(operation.responses)) {
          assert.match(status, /^[2-5]\d\d$/);
          assert.ok(description !== '' && Object.values(content).every(({ schema }) => schema), `${path} ${status}`);
        }
      }
  });
});

/** Answers are read as what the test expects them to be. */
function parsed(text: string): ReturnType<typeof JSON.parse> {
  return /^[[{t]/.test(text) ? JSON.parse(text) : null;
}

test('over the limit: 429 with Retry-After', async () => {
  const site = await startWebSite({ public: true, anonymousRequestsPerMinute: 2 });
  await site.tokenOf('admin');
  const statuses = [];
  for (let count = 0; count < 3; count++) statuses.push(await fetch(`${site.url}/api/Platforms/`));
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [200, 200, 429],
  );
  assert.ok(Number(statuses[2]?.headers.get('retry-after')) > 0);
});

test('whether a form came from our own page', async () => {
  const site = await startWebSite();
  const claim = async (headers: Record<string, string>) => {
    const body = new URLSearchParams({ link: await site.people.makeClaimSecret() });
    return (await fetch(`${site.url}/claim`, { method: 'POST', body, headers, redirect: 'manual' })).status;
  };
  // What Chromium sends from a page with the policy no-referrer.
  assert.equal(await claim({ origin: 'null', 'sec-fetch-site': 'same-origin' }), 303);
  assert.equal(await claim({ origin: site.url }), 303);
  assert.equal(await claim({}), 303);
  assert.equal(await claim({ origin: 'null' }), 403);
  assert.equal(await claim({ origin: 'null', 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await claim({ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }), 403);
  assert.equal(await claim({ 'sec-fetch-site': 'same-site' }), 403);
});
