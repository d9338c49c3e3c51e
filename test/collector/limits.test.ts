// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { IntakeMemory } from '../../src/collector/intake-memory.ts';
import { makeMozillaThrottler } from '../../src/collector/throttle-mozilla.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { spoolErrors } from '../../src/spool/errors.ts';
import { dumpHashes, rawCrashText } from './memory-spool.ts';
import { exchange, RawConnection, requestBytes } from './raw-http.ts';
import { field, file, form, formType, post, startCollector, stopAll } from './test-collector.ts';

afterEach(stopAll);

const mib = 1024 * 1024;
const good = form(field('ProductName', 'P'), file('upload_file_minidump', 'MDMPdata'));

/** A clock that a test turns forward. */
function turnableClock() {
  let offsetMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + offsetMs };
  return { clock, turn: (ms: number) => (offsetMs += ms) };
}

test('limits: a full spool is 503 before the body, with the time to come back', async () => {
  const collector = await startCollector();
  collector.spool.retryAfterS = 17;
  const connection = new RawConnection(collector.port);
  const head = requestBytes(post(good)).subarray(0, -good.length);
  connection.write(head);
  const reply = await connection.reply();
  assert.deepEqual([reply?.status, reply?.body, reply?.headers.get('retry-after')], [503, '', '17']);
  assert.equal(collector.spool.stages, 0);
  connection.write(good);
  collector.spool.retryAfterS = null;
  connection.write(requestBytes(post(good)));
  assert.equal((await connection.reply())?.status, 200, 'the connection lives on');
  connection.close();
});

test('limits: a client that is refused while it still sends gets to see the answer', async () => {
  const collector = await startCollector({ inFlightMax: 1 });
  const first = new RawConnection(collector.port);
  first.write(requestBytes(post(good)).subarray(0, -5));
  while (collector.collector.inFlightCount() === 0) await new Promise((resolve) => setImmediate(resolve));
  const second = new RawConnection(collector.port);
  const large = form(field('A', 'x'.repeat(1_000_000)));
  second.write(requestBytes(post(large)).subarray(0, 600_000));
  const reply = await second.reply();
  assert.deepEqual([reply?.status, reply?.body, reply?.headers.get('retry-after')], [503, '', '30']);
  assert.ok(second.socket.writable, 'not cut while it sends');
  second.write(large.subarray(600_000));
  await second.ended();
  first.close();
});

test('limits: a disk that gets full or fails on the way', async () => {
  for (const [kind, status] of [
    [spoolErrors.spool_full, 503],
    [spoolErrors.spool_failed, 500],
    [spoolErrors.spool_closed, 503],
  ] as const)
    for (const where of ['writeError', 'commitError'] as const) {
      const collector = await startCollector();
      collector.spool[where] = new SalvageError(kind);
      const reply = await collector.send(post(good));
      assert.deepEqual([reply?.status, reply?.body], [status, ''], `${kind.slug} in ${where}`);
      assert.equal(reply?.headers.has('retry-after'), status === 503);
      assert.equal(collector.spool.aborted, 1);
      collector.spool[where] = null;
      assert.equal((await collector.send(post(good)))?.status, 200);
      await collector.stop();
    }
});

test('limits: Expect: 100-continue is answered before the body', async () => {
  const collector = await startCollector({ bodySizeBytesMax: 1000 });
  const ask = async (headers: Record<string, string>) => {
    const connection = new RawConnection(collector.port);
    const bytes = requestBytes(post(good, { Expect: '100-continue', ...headers }));
    connection.write(bytes.subarray(0, -good.length));
    return connection;
  };
  const refused = await ask({ 'Content-Length': '1001' });
  assert.equal((await refused.reply())?.status, 413);
  await refused.ended();
  const taken = await ask({});
  taken.write(good);
  assert.equal((await taken.reply())?.status, 200);
  taken.close();
  const malformed = await ask({ 'Content-Type': 'text/plain' });
  assert.equal((await malformed.reply())?.body, 'Discarded=malformed_wrong_content_type');
  await malformed.ended();
});

