// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { startWebSite } from '../builders/web-site.ts';

describe('status', async () => {
  const site = await startWebSite();
  const now = new Date();
  let jobs: { name: string; lastRunAt: string; errorsInARow: number; lastError: string | null }[] = [];
  let admin = '';

  before(async () => {
    admin = await site.tokenOf('admin');
    site.status.register('queue', () => ({
      depths: [
        { queue: 'standard', waiting: 212, leased: 4, oldestAgeS: 4000 },
        { queue: 'priority', waiting: 0, leased: 0, oldestAgeS: null },
        { queue: 'reprocessing', waiting: 18_440, leased: 0, oldestAgeS: 7900 },
      ],
      dead: [1, 2, 3].map(() => ({
        queue: 'standard',
        crashId: '3d1f0c52-77aa-4b1e-9c30-5a90b0261119',
        reason: 'dump_bad_signature: <b>not</b> a minidump',
        attempts: 3,
        ruleset: null,
        diedAt: now.toISOString(),
      })),
    }));
    site.status.register('collector', () => ({
      spool: { entryCount: 4812, sizeBytes: 31.2 * 2 ** 30, oldestAgeS: 4000, damagedCount: 1 },
      disk: { sizeBytes: 40 * 2 ** 30, freeBytes: 2 ** 30 },
      inFlight: 3,
    }));
    site.status.register('mover', () => ({ down: ['storage_unreachable'] }));
    site.status.register('processor', () => ({ inFlight: 4, owed: { search: 9 } }));
    site.status.register('search', () => ({
      partitions: [{ name: 'reports_p20261116', week: '2026-11-16', sizeBytes: 1024 }],
      strayCount: 2,
    }));
    site.status.register('jobs', () => ({ jobs }));
    site.status.register('symbols', () => ({
      symbolsWanted: [
        { debugFile: '<i>wick</i>.pdb', debugId: 'B7720E94A13F4F6C8D1B5C93E0A4D7F51', reportCount: 1118 },
      ],
    }));
  });

  const get = async (path: string, token: string | null = admin) => {
    const response = await fetch(site.url + path, {
      redirect: 'manual',
      headers: token === null ? {} : { 'auth-token': token },
    });
    return { status: response.status, text: await response.text() };
  };

  test('says what is wrong before anything else, and what is still true', async () => {
    const { status, text } = await get('/status');
    assert.equal(status, 200);
    for (const words of [
      /Reports cannot be moved out of the spool\.<\/strong> 4,812 are accepted and stay there; nothing is lost/,
      /The standard queue is behind:<\/strong> its oldest crash has waited 1 h 6 min/,
      /1 spool entries are damaged/,
      /2 reports have dates that no partition was made for/,
      /The disk of test is nearly full:<\/strong> 1\.0 GiB of 40\.0 GiB are free/,
    ])
      assert.match(text, words);
    assert.ok(!text.includes('reprocessing queue is behind'), 'bulk work may wait');
    assert.ok(!text.includes('<b>not</b>'));
    assert.ok(text.indexOf('cannot be moved') < text.indexOf('id="queues"'));
  });

  test('depths, ages, dead letters by reason, partitions', async () => {
    const { text } = await get('/status');
    assert.match(text, /18,440/);
    assert.match(text, /2 h 11 min/);
    assert.match(
      text,
      /<code title="dump_bad_signature">dump_bad_signature<\/code><\/th>\s*<td role="cell" class="num" data-label="Now">3</,
    );
    assert.match(text, /2026-11-16/);
    assert.match(text, /31\.2 GiB/);
    assert.match(text, /missing_symbols=%7E%2FB7720E94A13F4F6C8D1B5C93E0A4D7F51%2F">1,118</);
    assert.ok(!text.includes('<i>wick'));
  });

  test('the API tells the same', async () => {
    const answer = JSON.parse((await get('/api/v1/status')).text);
    assert.deepEqual(
      answer.roles.map((row: { role: string }) => row.role),
      ['collector', 'jobs', 'mover', 'processor', 'queue', 'search', 'symbols'],
    );
    assert.equal(answer.roles[0].details.spool.entryCount, 4812);
    assert.equal((await get('/api/v1/status', null)).status, 403);
  });

  test('jobs: what monitors of crash-stats ask, with hours where hours are meant', async () => {
    const cron = async () => JSON.parse((await get('/monitoring/cron/', null)).text);
    assert.deepEqual(await cron(), { status: 'ALLGOOD' });
    jobs = [{ name: 'partitions', lastRunAt: now.toISOString(), errorsInARow: 0, lastError: null }];
    assert.deepEqual(await cron(), { status: 'ALLGOOD', last_run: now.toISOString() });
    const stale = new Date(now.getTime() - 3 * 3_600_000).toISOString();
    jobs = [{ name: 'partitions', lastRunAt: stale, errorsInARow: 0, lastError: null }];
    assert.deepEqual(await cron(), { status: 'Stale', last_run: stale });
    jobs = [{ name: 'retention', lastRunAt: now.toISOString(), errorsInARow: 6, lastError: 'disk was away' }];
    assert.deepEqual(await cron(), { status: 'Broken', broken: ['retention'], last_run: now.toISOString() });
    assert.match((await get('/status')).text, /The job retention fails,<\/strong> 6 times in a row: disk was away/);
  });
});

test('a part that cannot answer is named, and is no empty list', async () => {
  const site = await startWebSite();
  const token = await site.tokenOf('admin');
  site.status.register('queue', () => Promise.reject(new Error('connection refused')));
  const response = await fetch(`${site.url}/status`, { headers: { 'auth-token': token } });
  const text = await response.text();
  assert.match(text, /The queue part cannot say how it is:<\/strong> Error: connection refused/);
  assert.match(text, /Waiting<\/dt><dd class="faint">–<small>not known/);
  assert.match(text, /Not known: the queue does not answer/);
});

test('nothing wrong is one line', async () => {
  const site = await startWebSite();
  const token = await site.tokenOf('admin');
  const response = await fetch(`${site.url}/status`, { headers: { 'auth-token': token } });
  assert.match(await response.text(), /Nothing needs attention/);
});
