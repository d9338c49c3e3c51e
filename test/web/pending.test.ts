// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { PostgresQueue } from '../../src/queue/postgres-queue.ts';
import { startWebSite } from '../builders/web-site.ts';

describe('a report that waits, over a queue that can tell', async () => {
  const site = await startWebSite(
    {},
    systemClock,
    (pool) => new PostgresQueue({ pool, listenUrl: null, logger: nullLogger }),
  );
  const newId = () => makeCrashId(randomUUID(), 0, new Date());
  const [first, waiting] = [newId(), newId()];
  let token = '';

  before(async () => {
    token = await site.tokenOf('admin');
    for (const crashId of [first, waiting]) {
      const rawCrash = { uuid: crashId, ProductName: 'Lantern', submitted_timestamp: new Date().toISOString() };
      await site.addCrash(crashId, rawCrash, null);
      await site.queue.publish('standard', { crashId });
    }
  });

  const get = (path: string) => fetch(site.url + path, { headers: { 'auth-token': token } });
  const state = async () => (await (await get(`/api/v1/reports/${waiting}/state`)).json()) as Record<string, unknown>;

  test('says its place, then its attempt, and why the last one failed', async () => {
    const { progress, place } = await state();
    assert.equal(progress, '2nd of 2 in the standard queue');
    assert.deepEqual(place, { queue: 'standard', is_taken: false, ahead: 1, attempts: 0, last_error: null });
    const stop = new AbortController();
    for await (const taken of site.queue.consume({ prefetch: 2, signal: stop.signal })) {
      if (taken.crashId !== waiting) continue;
      assert.equal((await state())['progress'], 'Being processed now');
      await taken.nack('symbols_unreachable: <b>no</b> answer');
      break;
    }
    stop.abort();
    const text = await (await get(`/report/index/${waiting}`)).text();
    assert.match(text, /Attempt 1 failed<\/span>: symbols_unreachable: &lt;b&gt;no&lt;\/b&gt; answer/);
    assert.match(text, /id="pending-status">(1st of \d|Being processed)/);
  });
});
