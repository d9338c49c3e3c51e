// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LatencyHistogram } from '../../src/client/latency-histogram.ts';
import { type LoadOptions, runLoad } from '../../src/client/load.ts';
import { loadReport } from '../../src/client/load-report.ts';
import { makePayloads, parseMix } from '../../src/client/payloads.ts';
import { usageOf } from '../../src/client/process-usage.ts';
import { systemClock } from '../../src/lib/clock.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close().closeAllConnections();
});

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/submit`);
}

const accepted = 'CrashID=bp-0bba929f-8721-460c-8dea-000000261120\n';
const payloads = makePayloads({ 'plain-100k': 1 });

function load(url: URL, more: Partial<LoadOptions>) {
  return runLoad({
    url,
    payloads,
    loop: { kind: 'closed', concurrency: 2 },
    durationMs: 20_000,
    timeoutMs: 5000,
    clock: systemClock,
    ...more,
  });
}

test('payloads: the mix of real collectors, the same every time, compressing about 3:1', () => {
  const mix = makePayloads();
  const counts = Object.fromEntries(
    Object.entries(Object.groupBy(mix, ({ kind }) => kind)).map(([kind, all]) => [kind, all.length]),
  );
  assert.deepEqual(counts, { 'plain-400k': 24, 'dumps-400k': 10, 'gzip-150k': 4, 'plain-1500k': 2 });
  assert.deepEqual(makePayloads()[7]?.body, mix[7]?.body);
  for (const [kind, low, high] of [
    ['plain-400k', 395, 415],
    ['dumps-400k', 395, 415],
    ['gzip-150k', 120, 160],
    ['plain-1500k', 1490, 1520],
  ] as const) {
    const size = (mix.find((payload) => payload.kind === kind)?.body.length ?? 0) / 1000;
    assert.ok(size > low && size < high, `${kind} has ${size} kB`);
  }
  assert.ok(makePayloads({ 'plain-400k': 1 }, 'gzip').every(({ body }) => gunzipSync(body).length > 300_000));
  assert.throws(() => parseMix('plain-400k'), { slug: 'bad_argument' });
  assert.throws(() => parseMix('plain-400k=0'), { slug: 'bad_argument' });
});

test('load: a closed loop keeps so many requests under way, ends at the count and counts answers by kind', async () => {
  let [underWay, most, requests] = [0, 0, 0];
  const url = await serve((request, response) => {
    most = Math.max(most, ++underWay);
    const isRefused = ++requests % 5 === 0;
    request.resume().on('end', () =>
      setTimeout(() => {
        underWay -= 1;
        response.statusCode = isRefused ? 503 : 200;
        response.end(isRefused ? '' : accepted);
      }, 5),
    );
  });
  const result = await load(url, { loop: { kind: 'closed', concurrency: 3 }, countMax: 30 });
  assert.equal(most, 3);
  assert.deepEqual([result.count, result.failed, result.answers], [24, 6, { accepted: 24, 'HTTP 503': 6 }]);
  assert.ok(result.p50Ms >= 4 && result.p99Ms >= result.p50Ms && result.maxMs >= result.p99Ms);
  assert.match(loadReport({ ...result, server: null }), /24 reports taken, 6 not/);
});

test('load: an open loop counts from when a report was due, so that a server that stalls cannot hide it', async () => {
  let requests = 0;
  const url = await serve((request, response) => {
    // The first request stalls, whenever a busy machine lets it come.
    const wait = ++requests === 1 ? 300 : 0;
    request.resume().on('end', () => setTimeout(() => response.end(accepted), wait));
  });
  const result = await load(url, { loop: { kind: 'open', perSecond: 50, connectionsMax: 1 }, durationMs: 400 });
  assert.equal(result.failed, 0);
  assert.ok(result.waited >= 5, `${result.waited} waited`);
  // Three of four reports were due during the stall and waited for the only connection: their wait counts.
  assert.ok(result.p50Ms > 20, `p50 ${result.p50Ms}`);
  assert.ok(result.maxMs >= 290, `longest ${result.maxMs}`);
});

test('load: a server that answers nothing, or is not there, is counted and does not hang', async () => {
  const url = await serve((request) => request.socket.destroy());
  const broken = await load(url, { countMax: 4 });
  assert.deepEqual([broken.count, broken.answers], [0, { 'no answer': 4 }]);
  const nobody = await load(new URL('http://127.0.0.1:1/submit'), { countMax: 2 });
  assert.deepEqual(nobody.answers, { 'no answer': 2 });
});

test('latencies: percentiles to one percent in bounded memory', () => {
  const histogram = new LatencyHistogram();
  assert.equal(histogram.at(0.5), 0);
  for (let ms = 1; ms <= 10_000; ms++) histogram.add(ms);
  for (const share of [0.5, 0.9, 0.99])
    assert.ok(Math.abs(histogram.at(share) / (share * 10_000) - 1) < 0.011, `${share}: ${histogram.at(share)}`);
  assert.equal(histogram.at(1), 10_000);
});

test('usage: CPU and memory of a process of this machine; one that is not there is an error', async () => {
  const { cpuMs, rssMb, processCount } = await usageOf(process.pid);
  assert.ok(cpuMs > 0 && rssMb > 20 && processCount >= 1);
  await assert.rejects(usageOf(2 ** 22 + 1), { slug: 'bad_argument' });
});
