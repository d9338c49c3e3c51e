// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { makeNullThrottler } from '../../src/collector/throttler.ts';
import { completeRawCrashJson, findDumps } from '../../src/crash/find-dumps.ts';
import { gunzipStream } from '../../src/lib/gunzip.ts';
import { rawCrashText } from './memory-spool.ts';
import { field, file, form, formType, post, startCollector, stopAll } from './test-collector.ts';

afterEach(stopAll);

const reportId = '4d9b6e2c-7f1a-4c3e-9b5d-0a1f2e3d4c5b';
const crashpad = (dump: string, fileName = `${reportId}.dmp`) =>
  form(field('prod', 'P'), file('upload_file_minidump', dump, 'application/octet-stream', fileName));

test('storing: no answer before the commit', async () => {
  const { send, spool } = await startCollector();
  let open = () => {};
  spool.commitGate = () => new Promise<void>((resolve) => (open = resolve));
  let isAnswered = false;
  const answer = send(post(form(field('A', '1')))).then((reply) => {
    isAnswered = true;
    return reply;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(isAnswered, false);
  open();
  assert.equal((await answer)?.status, 200);
});

test('storing: a retry by Crashpad gets the same id and is stored once', async () => {
  const { send, spool, metrics } = await startCollector();
  const first = await send(post(crashpad('MDMPone')));
  const again = await send(post(crashpad('MDMPone', `C:\\db\\${reportId.toUpperCase()}.dmp`)));
  assert.equal(again?.body, first?.body);
  const other = await send(post(crashpad('MDMPtwo')));
  assert.notEqual(other?.body, first?.body, 'same report id, other dump');
  const unnamed = await send(post(crashpad('MDMPone', 'dump')));
  assert.notEqual(unnamed?.body, first?.body, 'no report id');
  assert.equal(spool.reports.length, 3);
  assert.equal(metrics.records.filter(({ name }) => name.endsWith('.known_report')).length, 1);
});

test('storing: a retry that comes while the first is being written waits for it', async () => {
  const { send, spool } = await startCollector();
  let open = () => {};
  spool.commitGate = () => new Promise<void>((resolve) => (open = resolve));
  const [first, again] = [send(post(crashpad('MDMPone'))), send(post(crashpad('MDMPone')))];
  await new Promise((resolve) => setTimeout(resolve, 150));
  spool.commitGate = null;
  open();
  assert.equal((await first)?.body, (await again)?.body);
  assert.equal(spool.reports.length, 1);
});

test('storing: a retry whose first try failed is a first try', async () => {
  const { send, spool } = await startCollector();
  spool.commitError = Object.assign(new Error('disk'), {});
  assert.equal((await send(post(crashpad('MDMPone'))))?.status, 500);
  spool.commitError = null;
  assert.equal((await send(post(crashpad('MDMPone'))))?.status, 200);
  assert.equal(spool.reports.length, 1);
});

test('storing: an authorised id comes twice: stored once; its digit stays, the verdict decides the way', async () => {
  const { send, spool } = await startCollector({ bearerToken: 't' });
  const id = '0c3f9a11-7b52-4e0d-9f64-a1b2c1240229';
  const body = form(field('A', '1'), field('uuid', id));
  for (let i = 0; i < 2; i++)
    assert.equal((await send(post(body, { Authorization: 'Bearer t' })))?.body, `CrashID=bp-${id}\n`);
  assert.deepEqual(
    spool.reports.map(({ head }) => [head.crashId, head.result]),
    [[id, 'accept']],
  );
});

test('storing: an empty id of its own is none', async () => {
  const { send, spool } = await startCollector();
  assert.equal((await send(post(form(field('A', '1'), field('uuid', '')))))?.status, 200);
  assert.match(spool.reports[0]?.head.crashId ?? '', /^[0-9a-f-]{36}$/);
});

test('storing: the null throttler has its own line beside the collector’s', async () => {
  const { send, logs, spool } = await startCollector({}, { throttler: makeNullThrottler() });
  await send(post(form(field('A', '1'))));
  const id = spool.reports[0]?.head.crashId;
  assert.deepEqual(
    logs.map(({ logger, message }) => [logger, message]),
    [
      ['salvage.collector', `${id}: matched by accept_everything; returned ACCEPT`],
      ['salvage.throttler.null', `throttle no-op: ${id} accepted`],
    ],
  );
});

test('head: answered after the annotations, completed later', async () => {
  const { send, spool } = await startCollector({ answerAfter: 'head' });
  const body = form(field('A', '1'), file('upload_file_minidump', 'MDMP'.repeat(50_000)), file('log', 'x', 'text/csv'));
  const damagedEnd = body.subarray(0, -10);
  const noise = Array.from({ length: 30_000 }, (_, i) => String(Math.imul(i, 2654435761) >>> 0)).join('');
  const large = form(field('A', '1'), file('upload_file_minidump', noise));
  for (const [sent, encoding, damage] of [
    [body, 'identity', null],
    [gzipSync(large), 'gzip', null],
    [damagedEnd, 'identity', 'malformed_invalid_payload_structure'],
    [gzipSync(large).subarray(0, -9), 'gzip', 'malformed_bad_gzip'],
  ] as const) {
    const reply = await send(post(sent, encoding === 'gzip' ? { 'Content-Encoding': 'gzip' } : {}));
    assert.equal(reply?.status, 200);
    const { head, body: stored } = spool.reports.at(-1)!;
    assert.equal(head.dumps, null);
    const pieces = (async function* () {
      yield stored;
    })();
    const found = await findDumps(encoding === 'gzip' ? gunzipStream(pieces) : pieces, head.contentType);
    assert.equal(found.damage, damage);
    const rawCrash = JSON.parse(completeRawCrashJson(head.rawCrashJson, found).toString());
    assert.equal(rawCrash.metadata.dump_checksums.upload_file_minidump, found.dumps[0]?.sha256);
    if (sent === body) assert.deepEqual(rawCrash.metadata.collector_notes, ['unknown content type: log text/csv']);
  }
  assert.equal(formType, spool.reports[0]?.head.contentType);
});

test('head: what has no file is validated whole', async () => {
  const { send, spool } = await startCollector({ answerAfter: 'head' });
  const body = form(field('A', '1'));
  for (const isGzip of [false, true]) {
    const sent = isGzip ? gzipSync(body) : body;
    assert.equal((await send(post(sent, isGzip ? { 'Content-Encoding': 'gzip' } : {})))?.status, 200);
    assert.deepEqual(spool.reports.at(-1)?.head.dumps, []);
    assert.equal((await send(post(sent.subarray(0, -9), isGzip ? { 'Content-Encoding': 'gzip' } : {})))?.status, 400);
  }
  assert.equal(JSON.parse(rawCrashText(spool.reports[0])).A, '1');
});
