// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `salvage collector` as whoever runs it sees it: settings in, log lines, metrics and exit codes out.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { globSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  command,
  launchCollector,
  mozlogLines,
  newFolder,
  reportBody,
  root,
  startCollector,
  submitReport,
} from './collector-command.ts';

/** Begins a report and keeps the rest back until told. */
async function beginReport(port: number): Promise<() => Promise<string>> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    `POST /submit HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${reportBody.length}\r\n\r\n`,
  );
  socket.write(reportBody.subarray(0, 100));
  // Answered after what came before it was read: the report is under way now.
  await (await fetch(`http://127.0.0.1:${port}/__lbheartbeat__`)).text();
  return async () => {
    socket.write(reportBody.subarray(100));
    await once(socket, 'close');
    return answer;
  };
}

async function freePort(): Promise<number> {
  const probe = createSocketServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await promisify(probe.close.bind(probe))();
  return port;
}

function envFile(lines: readonly string[]): string {
  const path = `${newFolder()}.env`;
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** Files of a tree that hold the crash id in their name. */
const filesOf = (folder: string, crashId: string) => globSync(`${folder}/**/${crashId}*`).sort();

test('an env file of Antenna of 2018 runs unchanged', async () => {
  const crashes = newFolder();
  const path = envFile([
    '# the collector of 2018',
    'LOGGING_LEVEL=DEBUG',
    'CRASHSTORAGE_TYPO=1',
    'METRICS_CLASS=antenna.metrics.LoggingMetrics',
    'HOST_ID=node7',
    'DUMP_FIELD=upload_file_minidump',
    'DUMP_ID_PREFIX=xx-',
    'CRASHSTORAGE_CLASS=antenna.ext.fs.crashstorage.FSCrashStorage',
    `CRASHSTORAGE_FS_ROOT="${crashes}"`,
    'CONCURRENT_CRASHMOVERS=2',
    'THROTTLE_RULES=antenna.throttler.ACCEPT_ALL',
    'PRODUCTS=antenna.throttler.ALL_PRODUCTS',
    'GUNICORN_WORKERS=1',
    'GUNICORN_WORKER_CLASS=gevent',
    'SECRET_SENTRY_DSN=',
  ]);
  const node = await startCollector({ ANTENNA_ENV: path, SALVAGE_COLLECTOR_PROFILE: 'antenna-2018' });
  const response = await fetch(`http://127.0.0.1:${node.port}/submit`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    body: reportBody,
  });
  const answer = await response.text();
  assert.match(answer, /^CrashID=xx-/);
  assert.equal(await node.stop(), 0);
  assert.ok(filesOf(crashes, answer.trim().slice('CrashID=xx-'.length)).length >= 2, 'raw crash and dump are stored');
  const lines = mozlogLines(node.text());
  assert.ok(lines.every((line) => line.Hostname === 'node7'));
  assert.match(node.text(), /No use here for GUNICORN_WORKER_CLASS/);
  assert.match(node.text(), /CRASHSTORAGE_TYPO is set, but no option has this name/);
  assert.match(node.text(), /METRICS\|incr\|breakpad_resource\.incoming_crash\|1/);
  assert.match(
    node.text(),
    /METRICS\|incr\|breakpad_resource\.save_crash\.count\|1/,
    'the mover has its names of 2018',
  );
});

test('an env file of Antenna of today runs unchanged', async () => {
  const crashes = newFolder();
  const path = envFile([
    'LOCAL_DEV_ENV=True',
    'LOGGING_LEVEL=NOTSET',
    'HOSTNAME=node8',
    'STATSD_HOST=127.0.0.1',
    'BREAKPAD_THROTTLER_RULES=antenna.throttler.ACCEPT_ALL',
    'BREAKPAD_THROTTLER_PRODUCTS=antenna.throttler.ALL_PRODUCTS',
    'BREAKPAD_STAGE_SUBMITTER_BEARER_TOKEN=open-sesame',
    'CRASHMOVER_CRASHSTORAGE_CLASS=antenna.ext.fs.crashstorage.FSCrashStorage',
    `CRASHMOVER_CRASHSTORAGE_FS_ROOT=${crashes}`,
    'CRASHMOVER_CRASHPUBLISH_CLASS=antenna.ext.crashpublish_base.NoOpCrashPublish',
    'CRASHMOVER_MAX_ATTEMPTS=5',
  ]);
  const node = await startCollector({ ANTENNA_ENV: path });
  const crashId = await submitReport(node.port);
  assert.equal(await node.stop(), 0);
  assert.ok(filesOf(crashes, crashId).length >= 2);
  assert.match(node.text(), /No use here for CRASHMOVER_MAX_ATTEMPTS: the mover never gives up/);
  assert.match(node.text(), /METRICS\|incr\|socorro\.collector\.breakpad_resource\.incoming_crash/);
  assert.ok(!node.text().includes('open-sesame'), 'the token is a secret');
  assert.ok(!node.text().startsWith('{'), 'LOCAL_DEV_ENV asks for readable lines');
});

