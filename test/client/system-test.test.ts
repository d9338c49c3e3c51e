// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { caseLine, runSystemTest } from '../../src/client/system-test.ts';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { startCollector, stopAll } from '../collector/test-collector.ts';

afterEach(stopAll);

function run(port: number, token: string | null) {
  return runSystemTest(
    {
      url: new URL(`http://127.0.0.1:${port}/submit`),
      product: 'Firefox',
      bodySizeBytesMax: 300_000,
      token,
      timeoutMs: 10_000,
      randomHex: (digits) => randomBytes(digits).toString('hex').slice(0, digits),
      crashId: () => makeCrashId(randomUUID(), 0, new Date()),
      now: () => new Date(),
    },
    () => {},
  );
}

test('systemtest: a collector that is well passes every case, and what it promised is there', async () => {
  const collector = await startCollector({ bearerToken: 'secret', bodySizeBytesMax: 300_000 });
  const { cases, failed, crashIds } = await run(collector.port, 'secret');
  assert.deepEqual(cases.filter(({ isPassed }) => !isPassed).map(caseLine), []);
  assert.equal(failed, 0);
  assert.ok(cases.length >= 35);
  const stored = collector.spool.reports.map(({ head }) => head.crashId).sort();
  assert.deepEqual(stored, [...crashIds].sort());
});

test('systemtest: a node that says yes to everything fails, case by case, and a sick one fails its heartbeat', async () => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.statusCode = request.url === '/__heartbeat__' ? 503 : 200;
      response.end(request.method === 'GET' ? '{}' : 'CrashID=bp-0bba929f-8721-460c-8dea-000000261120\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { cases } = await run((server.address() as AddressInfo).port, null);
    const failed = cases.filter(({ isPassed }) => !isPassed).map(({ area }) => area);
    assert.equal(failed.filter((area) => area === 'discard').length, 10);
    assert.deepEqual([...new Set(failed)], ['health', 'id', 'discard', 'size']);
  } finally {
    server.close().closeAllConnections();
  }
});

test('systemtest: rules that refuse the test reports are told as such', async () => {
  const throttler = {
    decide: () => ({ result: 'reject' as const, rule: 'unsupported_product', rate: null, remarks: [] }),
  };
  const collector = await startCollector({ bodySizeBytesMax: 300_000 }, { throttler: throttler as never });
  const { cases } = await run(collector.port, null);
  assert.match(cases.find(({ area }) => area === 'post')?.detail ?? '', /--product/);
});
