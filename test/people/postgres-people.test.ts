// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { PostgresPeople } from '../../src/people/postgres-people.ts';
import { testDatabase } from '../services/postgres.ts';

describe('people', async () => {
  const { pool } = await testDatabase();
  let nowMs = Date.parse('2026-11-01T00:00:00Z');
  const clock = { ...systemClock, now: () => new Date(nowMs) };
  const people = new PostgresPeople({ pool, clock, logger: nullLogger });
  const password = 'correct horse battery staple';

  test('a claim link makes the first admin, opens one session, and works once', async () => {
    assert.equal(await people.hasAdmin(), false);
    const secret = await people.makeClaimSecret();
    const { sessionSecret, reader } = await people.claim(secret, 'browser');
    assert.equal(reader.name, 'admin');
    assert.ok(reader.permissions.has('admin'));
    assert.equal(await people.hasAdmin(), true);
    assert.equal((await people.findSession(sessionSecret))?.reader.accountId, reader.accountId);
    await assert.rejects(people.claim(secret, 'browser'), /used before/);
  });

  test('two openings of one link at once: one wins', async () => {
    const secret = await people.makeClaimSecret();
    const results = await Promise.allSettled([people.claim(secret, 'a'), people.claim(secret, 'b')]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  test('a claim link is over after 30 minutes', async () => {
    const secret = await people.makeClaimSecret();
    nowMs += 30 * 60_000;
    await assert.rejects(people.claim(secret, ''), /expired/);
  });

  test('sign in, sessions end when idle, old, signed out or changed', async () => {
    const account = await people.makeAccount({ name: 'ann', role: 'investigator', products: ['Editor'], password });
    const open = async () => (await people.signIn('ann', password, 'x')).sessionSecret;
    await assert.rejects(people.signIn('ann', 'wrong password!', ''), /do not fit/);
    await assert.rejects(people.signIn('nobody', password, ''), /do not fit/);
    const session = await open();
    assert.deepEqual((await people.findSession(session))?.reader.products, ['Editor']);
    nowMs += 13 * 3_600_000;
    assert.equal(await people.findSession(session), null);
    const second = await open();
    await people.signOut(second);
    assert.equal(await people.findSession(second), null);
    const third = await open();
    await people.changeAccount(account.id, { isActive: false });
    assert.equal(await people.findSession(third), null);
    await assert.rejects(open(), /do not fit/);
  });

  test('a token carries no more than its owner has at the time of use', async () => {
    const account = await people.makeAccount({ name: 'bot', role: 'dump_reader', products: null });
    const { token, id } = await people.makeToken(account.id, {
      name: 'ci',
      permissions: ['view', 'view_rawdump', 'admin'],
      days: 2,
    });
    assert.match(token, /^slv_/);
    const found = await people.findToken(token, '127.0.0.1');
    assert.ok(typeof found !== 'string');
    assert.deepEqual([...found.permissions].sort(), ['view', 'view_rawdump']);
    await people.changeAccount(account.id, { role: 'viewer' });
    const later = await people.findToken(token, '');
    assert.ok(typeof later !== 'string' && later.permissions.size === 1);
    assert.equal(await people.findToken('slv_other', ''), 'API Token not matched');
    nowMs += 3 * 86_400_000;
    assert.equal(await people.findToken(token, ''), 'API Token found but expired');
    await assert.rejects(people.makeToken(account.id, { name: 'x', permissions: [], days: null }), /Only admins/);
    await people.revokeToken(id);
    assert.equal(await people.findToken(token, ''), 'API Token not matched');
    assert.equal((await people.listTokens(account.id))[0]?.name, 'ci');
    const { rows } = await pool.query('select * from api_tokens');
    assert.equal(JSON.stringify(rows).includes(token), false);
  });

  test("a token sees its owner's products, and none that the owner got later", async () => {
    const account = await people.makeAccount({ name: 'narrow', role: 'viewer', products: ['Editor', 'Player'] });
    const { token } = await people.makeToken(account.id, { name: 'n', permissions: ['view'], days: 1 });
    const productsNow = async () => {
      const reader = await people.findToken(token, '');
      assert.ok(typeof reader !== 'string');
      return reader.products;
    };
    assert.deepEqual(await productsNow(), ['Editor', 'Player']);
    await people.changeAccount(account.id, { products: ['Player', 'Secret'] });
    assert.deepEqual(await productsNow(), ['Player']);
    await people.changeAccount(account.id, { products: null });
    assert.deepEqual(await productsNow(), ['Editor', 'Player']);
  });

  test('the last admin stays, bad names and short passwords are refused', async () => {
    const admin = (await people.listAccounts()).find(({ role }) => role === 'admin');
    await assert.rejects(people.changeAccount(admin?.id ?? 0, { role: 'viewer' }), /last active admin/);
    await assert.rejects(people.makeAccount({ name: ' ', role: 'viewer', products: null }), /1 to 100/);
    await assert.rejects(people.makeAccount({ name: 'ann', role: 'viewer', products: null }), /already/);
    await assert.rejects(
      people.makeAccount({ name: 'eve', role: 'viewer', products: null, password: 'short' }),
      /12 to/,
    );
  });

  test('the audit trail keeps order and refuses change and removal', async () => {
    const { reader } = await people.claim(await people.makeClaimSecret(), '');
    for (const object of ['one', 'two'])
      people.audit({ action: 'dump_downloaded', object, reader, address: '127.0.0.1' });
    assert.deepEqual(
      (await people.readAudit(2)).map((row) => row.object),
      ['two', 'one'],
    );
    for (const sql of ['update audit set object = 1', 'delete from audit', 'truncate audit'])
      await assert.rejects(pool.query(sql), /append-only/);
  });
});