test('wrong values stop the start, all at once, with name, value and what would be right', async () => {
  const node = launchCollector({
    PORT: 'eighty',
    SALVAGE_COLLECTOR_PROFILE: 'antenna-2017',
    SALVAGE_SYSLOG: 'somewhere',
  });
  assert.deepEqual(await node.ended, [1, null]);
  assert.match(node.text(), /Unhandled startup exception/);
  assert.match(node.text(), /PORT = "eighty" \(environment\): must be a whole number from 0 to 65535/);
  assert.match(node.text(), /SALVAGE_COLLECTOR_PROFILE = "antenna-2017".*one of today, antenna-2018, socorro-2016/);
  assert.match(node.text(), /SALVAGE_SYSLOG = "somewhere".*udp:\/\/host:514/);
});

test('salvage config prints where values came from, secrets masked', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [command, 'config', '--set'], {
    env: { PATH: process.env['PATH'], SALVAGE_COLLECTOR_BEARER_TOKEN: 'open-sesame', STATSD_PORT: '9125' },
  });
  assert.match(stdout, /SALVAGE_METRICS_STATSD_PORT=9125\s+# environment, as STATSD_PORT/);
  assert.match(stdout, /SALVAGE_COLLECTOR_BEARER_TOKEN=\*+/);
  assert.ok(!stdout.includes('open-sesame'));
});

test('without settings: one line a crash of the null throttler, storage and queue each', async () => {
  const node = await startCollector({});
  const crashId = await submitReport(node.port);
  await node.waitFor(/crash publish no-op/);
  assert.equal(await node.stop(), 0);
  for (const logger of ['salvage.throttler.null', 'salvage.storage.null', 'salvage.queue.null']) {
    const lines = node.linesOf(logger).filter((fields) => String(fields['msg']).includes(crashId));
    assert.equal(lines.length, 1, `${logger}: ${node.text()}`);
  }
  assert.equal(
    node.linesOf('salvage.collector').filter((fields) => JSON.stringify(fields).includes(crashId)).length,
    1,
  );
  assert.match(node.text(), /NO STORAGE IS CONFIGURED/);
});

test('SIGTERM drains and exits 0; PORT is honoured', async () => {
  const port = await freePort();
  const crashes = newFolder();
  const node = await startCollector({
    PORT: String(port),
    SALVAGE_STORAGE_CLASS: 'fs',
    SALVAGE_STORAGE_FS_ROOT: crashes,
  });
  assert.equal(node.port, port);
  const finish = await beginReport(port);
  node.child.kill('SIGTERM');
  await node.waitFor(/SIGTERM: finishing what is under way/);
  const answer = await finish();
  assert.match(answer, /^HTTP\/1\.1 200 /);
  const crashId = /CrashID=bp-([0-9a-f-]{36})/.exec(answer)?.[1] as string;
  assert.deepEqual(await node.ended, [0, null], 'a second signal would end it at once');
  assert.ok(filesOf(crashes, crashId).length >= 2, 'what was under way is answered and stored');
});

test('a second signal ends at once', async () => {
  const node = await startCollector({});
  await beginReport(node.port);
  node.child.kill('SIGINT');
  await node.waitFor(/SIGINT: finishing what is under way/);
  // Two within half a second are one Ctrl+C that came twice.
  await new Promise((resolve) => setTimeout(resolve, 700));
  const startMs = performance.now();
  assert.equal(await node.stop('SIGINT'), 1);
  assert.ok(performance.now() - startMs < 2000);
  assert.match(node.text(), /what is not moved stays in the spool/);
});

test('every log line is mozlog; on request readable', async () => {
  const [mozlog, readable] = await Promise.all([startCollector({}), startCollector({ SALVAGE_LOG_FORMAT: 'text' })]);
  await Promise.all([submitReport(mozlog.port), submitReport(readable.port)]);
  await Promise.all([mozlog.stop(), readable.stop()]);
  for (const line of mozlogLines(mozlog.text())) {
    assert.equal(line.EnvVersion, '2.0');
    assert.ok([2, 3, 4, 6, 7].includes(line.Severity));
    assert.equal(line.Pid, mozlog.child.pid);
    assert.equal(line.Fields['processname'], 'collector');
    assert.equal(typeof line.Fields['msg'], 'string');
    assert.match(String(line.Timestamp), /^\d{19}$/);
  }
  for (const line of readable.text().split('\n').filter(Boolean)) assert.match(line, /^\d\d:\d\d:\d\d /);
});

