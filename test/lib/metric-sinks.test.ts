// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { makeMemoryLogger } from '../../src/lib/log.ts';
import {
  fanOutMetrics,
  makeLogMetrics,
  makePrometheusMetrics,
  makeStatsdMetrics,
  renameMetrics,
} from '../../src/lib/metric-sinks.ts';
import { declareMetrics, MemoryMetrics } from '../../src/lib/metrics.ts';

const metrics = declareMetrics({
  incoming: { name: 'salvage.test.incoming', kind: 'counter', tags: ['reason'], doc: 'Reports that came in.' },
  size: { name: 'salvage.test.size', kind: 'histogram', unit: 'bytes', doc: 'Size of reports.' },
  depth: { name: 'salvage.test.depth', kind: 'gauge', doc: 'What waits.' },
  time: { name: 'salvage.test.time', kind: 'timing', unit: 'ms', doc: 'Time a report took.' },
});

test('dogstatsd lines carry namespace, tags and host', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const statsd = await makeStatsdMetrics({ host: '127.0.0.1', port, namespace: 'mcboatface', hostname: 'node1' });
  statsd.metrics.incr(metrics.incoming, { reason: 'x' });
  statsd.metrics.histogram(metrics.size, 5);
  statsd.metrics.timing(metrics.time, 1.5);
  statsd.metrics.gauge(metrics.depth, 3);
  const [message] = (await once(server, 'message')) as [Buffer];
  assert.deepEqual(message.toString().trim().split('\n'), [
    'mcboatface.salvage.test.incoming:1|c|#host:node1,reason:x',
    'mcboatface.salvage.test.size:5|h|#host:node1',
    'mcboatface.salvage.test.time:1.5|ms|#host:node1',
    'mcboatface.salvage.test.depth:3|g|#host:node1',
  ]);
  await statsd.close();
  server.close();
});

test('Prometheus text has counters, gauges and histograms; undeclared tags are left out, never thrown', async () => {
  const prometheus = await makePrometheusMetrics();
  prometheus.metrics.incr(metrics.incoming, { reason: 'x', surprise: 'y' }, 2);
  prometheus.metrics.gauge(metrics.depth, 4);
  prometheus.metrics.timing(metrics.time, 30);
  const text = await prometheus.text();
  assert.match(text, /salvage_test_incoming\{reason="x"\} 2/);
  assert.match(text, /salvage_test_depth 4/);
  assert.match(text, /salvage_test_time_bucket\{le="50"\} 1/);
});

test('fan-out, renaming and dropping', () => {
  const [first, second] = [new MemoryMetrics(), new MemoryMetrics()];
  const all = fanOutMetrics([first, renameMetrics(second, (name) => (name.endsWith('depth') ? null : name.slice(13)))]);
  all.incr(metrics.incoming);
  all.gauge(metrics.depth, 1);
  assert.deepEqual(
    first.records.map((record) => record.name),
    ['salvage.test.incoming', 'salvage.test.depth'],
  );
  assert.deepEqual(
    second.records.map((record) => record.name),
    ['incoming'],
  );
});

test('log metrics write one line a call', () => {
  const { logger, records } = makeMemoryLogger();
  makeLogMetrics(logger).incr(metrics.incoming, { reason: 'x' });
  assert.equal(records[0]?.message, 'METRICS|incr|salvage.test.incoming|1|#reason:x');
});
