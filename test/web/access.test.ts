// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { searchErrors } from '../../src/search/errors.ts';
import { shownError } from '../../src/web/send-error.ts';
import { randomUuid, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';

type Site = Awaited<ReturnType<typeof startWebSite>>;

const password = 'correct horse battery staple';

function post(site: Site, path: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  return fetch(site.url + path, { method: 'POST', body: new URLSearchParams(form), headers, redirect: 'manual' });
}

/** The value of a cookie that an answer sets, or null. */
function cookieSet(response: Response, name: string): string | null {
  const line = response.headers.getSetCookie().find((text) => text.startsWith(`${name}=`));
  return line?.slice(name.length + 1).split(';')[0] ?? null;
}

describe('sessions', async () => {
  const site = await startWebSite({ trustedProxies: ['127.0.0.1'] });
  await site.people.makeAccount({ name: 'ann', role: 'admin', products: null, password });
  const secure = { 'x-forwarded-proto': 'https' };

  test('after signing in only addresses of this site are led to', async () => {
    const next = async (text: string) =>
      (await post(site, '/sign-in', { name: 'ann', password, next: text })).headers.get('location');
    for (const hostile of ['//evil.example', '/\\evil.example', '/\t/evil.example', '/.//evil.example', 'https://x.y'])
      assert.equal(await next(hostile), '/', JSON.stringify(hostile));
    assert.equal(await next('/search/?signature=~a&_columns=url#t'), '/search/?signature=~a&_columns=url#t');
    assert.equal(await next('/search/?signature=ü'), '/search/?signature=%C3%BC');
  });

  test('over https only the __Host- cookie counts, and signing out ends every session of the browser', async () => {
    const plain = cookieSet(await post(site, '/sign-in', { name: 'ann', password }), 'salvage_session') ?? '';
    const signedIn = await post(site, '/sign-in', { name: 'ann', password }, secure);
    const host = cookieSet(signedIn, '__Host-salvage_session') ?? '';
    assert.ok(plain && host);
    const status = async (cookie: string) =>
      (await fetch(`${site.url}/profile/`, { headers: { ...secure, cookie }, redirect: 'manual' })).status;
    assert.equal(await status(`__Host-salvage_session=${host}`), 200);
    assert.equal(await status(`salvage_session=${plain}`), 302, 'a sibling site may have planted it');
    const csrf = (await site.people.findSession(host))?.csrfSecret ?? '';
    const out = await post(
      site,
      '/sign-out',
      { csrf },
      { ...secure, cookie: `__Host-salvage_session=${host}; salvage_session=${plain}` },
    );
    for (const name of ['__Host-salvage_session', 'salvage_session']) assert.equal(cookieSet(out, name), '', name);
    // Browsers drop a __Host- cookie only at the word of one that is Secure.
    assert.match(out.headers.getSetCookie().find((line) => line.startsWith('__Host-')) ?? '', /; Secure/);
    for (const secret of [host, plain]) assert.equal(await site.people.findSession(secret), null);
  });

  test('signing in again ends the session before', async () => {
    const first = cookieSet(await post(site, '/sign-in', { name: 'ann', password }), 'salvage_session') ?? '';
    await post(site, '/sign-in', { name: 'ann', password }, { cookie: `salvage_session=${first}` });
    assert.equal(await site.people.findSession(first), null);
  });

  test('a name that no database can hold is a failed sign-in', async () => {
    assert.equal((await post(site, '/sign-in', { name: 'a\0b', password })).status, 403);
    const before = await site.people.readAudit(1);
    assert.equal(before[0]?.action, 'sign_in_failed');
  });
});

test('a credential that nobody proved has no higher limit', async () => {
  const site = await startWebSite({ public: true, anonymousRequestsPerMinute: 3, knownRequestsPerMinute: 6 });
  const token = await site.tokenOf('admin');
  const statuses = async (count: number, headers: () => Record<string, string>) => {
    const all = [];
    for (let at = 0; at < count; at++)
      all.push((await fetch(`${site.url}/api/Platforms/`, { headers: headers() })).status);
    return all;
  };
  const forged = await statuses(5, () => ({ cookie: `salvage_session=${Math.random()}` }));
  assert.deepEqual(forged, [200, 200, 200, 429, 429]);
  // Nobody else pays for it, and a token that was right once has its own, higher limit.
  assert.deepEqual(await statuses(1, () => ({})), [200]);
  const other = await startWebSite({ public: true, anonymousRequestsPerMinute: 3, knownRequestsPerMinute: 6 });
  const good = await other.tokenOf('admin');
  const known = [];
  for (let at = 0; at < 8; at++)
    known.push((await fetch(`${other.url}/api/Platforms/`, { headers: { 'auth-token': good } })).status);
  assert.deepEqual(known, [200, 200, 200, 200, 200, 200, 200, 429]);
  assert.ok(token);
});

test('the API shows nothing until somebody has claimed the site, public or not', async () => {
  const site = await startWebSite({ public: true });
  const answer = await fetch(`${site.url}/api/SuperSearch/`);
  assert.equal(answer.status, 503);
  assert.equal(((await answer.json()) as Record<string, unknown>)['error_slug'], 'not_claimed');
  await site.tokenOf('admin');
  assert.equal((await fetch(`${site.url}/api/SuperSearch/`)).status, 200);
});

test('failures of our parts tell readers no hosts, and a database that is away is 503', () => {
  const inner = new SalvageError(searchErrors.search_unavailable, 'connect ECONNREFUSED 10.1.2.3:5432');
  assert.deepEqual(
    [shownError(inner).status, shownError(inner).message],
    [503, searchErrors.search_unavailable.meaning],
  );
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' });
  assert.deepEqual([shownError(refused).status, shownError(refused).slug], [503, 'database_outage']);
  assert.ok(!shownError(refused).message.includes('10.1.2.3'));
});

describe('readers of one product', async () => {
  const site = await startWebSite();
  const random = seededRandom(17);
  const hidden = makeCrashId(randomUuid(random), 0, new Date());
  const raw = { uuid: hidden, ProductName: 'Editor' };
  await site.addCrash(hidden, raw, {
    uuid: hidden,
    product: 'Editor',
    signature: 'a::b',
    date_processed: new Date().toISOString(),
  });
  const admin = await site.tokenOf('admin');
  const token = await site.tokenOf('investigator', undefined, ['Player']);
  const get = (path: string, as = token) => fetch(site.url + path, { headers: { 'auth-token': as } });
  const prefix = hidden.replaceAll('-', '').slice(0, 16);

  test('the beginning of an id of another product does not tell its rest', async () => {
    for (const path of [`/api/ProcessedCrash/?crash_id=${prefix}`, `/api/v1/reports/${prefix}`]) {
      const answer = await get(path);
      assert.equal(answer.status, 404, path);
      const text = await answer.text();
      assert.ok(text.includes(prefix) && !text.includes(hidden), text);
    }
    assert.equal((await get(`/api/ProcessedCrash/?crash_id=${prefix}`, admin)).status, 200);
  });

  test('crashes of other products cannot be queued', async () => {
    const headers = { 'auth-token': token };
    assert.equal((await post(site, '/api/Reprocessing/', { crash_ids: hidden }, headers)).status, 404);
    assert.equal((await post(site, '/api/PriorityJob/', { crash_id: hidden }, headers)).status, 404);
    assert.ok((await site.queue.depths()).every(({ waiting }) => waiting === 0));
    const asAdmin = { 'auth-token': admin };
    assert.equal((await post(site, '/api/Reprocessing/', { crash_ids: hidden }, asAdmin)).status, 200);
  });
});

test('every way to read protected data is in the audit trail, and waiting for a crash queues it once', async () => {
  const site = await startWebSite();
  const random = seededRandom(19);
  const [crashId, waiting] = [
    makeCrashId(randomUuid(random), 0, new Date()),
    makeCrashId(randomUuid(random), 0, new Date()),
  ];
  const processed = { uuid: crashId, product: 'Editor', date_processed: new Date().toISOString() };
  await site.addCrash(crashId, { uuid: crashId, ProductName: 'Editor' }, processed);
  await site.addCrash(waiting, { uuid: waiting, ProductName: 'Editor' }, null);
  const headers = { 'auth-token': await site.tokenOf('admin') };
  for (const path of [`/api/crash/?uuid=${crashId}`, `/api/crash_data/?uuid=${crashId}&datatype=meta`]) {
    const before = (await site.people.readAudit(100)).length;
    assert.equal((await fetch(site.url + path, { headers })).status, 200);
    const [newest, ...rest] = await site.people.readAudit(100);
    assert.deepEqual([newest?.action, newest?.object, rest.length], ['protected_report_opened', crashId, before], path);
  }
  for (let count = 0; count < 3; count++)
    await fetch(`${site.url}/api/crash_data/?uuid=${waiting}&datatype=processed`, { headers });
  assert.equal((await site.queue.depths()).find(({ queue }) => queue === 'priority')?.waiting, 1);
});