/** A server that takes events as Sentry does. */
async function startSentry(): Promise<{ readonly dsn: string; events(): string; stop(): void }> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      received.push(text);
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    dsn: `http://key@127.0.0.1:${(server.address() as AddressInfo).port}/1`,
    events: () => received.join('\n'),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('a failed start reaches Sentry and the log under one text', async () => {
  const sentry = await startSentry();
  const settings = { SECRET_SENTRY_DSN: sentry.dsn, SALVAGE_QUEUE_CLASS: 'telegraph', HOSTNAME: 'node9' };
  const node = launchCollector(settings);
  assert.deepEqual(await node.ended, [1, null]);
  sentry.stop();
  assert.match(node.text(), /Unhandled startup exception: .*there is no queue \\"telegraph\\"\. Use null, memory/);
  assert.match(sentry.events(), /there is no queue \\"telegraph\\"/);
  assert.match(sentry.events(), /"server_name":"node9"/);
  assert.ok(!node.text().includes('key@'), 'the DSN is a secret');
});

test('/__broken__ proves that errors reach Sentry, once, and without what is personal', async () => {
  const sentry = await startSentry();
  const node = await startCollector({ SECRET_SENTRY_DSN: sentry.dsn, SALVAGE_COLLECTOR_BROKEN_TOKEN: 'let-me' });
  const headers = { authorization: 'Bearer let-me', 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9' };
  const response = await fetch(`http://127.0.0.1:${node.port}/__broken__?who=me`, { headers });
  assert.equal(response.status, 500);
  assert.equal(await node.stop(), 0);
  sentry.stop();
  const events = sentry.events();
  assert.equal(events.match(/"event_id":"[0-9a-f]+","sent_at"/g)?.length, 1, events);
  assert.match(events, /intentional exception/);
  assert.match(events, /"transaction":"\/__broken__"/);
  assert.match(events, /"x-real-ip":"\[Scrubbed\]"/);
  for (const personal of ['203.0.113.9', 'let-me', 'who=me']) assert.ok(!events.includes(personal), personal);
});

test('an exception that nobody caught is told, and ends the process', async () => {
  const rules = `${newFolder()}.mjs`;
  writeFileSync(
    rules,
    'export const rules = [];\nsetTimeout(() => { throw new Error("a bug of a rule file"); }, 300);\n',
  );
  const sentry = await startSentry();
  const node = launchCollector({ SECRET_SENTRY_DSN: sentry.dsn, SALVAGE_COLLECTOR_THROTTLER: rules });
  assert.deepEqual(await node.ended, [1, null]);
  sentry.stop();
  const line = mozlogLines(node.text()).find(({ Severity }) => Severity === 2);
  assert.match(String(line?.Fields['msg']), /Unhandled exception, the process ends: Error: a bug of a rule file/);
  assert.match(sentry.events(), /a bug of a rule file/);
});

/** Metric names that arrive, with their kinds, until `until` has been seen. */
async function captureStatsd(environment: Record<string, string>, until: string): Promise<Map<string, string>> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const seen = new Map<string, string>();
  const done = Promise.withResolvers<void>();
  socket.on('message', (datagram) => {
    for (const line of datagram.toString().split('\n')) {
      const [, name = '', kind = '', tags = ''] = /^([^:]+):[^|]*\|(\w+)\|?(.*)$/.exec(line) ?? [];
      assert.match(tags, /(^#|,)host:node5(,|$)/, line);
      seen.set(name, kind);
    }
    if (seen.has(until)) done.resolve();
  });
  const { port } = socket.address();
  const statsd = { STATSD_HOST: '127.0.0.1', STATSD_PORT: String(port), HOST_ID: 'node5' };
  const node = await startCollector({ ...statsd, SALVAGE_COLLECTOR_THROTTLER: 'accept-all', ...environment });
  await submitReport(node.port);
  for (const path of ['__version__', '__lbheartbeat__', '__heartbeat__'])
    await (await fetch(`http://127.0.0.1:${node.port}/${path}`)).text();
  await done.promise;
  await node.stop();
  socket.close();
  return seen;
}

test('statsd gets the names of the contract, under the namespace', async () => {
  const today = await captureStatsd({}, 'socorro.collector.crashmover.crash_handling.time');
  const names = {
    'breakpad_resource.incoming_crash': 'c',
    'breakpad_resource.crash_size': 'h',
    'breakpad_resource.throttle_rule': 'c',
    'breakpad_resource.throttle': 'c',
    'breakpad_resource.on_post.time': 'ms',
    'health.version.count': 'c',
    'health.lbheartbeat.count': 'c',
    'health.heartbeat.count': 'c',
  };
  for (const [name, kind] of Object.entries(names)) assert.equal(today.get(`socorro.collector.${name}`), kind, name);
  assert.equal(today.get('socorro.collector.crashmover.save_crash.count'), 'c');
  assert.equal(today.get('socorro.collector.crashmover.crash_save.time'), 'ms');
  assert.equal(today.get('socorro.collector.crashmover.crash_publish.time'), 'ms');

  const old = await captureStatsd(
    { SALVAGE_COLLECTOR_PROFILE: 'antenna-2018', STATSD_NAMESPACE: 'mcboatface' },
    'mcboatface.breakpad_resource.crash_handling.time',
  );
  for (const [name, kind] of Object.entries(names)) assert.equal(old.get(`mcboatface.${name}`), kind, name);
  assert.equal(old.get('mcboatface.breakpad_resource.save_crash.count'), 'c');
  assert.equal(old.get('mcboatface.breakpad_resource.crash_save.time'), 'ms');
  assert.deepEqual(
    [...old.keys()].filter((name) => name.includes('crashmover')),
    [],
  );
});

test('Prometheus has a port of its own', async () => {
  const port = await freePort();
  const node = await startCollector({ SALVAGE_PROMETHEUS_PORT: String(port) });
  await submitReport(node.port);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(text, /^socorro_collector_breakpad_resource_incoming_crash(\{[^}]*\})? 1$/m);
  assert.equal((await fetch(`http://127.0.0.1:${node.port}/metrics`)).status, 404);
  assert.equal(await node.stop(), 0);
});

test('Prometheus sees all processes of WEB_CONCURRENCY in one scrape', async () => {
  const port = await freePort();
  const node = await startCollector({ SALVAGE_PROMETHEUS_PORT: String(port), WEB_CONCURRENCY: '3' });
  for (let count = 0; count < 12; count++) await submitReport(node.port);
  const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (const text of [await scrape(), await scrape()])
    assert.match(text, /^socorro_collector_breakpad_resource_incoming_crash(\{[^}]*\})? 12$/m);
  assert.equal(await node.stop(), 0);
});

