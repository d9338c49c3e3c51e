// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { type ErrorContext, nullErrorReporter } from '../../src/lib/sentry.ts';
import { LocalStatus } from '../../src/lib/status.ts';
import { exchange, RawConnection, requestBytes } from './raw-http.ts';
import { field, form, formType, post, startCollector, stopAll } from './test-collector.ts';

afterEach(stopAll);

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') => ({
  method,
  path,
  headers: { Host: 'x', ...headers },
});

test('http: paths and methods', async () => {
  const { send, collector } = await startCollector({ submitPaths: ['/old/collect'] });
  const seen = async (method: string, path: string) => {
    const reply = await send(get(path, {}, method));
    return [reply?.status, reply?.headers.get('allow'), reply?.body];
  };
  const notFound = [404, undefined, '{"title":"404 Not Found"}'];
  for (const path of ['/', '/submit/', '/__heartbeat__/', '/Submit', '/x?y=/submit'])
    assert.deepEqual(await seen('GET', path), notFound, path);
  const notAllowed = [405, 'POST, OPTIONS', '{"title":"405 Method Not Allowed"}'];
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'])
    assert.deepEqual(await seen(method, '/submit?x'), notAllowed, method);
  assert.deepEqual(await seen('HEAD', '/submit'), [405, 'POST, OPTIONS', '']);
  assert.deepEqual(await seen('HEAD', '/__version__'), [405, 'GET, OPTIONS', '']);
  assert.deepEqual(await seen('OPTIONS', '/old/collect'), [200, 'POST', '']);
  assert.deepEqual(await seen('OPTIONS', '/__heartbeat__'), [200, 'GET', '']);
  assert.ok(['/submit', '/submit/bare', '/old/collect', '/__version__'].every((path) => collector.handles(path)));
  assert.ok(!collector.handles('/report/index'));
  assert.equal((await send(post(form(field('A', '1')), {}, '/old/collect?uuid=x&A=2')))?.status, 200);
});

test('http: the whole URL in the request line, and expectations that nobody has', async () => {
  const { send } = await startCollector();
  assert.equal((await send(post(form(field('A', '1')), {}, 'http://x.example/submit?A=2')))?.status, 200);
  assert.equal((await send(get('HTTPS://x.example:8000/__lbheartbeat__')))?.status, 200);
  assert.equal((await send(post(form(field('A', '1')), { Expect: 'miracles' })))?.status, 200);
});

test('http: no CORS header is ever sent', async () => {
  const { send } = await startCollector();
  const reply = await send(post(form(field('A', '1')), { Origin: 'https://x.example' }));
  assert.ok(![...(reply?.headers.keys() ?? [])].some((name) => name.startsWith('access-control')));
});

test('health: version', async () => {
  const version = async (versionJson: string | null) => {
    const { send } = await startCollector({}, { versionJson });
    const reply = await send(get('/__version__'));
    return [reply?.status, reply?.headers.get('content-type'), reply?.body];
  };
  const type = 'application/json; charset=utf-8';
  assert.deepEqual(await version('{"version": "1", "commit": "abc"}'), [200, type, '{"version":"1","commit":"abc"}']);
  for (const text of [null, '', '{', '[]']) assert.deepEqual(await version(text), [200, type, '{}']);
});

test('health: the heartbeat asks, names what is down, and asks once a second at most', async () => {
  let asked = 0;
  let isDown = false;
  const check = async () => {
    asked++;
    if (isDown) throw new Error('bucket\nis gone');
  };
  const never = { name: 'queue', check: async () => {} };
  const { send } = await startCollector({}, { checks: [{ name: 'storage', check }, never] });
  const beat = async () => {
    const reply = await send(get('/__heartbeat__'));
    return [reply?.status, reply?.body];
  };
  assert.deepEqual(await beat(), [200, '{"errors":[]}']);
  isDown = true;
  assert.deepEqual(await beat(), [200, '{"errors":[]}']);
  assert.equal(asked, 1);
  const other = await startCollector({ profile: 'antenna-2018' }, { checks: [{ name: 'storage', check }, never] });
  const reply = await other.send(get('/__heartbeat__'));
  assert.deepEqual(
    [reply?.status, reply?.body],
    [503, '{"errors":[{"name":"storage","msg":"Error: bucket is gone"}],"info":{}}'],
  );
  const alive = await other.send(get('/__lbheartbeat__'));
  assert.deepEqual(
    [alive?.status, alive?.body, alive?.headers.get('content-type')],
    [200, '', 'application/json; charset=utf-8'],
  );
});

