// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { usageOf } from '../../src/client/process-usage.ts';
import {
  assertPromisesKept,
  type CollectorProcess,
  type Promises,
  queuedIds,
  randomDumpSize,
  sendReport,
  startCollector,
  stopCollector,
} from './collector-process.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-rolling-'));
const running = new Set<CollectorProcess>();
after(async () => {
  for (const node of running) await stopCollector(node, 'SIGKILL');
  await rm(root, { recursive: true, force: true });
});

async function start(name: string, storageRoot: string, port = 0, workerCount = 2): Promise<CollectorProcess> {
  const node = await startCollector({ dataDir: join(root, name), storageRoot, workerCount, port });
  running.add(node);
  return node;
}

async function stop(node: CollectorProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  running.delete(node);
  return stopCollector(node, signal);
}

test('rolling restart under load: no post fails, and ids returned are ids stored', { timeout: 110_000 }, async (t) => {
  const storageRoot = join(root, 'crashes');
  const nodes = await Promise.all([start('a', storageRoot), start('b', storageRoot)]);
  const promises: Promises = new Map();
  const failures: (number | null)[] = [];
  let isOver = false;
  let turn = 0;
  let turnedAway = 0;
  // As a load balancer does: in turn, and once more at the other node when one did not answer.
  const client = async () => {
    while (!isOver) {
      const [first, second] = turn++ % 2 ? [nodes[0], nodes[1]] : [nodes[1], nodes[0]];
      const sizeBytes = randomDumpSize();
      let status = await sendReport((first as CollectorProcess).port, sizeBytes, promises);
      if (status === null) {
        turnedAway += 1;
        status = await sendReport((second as CollectorProcess).port, sizeBytes, promises);
      }
      if (status !== 200) failures.push(status);
    }
  };
  const clients = Array.from({ length: 6 }, client);
  for (const [index, name] of ['a', 'b', 'a'].entries()) {
    await new Promise((resolve) => setTimeout(resolve, 700));
    const old = nodes[index % 2] as CollectorProcess;
    assert.equal(await stop(old, 'SIGTERM'), 0);
    nodes[index % 2] = await start(name, storageRoot, old.port);
  }
  isOver = true;
  await Promise.all(clients);
  assert.deepEqual(failures, []);
  for (const node of nodes) assert.equal(await stop(node, 'SIGTERM'), 0);
  t.diagnostic(`${promises.size} reports through 3 restarts; ${turnedAway} went to the other node`);
  assert.ok(promises.size > 100, `only ${promises.size} reports`);
  const untold = await assertPromisesKept(promises, storageRoot);
  assert.deepEqual(untold, [], 'stored, but the client was not told');
  const queued = [...(await queuedIds(join(root, 'a'))), ...(await queuedIds(join(root, 'b')))];
  assert.equal(new Set(queued).size, queued.length, 'an id was announced twice');
  assert.deepEqual(new Set(promises.keys()).difference(new Set(queued)), new Set());
});

const tricklers = 1000;

test('1,000 trickling clients: normal ones are not held up, memory stays bounded, all get their id', {
  timeout: 110_000,
}, async (t) => {
  const storageRoot = join(root, 'trickle-crashes');
  const node = await start('trickle', storageRoot, 0, 1);
  const normal: Promises = new Map();
  for (let count = 0; count < 20; count++) await sendReport(node.port, 50_000, normal);
  const rssBefore = (await usageOf(node.pid)).rssMb;

  const boundary = 'trickle';
  const body = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="ProductName"\r\n\r\nSlow\r\n--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="a.dmp"\r\nContent-Type: application/octet-stream\r\n\r\n${'MDMP'.repeat(100)}\r\n--${boundary}--\r\n`,
  );
  const head = `POST /submit HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const sockets: Socket[] = [];
  for (let count = 0; count < tricklers; count++) {
    const socket = connect(node.port, '127.0.0.1').setNoDelay(true);
    sockets.push(socket);
    if (count % 50 === 49) await once(socket, 'connect');
    socket.write(head);
  }
  let sent = 0;
  const trickle = setInterval(() => {
    for (const socket of sockets) socket.write(body.subarray(sent, sent + 1));
    sent += 1;
  }, 250);

  const latencies: number[] = [];
  const endMs = performance.now() + 4000;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    assert.equal(await sendReport(node.port, 50_000, normal), 200);
    latencies.push(performance.now() - startMs);
  }
  clearInterval(trickle);
  const rssAfter = (await usageOf(node.pid)).rssMb;
  const answers = sockets.map(async (socket) => {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return /^HTTP\/1\.1 200 [\s\S]*CrashID=bp-/.test(chunk.toString());
  });
  for (const socket of sockets) socket.write(body.subarray(sent));
  assert.equal((await Promise.all(answers)).filter(Boolean).length, tricklers);

  latencies.sort((a, b) => a - b);
  const median = latencies[Math.floor(latencies.length / 2)] as number;
  t.diagnostic(
    `${latencies.length} normal reports, median ${median.toFixed(0)} ms; RSS ${rssBefore} MB before, ${rssAfter} MB with the slow ones`,
  );
  // Wide bounds: the machine of a test run is not quiet. What must not happen is waiting for slow ones.
  assert.ok(median < 500, `median ${median} ms`);
  assert.ok(latencies.length >= 10);
  assert.ok(rssAfter - rssBefore < 150, `${rssAfter - rssBefore} MB more`);
  assert.equal(await stop(node, 'SIGTERM'), 0);
  const untold = await assertPromisesKept(normal, storageRoot);
  assert.equal(untold.length, tricklers);
});