test('syslog gets the same lines over a socket of this machine', async () => {
  const path = join(root, 'log.sock');
  let received = '';
  const syslog = createSocketServer((socket) =>
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    }),
  ).listen(path);
  await once(syslog, 'listening');
  const node = await startCollector({ SALVAGE_SYSLOG: `unix:${path}` });
  await submitReport(node.port);
  assert.equal(await node.stop(), 0);
  for (let tries = 0; tries < 100 && !received.includes('everything moved'); tries++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  syslog.close();
  assert.match(received, /^<134>/m);
  assert.match(received, /salvage: \{"Timestamp":\d{19},.*everything moved/);
});

test('WEB_CONCURRENCY: several processes on one port, each with its own part of the spool', async () => {
  const crashes = newFolder();
  const node = await startCollector({
    WEB_CONCURRENCY: '2',
    SALVAGE_STORAGE_CLASS: 'fs',
    SALVAGE_STORAGE_FS_ROOT: crashes,
  });
  const isBoth = () =>
    mozlogLines(node.text()).filter((line) => String(line.Fields['msg']).startsWith('intake is open')).length === 2;
  while (!isBoth()) await new Promise((resolve) => setTimeout(resolve, 20));
  const crashIds: string[] = [];
  for (let count = 0; count < 10; count++) crashIds.push(await submitReport(node.port));
  const pids = new Set(mozlogLines(node.text()).map((line) => line.Pid));
  assert.equal(pids.size, 2);
  assert.equal(await node.stop(), 0);
  for (const crashId of crashIds) assert.ok(filesOf(crashes, crashId).length >= 2, crashId);
  const spools = globSync(`${node.dataDir}/spool/*/`);
  assert.ok(spools.length >= 2, String(spools));
});

test('WEB_CONCURRENCY: a process that dies is replaced, and the log says so as it says all else', async () => {
  const node = await startCollector({ WEB_CONCURRENCY: '2' });
  const opened = () =>
    mozlogLines(node.text()).filter((line) => String(line.Fields['msg']).startsWith('intake is open'));
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  while (opened().length < 2) await pause();
  const dying = opened()[0]?.Pid as number;
  process.kill(dying, 'SIGKILL');
  while (opened().length < 3) await pause();
  const told = mozlogLines(node.text()).find((line) => String(line.Fields['msg']).startsWith('intake process'));
  assert.equal(told?.Fields['msg'], `intake process ${dying} ended with SIGKILL; another takes its place`);
  assert.equal(told?.Severity, 3);
  assert.equal(await node.stop(), 0);
});
