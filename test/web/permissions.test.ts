// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Every way to ask, against every endpoint: who gets an answer, who a refusal, and with which words.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { type Permission, permissions, permissionTitles } from '../../src/people/permissions.ts';
import type { ApiEndpoint } from '../../src/web/api/api-endpoint.ts';
import { apiEndpoints } from '../../src/web/api/endpoints.ts';
import { randomUuid, seededRandom } from '../builders/report-builder.ts';
import { startWebSite } from '../builders/web-site.ts';

const now = new Date();
const crashId = makeCrashId(randomUuid(seededRandom(71)), 0, now);

/** A value for each parameter that some endpoint cannot do without. */
const samples: Readonly<Record<string, string>> = {
  crash_id: crashId,
  crash_ids: crashId,
  uuid: crashId,
  id: crashId,
  datatype: 'processed',
  product: 'Editor',
  signature: 'a::b',
  signatures: 'a::b',
  field: 'platform',
};

interface Wish {
  readonly name: string;
  readonly url: string;
  readonly init: RequestInit;
  readonly needs: readonly Permission[];
}

function wishOf(endpoint: ApiEndpoint, method: 'GET' | 'POST'): Wish {
  const query = new URLSearchParams();
  let path = `/api/${endpoint.name}`;
  for (const { name, isPath, isRequired } of endpoint.parameters) {
    if (!isRequired && !isPath) continue;
    const value = samples[name];
    assert.ok(value !== undefined, `${endpoint.name} needs ${name}: give it a sample value here`);
    if (isPath) path = path.replace(`{${name}}`, encodeURIComponent(value));
    else query.append(name, value);
  }
  const url = endpoint.name.startsWith('v1/') ? path : `${path}/`;
  const { name, needs } = endpoint;
  if (method === 'GET') return { name: `GET ${name}`, url: `${url}?${query}`, init: {}, needs };
  const json = { method, body: '{"jobs":[{"os":"Linux"}]}', headers: { 'content-type': 'application/json' } };
  return { name: `POST ${name}`, url, init: endpoint.takesJson ? json : { method, body: query }, needs };
}

const wishes: readonly Wish[] = [
  ...[...apiEndpoints.values()].flatMap((endpoint) => endpoint.methods.map((method) => wishOf(endpoint, method))),
  {
    name: 'GET RawCrash, a dump',
    url: `/api/RawCrash/?crash_id=${crashId}&format=raw`,
    init: {},
    needs: ['view', 'view_rawdump'],
  },
  {
    name: 'GET crash_data, a dump',
    url: `/api/crash_data/?uuid=${crashId}&datatype=raw`,
    init: {},
    needs: ['view', 'view_rawdump'],
  },
  {
    name: 'GET crash_data, unredacted',
    url: `/api/crash_data/?uuid=${crashId}&datatype=unredacted`,
    init: {},
    needs: ['view', 'view_pii'],
  },
];

describe('the permission matrix', async () => {
  const site = await startWebSite();
  const tokens = new Map<string, string>();

  before(async () => {
    const processed = { uuid: crashId, product: 'Editor', signature: 'a::b', date_processed: now.toISOString() };
    await site.addCrash(crashId, { uuid: crashId, ProductName: 'Editor' }, processed as never);
    for (const one of permissions) {
      tokens.set(one, await site.tokenOf('admin', [one]));
      tokens.set(`view and ${one}`, await site.tokenOf('admin', ['view', one]));
    }
    tokens.set('nothing', await site.tokenOf('admin', []));
    tokens.set('everything', await site.tokenOf('admin'));
    tokens.set('expired', await site.tokenOf('admin'));
    await site.pool.query(
      `update api_tokens set expires_at = now() - interval '1 second' where id = (select max(id) from api_tokens)`,
    );
    tokens.set('revoked', await site.tokenOf('admin'));
    await site.pool.query('update api_tokens set revoked_at = now() where id = (select max(id) from api_tokens)');
    tokens.set('inactive', await site.tokenOf('admin'));
    await site.pool.query(
      'update accounts set is_active = false where id = (select account_id from api_tokens order by id desc limit 1)',
    );
  });

  async function ask(wish: Wish, headers: Record<string, string>) {
    const response = await fetch(site.url + wish.url, {
      ...wish.init,
      redirect: 'manual',
      headers: { ...(wish.init.headers as Record<string, string> | undefined), ...headers },
    });
    const text = await response.text();
    const isJson = /^application\/json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, json: isJson ? JSON.parse(text) : null };
  }

  for (const wish of wishes) {
    const granted = (holds: ReadonlySet<string>) => wish.needs.every((one) => holds.has(one));

    test(`${wish.name}: without a good token`, async () => {
      const isOpen = wish.needs.length === 0;
      for (const headers of [{}, { 'auth-token': '' }, { 'auth-token': ' ' }] as Record<string, string>[]) {
        const { status, json } = await ask(wish, headers);
        // A form without a login could only come from somewhere else.
        if (!isOpen) assert.deepEqual([status, json?.error_slug], [403, 'login_required'], JSON.stringify(headers));
        else assert.equal(status, 200);
      }
      const refusals: Readonly<Record<string, string>> = {
        slv_nonsense: 'API Token not matched',
        [tokens.get('revoked') as string]: 'API Token not matched',
        [tokens.get('expired') as string]: 'API Token found but expired',
        [tokens.get('inactive') as string]: 'User of API token not active',
      };
      for (const [token, text] of Object.entries(refusals))
        for (const headers of [{ 'auth-token': token }, { authorization: `Bearer ${token}` }]) {
          const { status, json } = await ask(wish, headers as Record<string, string>);
          assert.deepEqual([status, json?.error, json?.error_slug], [403, text, 'token_refused']);
        }
    });

    test(`${wish.name}: with each permission alone, with view, with all`, async () => {
      for (const [name, token] of tokens) {
        if (['expired', 'revoked', 'inactive'].includes(name)) continue;
        const holds = new Set<string>(name === 'everything' ? permissions : name.split(' and '));
        const { status, json } = await ask(wish, { 'auth-token': token });
        if (granted(holds)) assert.ok(status >= 200 && status < 300, `${name}: ${status} ${JSON.stringify(json)}`);
        else {
          assert.deepEqual([status, json?.error_slug], [403, 'permission_required'], name);
          const missing = wish.needs.filter((one) => !holds.has(one)).map((one) => permissionTitles[one]);
          assert.ok(
            missing.some((title) => String(json?.error).includes(title)),
            `${name}: ${json?.error}`,
          );
        }
      }
    });
  }
});