test('health: broken is for this machine or a token', async () => {
  const told: unknown[] = [];
  const errors = { ...nullErrorReporter, capture: (...call: unknown[]) => void told.push(call) };
  const { send, logs } = await startCollector({ brokenToken: 'b' }, { errors });
  const status = async (headers: Record<string, string>) => (await send(get('/__broken__', headers)))?.status;
  assert.equal(await status({}), 500);
  assert.equal(await status({ 'X-Forwarded-For': '203.0.113.9' }), 404);
  assert.equal(await status({ 'X-Forwarded-For': '203.0.113.9', Authorization: 'Bearer c' }), 404);
  assert.equal(await status({ 'X-Forwarded-For': '203.0.113.9', Authorization: 'Bearer b' }), 500);
  assert.deepEqual(
    logs.map(({ level, message }) => [level, message]),
    [
      ['error', 'Unhandled exception'],
      ['error', 'Unhandled exception'],
    ],
  );
  const [error, context] = told.at(-1) as [Error, ErrorContext];
  assert.deepEqual([told.length, error.message], [2, 'intentional exception']);
  assert.deepEqual([context.transaction, context.request?.method], ['/__broken__', 'GET']);
  const then = await startCollector({ profile: 'antenna-2018' });
  const reply = await then.send(get('/__broken__'));
  assert.equal(reply?.body, '{"msg":"COUGH! Internal Server Error"}');
});

test('health: what the parts say of themselves is for this machine or a token', async () => {
  const status = new LocalStatus({ instance: 'node1:7', now: () => new Date(0) });
  status.register('collector', () => ({ inFlight: 0 }));
  const { send } = await startCollector({ statusToken: 's' }, { status });
  const told = await send(get('/__status__'));
  assert.deepEqual(JSON.parse(told?.body ?? ''), {
    roles: [{ role: 'collector', instance: 'node1:7', details: { inFlight: 0 } }],
  });
  const code = async (headers: Record<string, string>) => (await send(get('/__status__', headers)))?.status;
  assert.equal(await code({ 'X-Forwarded-For': '203.0.113.9' }), 404);
  assert.equal(await code({ 'X-Forwarded-For': '203.0.113.9', Authorization: 'Bearer x' }), 404);
  assert.equal(await code({ 'X-Forwarded-For': '203.0.113.9', Authorization: 'Bearer s' }), 200);
});

test('drain: what is under way is answered, nothing new is taken', async () => {
  const { collector, port, spool } = await startCollector();
  const body = form(field('A', '1'));
  const connection = new RawConnection(port);
  connection.write(requestBytes(post(body)).subarray(0, -3));
  while (collector.inFlightCount() === 0) await new Promise((resolve) => setImmediate(resolve));
  const drained = collector.drain(5000);
  const late = new RawConnection(port);
  late.write(requestBytes(post(body)));
  connection.write(body.subarray(-3));
  const reply = await connection.reply();
  assert.deepEqual([reply?.status, reply?.headers.get('connection')], [200, 'close']);
  await drained;
  assert.equal(await late.reply(), null);
  assert.equal(spool.reports.length, 1);
});

test('drain: the deadline cuts who does not end', async () => {
  const { collector, port, spool } = await startCollector();
  const connection = new RawConnection(port);
  connection.write(requestBytes(post(form(field('A', '1')))).subarray(0, -3));
  while (collector.inFlightCount() === 0) await new Promise((resolve) => setImmediate(resolve));
  await collector.drain(50);
  await connection.ended();
  assert.equal(spool.reports.length, 0);
});

test('http: on a server made elsewhere, expectations on paths that are not the collector’s are its owner’s', async (t) => {
  const { collector } = await startCollector();
  const server = createServer(collector.serverOptions, (request, response) => {
    if (collector.handles(request.url ?? '')) collector.listener(request, response);
    else request.resume().on('end', () => response.end('from the owner'));
  });
  collector.attach(server);
  t.after(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (const expectation of ['100-continue', 'miracles']) {
    const reply = await exchange(port, post(form(field('A', '1')), { Expect: expectation }, '/upload'));
    assert.equal(reply?.body, 'from the owner');
    assert.match((await exchange(port, post(form(field('A', '1')), { Expect: expectation })))?.body ?? '', /^CrashID=/);
  }
});

test('drain: on a server made elsewhere it waits for the reports under way', async () => {
  const { collector } = await startCollector();
  const server = createServer(collector.serverOptions, collector.listener);
  collector.attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connection = new RawConnection((server.address() as AddressInfo).port);
  const body = form(field('A', '1'));
  connection.write(requestBytes(post(body)).subarray(0, -3));
  while (collector.inFlightCount() === 0) await new Promise((resolve) => setImmediate(resolve));
  let isDrained = false;
  const drained = collector.drain(5000).then(() => {
    isDrained = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(isDrained, false);
  connection.write(body.subarray(-3));
  assert.equal((await connection.reply())?.status, 200);
  await drained;
  server.close();
});

test('http: keep-alive takes one report after another', async () => {
  const { port, spool } = await startCollector();
  const connection = new RawConnection(port);
  for (let i = 0; i < 5; i++) {
    connection.write(requestBytes(post(form(field('A', String(i))))));
    assert.equal((await connection.reply())?.status, 200);
  }
  assert.equal(spool.reports.length, 5);
  assert.equal(spool.reports[0]?.head.contentType, formType);
  connection.close();
});
