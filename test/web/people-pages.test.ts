// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { startWebSite } from '../builders/web-site.ts';

describe('people', async () => {
  const site = await startWebSite();
  let cookie = '';
  let csrf = '';

  before(async () => {
    const { sessionSecret } = await site.people.claim(await site.people.makeClaimSecret(), '');
    cookie = `salvage_session=${sessionSecret}`;
    csrf = (await site.people.findSession(sessionSecret))?.csrfSecret ?? '';
  });

  const page = async (headers: Record<string, string> = { cookie }) => {
    const response = await fetch(`${site.url}/admin/people`, { redirect: 'manual', headers });
    return { status: response.status, text: await response.text() };
  };
  const post = async (fields: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await fetch(`${site.url}/admin/people`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, origin: site.url, ...headers },
      body: new URLSearchParams({ csrf, ...fields }),
    });
    return { status: response.status, text: await response.text() };
  };
  const account = async (name: string) => (await site.people.listAccounts()).find((one) => one.name === name);

  test('only admins see the page', async () => {
    const viewer = await site.tokenOf('viewer');
    assert.equal((await page({ 'auth-token': viewer })).status, 403);
    assert.equal((await page({})).status, 302);
    assert.match((await page()).text, /<h1>People<\/h1>/);
  });

  test('add, change, deactivate, activate: each leaves its row', async () => {
    const password = 'correct horse battery';
    assert.equal(
      (await post({ action: 'add', name: 'Ada <b>', role: 'viewer', products: 'Editor, Player', password })).status,
      303,
    );
    const made = await account('Ada <b>');
    assert.deepEqual([made?.role, made?.products, made?.hasPassword], ['viewer', ['Editor', 'Player'], true]);
    assert.ok(!(await page()).text.includes('Ada <b>'));
    const id = String(made?.id);
    const { sessionSecret } = await site.people.signIn('Ada <b>', password, '');
    assert.equal((await post({ action: 'change', id, role: 'investigator', products: '' })).status, 303);
    assert.deepEqual([(await account('Ada <b>'))?.role, (await account('Ada <b>'))?.products], ['investigator', null]);
    assert.equal(await site.people.findSession(sessionSecret), null, 'a changed role ends sessions');
    assert.equal((await post({ action: 'deactivate', id })).status, 303);
    assert.equal((await account('Ada <b>'))?.isActive, false);
    assert.equal((await post({ action: 'activate', id })).status, 303);
    const trail = await site.people.readAudit(50);
    assert.equal(trail.filter((row) => row.action === 'account_made').length, 1);
    assert.equal(trail.filter((row) => row.action === 'account_changed').length, 3);
    assert.ok(!JSON.stringify(trail).includes(password));
  });

  test('forged and impossible changes are refused', async () => {
    assert.equal((await post({ action: 'add', name: 'x', role: 'admin', csrf: 'wrong' })).status, 403);
    assert.equal(
      (await post({ action: 'add', name: 'x', role: 'admin' }, { origin: 'https://evil.example' })).status,
      403,
    );
    assert.equal(await account('x'), undefined);
    assert.equal((await post({ action: 'add', name: 'x', role: 'emperor' })).status, 400);
    assert.equal((await post({ action: 'deactivate', id: '999999' })).status, 404);
    const admin = await account('admin');
    const last = await post({ action: 'deactivate', id: String(admin?.id) });
    assert.equal(last.status, 400);
    assert.match(last.text, /The last active admin must stay one/);
    assert.equal((await account('admin'))?.isActive, true);
  });

  test('the API lists accounts for admins, without secrets', async () => {
    const response = await fetch(`${site.url}/api/v1/accounts`, { headers: { cookie } });
    const { accounts } = (await response.json()) as { accounts: Record<string, unknown>[] };
    assert.ok(accounts.some((one) => one['name'] === 'admin' && one['role'] === 'admin'));
    assert.ok(!JSON.stringify(accounts).includes('argon2'));
  });

  test('admins read the audit trail, newest first, and reading it leaves a row', async () => {
    const read = async (query = '') => {
      const response = await fetch(`${site.url}/api/v1/audit${query}`, { headers: { cookie } });
      return { status: response.status, json: (await response.json()) as { rows: Record<string, unknown>[] } };
    };
    const first = await read();
    assert.ok(first.json.rows.some(({ action }) => action === 'account_made'));
    const [newest] = (await read('?number=1')).json.rows;
    assert.deepEqual([newest?.['action'], newest?.['account']], ['audit_read', 'admin']);
    assert.match(String(newest?.['object']), /^\d+ rows$/);
    for (const query of ['?number=0', '?number=1001', '?number=all']) assert.equal((await read(query)).status, 400);
  });
});
