// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { makeSentryReporter, scrubEvent } from '../../src/lib/sentry.ts';

test('bodies, addresses, credentials and variables are taken out', () => {
  const event = scrubEvent({
    user: { ip_address: '1.2.3.4' },
    request: {
      data: 'a crash report',
      cookies: { session: 'x' },
      query_string: 'guid=1',
      headers: { 'X-Forwarded-For': '1.2.3.4', Authorization: 'Bearer x', 'User-Agent': 'Breakpad/1.0' },
    },
    exception: { values: [{ stacktrace: { frames: [{ vars: { password: 'x' } }] } }] },
  });
  assert.deepEqual(event, {
    request: {
      headers: { 'X-Forwarded-For': '[Scrubbed]', Authorization: '[Scrubbed]', 'User-Agent': 'Breakpad/1.0' },
    },
    exception: { values: [{ stacktrace: { frames: [{}] } }] },
  });
});

test('an error reaches the server of the DSN with release and transaction', async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      bodies.push((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString());
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dsn = `http://key@127.0.0.1:${(server.address() as AddressInfo).port}/1`;
  const reporter = await makeSentryReporter({ dsn, release: '1.0:abcdef12', serverName: 'node1' });
  const headers = { 'x-real-ip': '203.0.113.9', 'user-agent': 'Breakpad/1.0' };
  reporter.capture(new Error('the disk sank'), { transaction: 'startup', request: { method: 'POST', headers } });
  await reporter.flush(5000);
  server.close();
  const text = bodies.join('\n');
  for (const expected of [
    'the disk sank',
    '1.0:abcdef12',
    '"transaction":"startup"',
    '"server_name":"node1"',
    'Breakpad/1.0',
  ])
    assert.ok(text.includes(expected), `${expected} is missing in ${text}`);
  assert.ok(!text.includes('203.0.113.9'));
});