test('limits: a chunked body beyond the limit is 413', async () => {
  const collector = await startCollector({ bodySizeBytesMax: 1000 });
  const body = form(field('A', 'x'.repeat(2000)));
  const reply = await collector.send({
    headers: { Host: 'x', 'Content-Type': formType, 'Transfer-Encoding': 'chunked' },
    body,
  });
  assert.deepEqual([reply?.status, reply?.body], [413, 'Discarded=payload_too_large']);
});

test('limits: requests at the same time', async () => {
  const collector = await startCollector({ inFlightMax: 2 });
  const slow = [1, 2].map(() => new RawConnection(collector.port));
  for (const connection of slow) connection.write(requestBytes(post(good)).subarray(0, -5));
  while (collector.collector.inFlightCount() < 2) await sleep(5);
  const refused = await collector.send(post(good));
  assert.deepEqual([refused?.status, refused?.headers.get('retry-after')], [503, '30']);
  for (const connection of slow) connection.write(good.subarray(-5));
  for (const connection of slow) assert.equal((await connection.reply())?.status, 200);
  assert.equal((await collector.send(post(good)))?.status, 200);
  for (const connection of slow) connection.close();
});

test('limits: a client that pauses, or takes for ever, gets 408; one that goes on does not', async () => {
  const { clock, turn } = turnableClock();
  const collector = await startCollector({ idleMsMax: 10_000, receiveMsMax: 60_000 }, { clock });
  const pausing = new RawConnection(collector.port);
  const trickling = new RawConnection(collector.port);
  const bytes = requestBytes(post(good));
  let sent = bytes.length - 60;
  for (const connection of [pausing, trickling]) connection.write(bytes.subarray(0, sent));
  const settle = async () => {
    trickling.write(bytes.subarray(sent, ++sent));
    await sleep(1100);
    turn(7_000);
  };
  for (let i = 0; i < 3; i++) await settle();
  assert.equal((await pausing.reply())?.status, 408);
  assert.equal(collector.collector.inFlightCount(), 1, 'the trickling one is still read');
  turn(60_000);
  assert.equal((await trickling.reply())?.status, 408);
  assert.equal(collector.spool.reports.length, 0);
});

test('limits: many trickling clients do not hold up normal ones', async () => {
  const collector = await startCollector();
  const bytes = requestBytes(post(good));
  const slow = Array.from({ length: 300 }, () => new RawConnection(collector.port));
  for (const connection of slow) connection.write(bytes.subarray(0, 150));
  const startMs = performance.now();
  for (let i = 0; i < 50; i++) assert.equal((await collector.send(post(good)))?.status, 200);
  assert.ok(performance.now() - startMs < 3000);
  for (const connection of slow) connection.write(bytes.subarray(150));
  for (const connection of slow) assert.equal((await connection.reply())?.status, 200);
  assert.equal(collector.spool.reports.length, 350);
  for (const connection of slow) connection.close();
});

test('limits: the spool’s back-pressure stops the reading', async () => {
  const collector = await startCollector();
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  collector.spool.writeGate = () => gate;
  const body = form(field('A', '1'), file('upload_file_minidump', 'x'.repeat(20 * mib)));
  const answer = collector.send(post(body));
  await sleep(300);
  assert.ok(collector.spool.writtenBytes < mib, `${collector.spool.writtenBytes} bytes read without room`);
  open();
  assert.equal((await answer)?.status, 200);
  assert.ok(collector.spool.reports[0]?.body.equals(body));
});

test('limits: memory: one goes on, the others wait for room', async () => {
  const memory = new IntakeMemory(100);
  const [a, b, c] = [{ a: 1 }, { b: 1 }, { c: 1 }];
  memory.hold(a, 60);
  memory.hold(b, 60);
  assert.equal(memory.room(a), undefined, 'the first one beyond the limit is favoured');
  const order: string[] = [];
  const waitB = memory.room(b)?.then(() => order.push('b'));
  memory.hold(c, 10);
  const waitC = memory.room(c)?.then(() => order.push('c'));
  assert.ok(waitB && waitC);
  memory.release(a);
  await Promise.all([waitB, waitC]);
  assert.deepEqual(order, ['b', 'c']);
  memory.release(b);
  memory.release(c);
  assert.equal(memory.usedBytes, 0);
});

test('limits: memory: large annotations of many clients get through one after the other', async () => {
  const collector = await startCollector({ memoryBytesMax: mib });
  const body = form(field('A', 'x'.repeat(700_000)), field('B', 'y'.repeat(700_000)));
  const replies = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      collector.send(post(i % 2 ? gzipSync(body) : body, i % 2 ? { 'Content-Encoding': 'gzip' } : {})),
    ),
  );
  assert.deepEqual(new Set(replies.map((reply) => reply?.status)), new Set([200]));
});

test('limits: large bodies pass through, whole, plain and gzip', async () => {
  const collector = await startCollector();
  const noise = Buffer.alloc(6 * mib);
  for (let i = 0; i < noise.length; i += 4) noise.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
  const body = form(field('A', '1'), file('upload_file_minidump', noise.toString('latin1')), field('Z', 'late'));
  for (const bytes of [body, gzipSync(body, { level: 1 })]) {
    const isGzip = bytes !== body;
    const reply = await collector.send(post(bytes, isGzip ? { 'Content-Encoding': 'gzip' } : {}));
    assert.equal(reply?.status, 200);
    const report = collector.spool.reports.at(-1)!;
    assert.ok(report.body.equals(bytes));
    assert.deepEqual(dumpHashes(report), JSON.parse(rawCrashText(report)).metadata.dump_checksums);
    assert.equal(JSON.parse(rawCrashText(report)).Z, 'late');
  }
});

test('early verdict: a rejected report costs no disk', async () => {
  const collector = await startCollector({}, { throttler: makeMozillaThrottler() });
  const noise = 'x'.repeat(300_000);
  for (const body of [form(field('ProductName', 'Mine'), file('upload_file_minidump', noise))])
    for (const isGzip of [false, true]) {
      const reply = await collector.send(
        post(isGzip ? gzipSync(body) : body, isGzip ? { 'Content-Encoding': 'gzip' } : {}),
      );
      assert.equal(reply?.body, 'Discarded=rule_unsupported_product');
    }
  assert.equal(collector.spool.reports.length, 0);
  assert.ok(collector.spool.writtenBytes < 70_000, `${collector.spool.writtenBytes}`);
});

test('early verdict: malformed wins over rejected', async () => {
  const collector = await startCollector({}, { throttler: makeMozillaThrottler() });
  const body = form(field('ProductName', 'Mine'), file('upload_file_minidump', 'x'));
  const reply = await collector.send(post(body.subarray(0, -20)));
  assert.equal(reply?.body, 'Discarded=malformed_invalid_payload_structure');
});

test('early verdict: a later part turns it and nothing is lost, small or large, plain or gzip', async () => {
  const collector = await startCollector({}, { throttler: makeMozillaThrottler() });
  for (const sizeBytes of [1000, 900_000, 3 * mib])
    for (const isGzip of [false, true]) {
      const noise = Buffer.alloc(sizeBytes);
      for (let i = 0; i + 4 <= sizeBytes; i += 4) noise.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
      const plain = form(
        field('ProductName', 'Mine'),
        file('upload_file_minidump', noise.toString('latin1')),
        field('ProductName', 'Thunderbird'),
      );
      const body = isGzip ? gzipSync(plain, { level: 1 }) : plain;
      const reply = await collector.send(post(body, isGzip ? { 'Content-Encoding': 'gzip' } : {}));
      assert.match(reply?.body ?? '', /^CrashID=/, `${sizeBytes} ${isGzip}`);
      const report = collector.spool.reports.at(-1)!;
      assert.ok(report.body.equals(body));
      assert.deepEqual(dumpHashes(report), JSON.parse(rawCrashText(report)).metadata.dump_checksums);
      assert.equal(Object.keys(dumpHashes(report)).length, 1);
      assert.equal(
        collector.logs.filter(({ message }) => message.startsWith('ProductName rejected')).length,
        0,
        'the early verdict is not logged',
      );
    }
});

test('limits: a client that is still sending sees the early answer', async () => {
  const collector = await startCollector({ bodySizeBytesMax: 1_000_000 });
  const body = form(field('A', 'x'.repeat(3_000_000)));
  const replies = await Promise.all(
    Array.from({ length: 40 }, () => exchange(collector.port, post(body, { Connection: 'keep-alive' }))),
  );
  assert.deepEqual(
    [...new Set(replies.map((reply) => `${reply?.status} ${reply?.body}`))],
    ['413 Discarded=payload_too_large'],
  );
});
