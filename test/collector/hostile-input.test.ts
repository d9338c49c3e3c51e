// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { dumpHashes, rawCrashText } from './memory-spool.ts';
import { RawConnection, requestBytes } from './raw-http.ts';
import { boundary, field, file, form, formType, post, startCollector, type TestCollector } from './test-collector.ts';

const mib = 1024 * 1024;
const good = form(field('ProductName', 'P'), file('upload_file_minidump', 'MDMPdata'));

let collector: TestCollector;
before(async () => {
  collector = await startCollector({ bearerToken: 't' });
});
after(() => collector.stop());

async function answer(body: Buffer, headers: Record<string, string> = {}): Promise<string> {
  const reply = await collector.send(post(body, headers));
  return `${reply?.status} ${reply?.body.replace(/bp-[0-9a-f-]{36}/, 'ID')}`;
}

const lastRawCrash = () => JSON.parse(rawCrashText(collector.spool.reports.at(-1)));
const accepted = '200 CrashID=ID\n';
const structure = '400 Discarded=malformed_invalid_payload_structure';

test('hostile: bodies that are no forms', async () => {
  assert.equal(await answer(Buffer.alloc(0)), '400 Discarded=malformed_no_content_length');
  assert.equal(await answer(good, { 'Content-Type': 'multipart/form-data; boundary=other' }), structure);
  assert.equal(await answer(Buffer.from('garbage')), structure);
  assert.equal(await answer(Buffer.alloc(mib, 0xff)), structure);
  assert.equal(await answer(Buffer.from(`--${boundary}`.repeat(1000))), '400 Discarded=malformed_no_annotations');
});

test('hostile: a form within a form is a dump', async () => {
  const nested = `--inner\r\nContent-Disposition: form-data; name="upload_file_minidump"\r\n\r\nMDMP\r\n--inner--\r\n`;
  assert.equal(
    await answer(form(field('A', '1'), file('multi', nested, 'multipart/form-data; boundary=inner'))),
    accepted,
  );
  assert.deepEqual(Object.keys(lastRawCrash().metadata.dump_checksums), ['multi']);
});

test('hostile: 10,000 parts', async () => {
  const fields = Array.from({ length: 10_000 }, (_, i) => field(`k${i}`, String(i)));
  assert.equal(await answer(form(...fields)), accepted);
  assert.equal(lastRawCrash().k9999, '9999');
  const files = Array.from({ length: 10_000 }, (_, i) => file(`f${i}`, String(i), 'text/x'));
  assert.equal(await answer(form(field('A', '1'), ...files)), accepted);
  assert.equal(Object.keys(lastRawCrash().metadata.dump_checksums).length, 1000);
  assert.equal(lastRawCrash().metadata.collector_notes.length, 1001);
});

test('hostile: a part header of 1 MB', async () => {
  const header = `--${boundary}\r\nContent-Disposition: form-data; name="${'n'.repeat(mib)}"\r\n\r\nv\r\n`;
  assert.equal(await answer(form(field('A', '1'), header)), structure);
});

test('hostile: part names', async () => {
  for (const name of [
    '../../etc/passwd',
    'a\0b',
    '\u{1f525}',
    'n'.repeat(300),
    '__proto__',
    'constructor',
    '%00',
    'a"b',
  ]) {
    const bytes = Buffer.from(name).toString('latin1');
    assert.equal(
      await answer(form(field('A', '1'), field(bytes.replaceAll('"', '\\"'), 'v'), file(bytes, 'd'))),
      accepted,
      name,
    );
    const [dumpName = ''] = Object.keys(lastRawCrash().metadata.dump_checksums);
    assert.match(dumpName, /^[A-Za-z0-9_]{1,30}$/);
    assert.ok(Object.hasOwn(lastRawCrash(), name.replaceAll('\0', '')), name);
  }
});

test('hostile: dump names that meet', async () => {
  const body = form(field('A', '1'), file('d', 'one'), file('d', 'two'), file('d!', 'three'), file('e', 'four'));
  assert.equal(await answer(body), accepted);
  assert.deepEqual(Object.keys(lastRawCrash().metadata.dump_checksums), ['d', 'e']);
  assert.deepEqual(dumpHashes(collector.spool.reports.at(-1)!), lastRawCrash().metadata.dump_checksums);
  assert.equal(
    await answer(form(field('A', '1'), file('raw_crash', 'x'))),
    '400 Discarded=malformed_invalid_dump_name',
  );
});

test('hostile: JSON annotations', async () => {
  const json = (text: string) => form(field('extra', text, 'application/json'));
  assert.equal(await answer(json('[1]')), '400 Discarded=malformed_invalid_json_value');
  assert.equal(await answer(json('{"__proto__": {"x": 1}, "a": NaN, "b": "\\ud800"}')), accepted);
  const text = rawCrashText(collector.spool.reports.at(-1));
  assert.match(text, /"__proto__": \{"x": 1\}, "a": null, "b": "\\ud800"/);
  assert.equal(({} as Record<string, unknown>)['x'], undefined);
  assert.equal(await answer(json('['.repeat(mib))), '400 Discarded=malformed_invalid_json');
  assert.equal(await answer(json(`{"a":${'9'.repeat(mib)}}`)), accepted);
});

test('hostile: ids of their own', async () => {
  const token = { Authorization: 'Bearer t' };
  const bad = '400 Discarded=malformed_invalid_uuid';
  assert.equal(await answer(form(field('extra', '{"uuid": 12}', 'application/json')), token), bad);
  for (const id of ['0C3F9A11-7B52-4E0D-9F64-A1B2C0240229', '0c3f9a11-7b52-4e0d-9f64-a1b2c0240230', '../x'])
    assert.equal(await answer(form(field('A', '1'), field('uuid', id)), token), bad, id);
});

test('hostile: lengths that are wrong', async () => {
  const short = new RawConnection(collector.port);
  short.write(requestBytes(post(good, { 'Content-Length': String(good.length - 20) })));
  short.write(requestBytes(post(good)));
  assert.equal((await short.reply())?.body, 'Discarded=malformed_invalid_payload_structure');
  const stored = collector.spool.reports.length;
  await short.ended();
  assert.equal(collector.spool.reports.length, stored, 'what follows is not taken for a request');
  for (const length of ['abc', '-5', '1e3', '0x10', '99999999999999999999']) {
    const reply = await collector.send(post(good, { 'Content-Length': length }));
    assert.ok(reply?.status === 400 || reply?.status === 413, `${length}: ${reply?.status}`);
  }
  const both = await collector.send(post(good, { 'Transfer-Encoding': 'chunked' }));
  assert.equal(both?.status, 400, 'length and chunks');
});

test('hostile: gzip', async () => {
  const gzip = { 'Content-Encoding': 'gzip' };
  const bad = '400 Discarded=malformed_bad_gzip';
  const whole = gzipSync(good);
  assert.equal(await answer(whole, gzip), accepted);
  assert.equal(await answer(whole.subarray(0, -1), gzip), bad);
  assert.equal(await answer(Buffer.concat([whole, whole]), gzip), accepted);
  assert.equal(await answer(Buffer.concat([whole, whole.subarray(0, 20)]), gzip), bad);
  assert.equal(await answer(gzipSync(whole), gzip), structure, 'compressed twice');
  const before = collector.spool.reports.length;
  assert.equal(await answer(good, gzip), bad);
  assert.equal(collector.spool.reports.length, before);
});

/** `sizeBytes` of zeros as raw deflate, made of repeated blocks so that the test itself is quick. */
function bombBody(sizeBytes: number): Buffer {
  const block = deflateRawSync(Buffer.alloc(mib), { finishFlush: 2 });
  const head = deflateRawSync(Buffer.from(field('A', '1') + file('upload_file_minidump', '').slice(0, -2)), {
    finishFlush: 2,
  });
  const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  return Buffer.concat([header, head, ...new Array(Math.ceil(sizeBytes / mib)).fill(block)]);
}

test('hostile: a gzip bomb of 1000:1 is cut off, in bounded memory', async () => {
  const bomb = bombBody(2048 * mib);
  assert.ok(bomb.length > mib && bomb.length < 4 * mib, `${bomb.length}`);
  const beforeBytes = process.memoryUsage().rss;
  const startMs = performance.now();
  const replies = await Promise.all(Array.from({ length: 4 }, () => answer(bomb, { 'Content-Encoding': 'gzip' })));
  assert.deepEqual(new Set(replies), new Set(['413 Discarded=payload_too_large']));
  const grownMib = (process.memoryUsage().rss - beforeBytes) / mib;
  assert.ok(grownMib < 150, `${grownMib} MiB more for four bombs of 2 GiB`);
  assert.ok(performance.now() - startMs < 20_000);
  const small = bombBody(40 * mib);
  assert.ok(small.length < mib);
  assert.equal(await answer(small, { 'Content-Encoding': 'gzip' }), '400 Discarded=malformed_bad_gzip', 'no trailer');
});

test('hostile: pipelined requests are answered in order, each once', async () => {
  const connection = new RawConnection(collector.port);
  const before = collector.spool.reports.length;
  connection.write(Buffer.concat(Array.from({ length: 5 }, (_, i) => requestBytes(post(form(field('A', String(i))))))));
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push((await connection.reply())?.body.slice(11, 47) ?? '');
  assert.deepEqual(
    collector.spool.reports.slice(before).map(({ head }) => head.crashId),
    ids,
  );
  connection.close();
});

test('hostile: HTTP/1.0, chunked, without Host; and HTTP/1.1 without Host', async () => {
  const headers = { 'Content-Type': formType, 'Transfer-Encoding': 'chunked' };
  const old = await collector.send({ version: '1.0', headers, body: good });
  assert.equal(old?.status, 200);
  assert.match(old?.statusLine ?? '', /^HTTP\/1\.[01] 200 OK$/);
  assert.equal(old?.headers.get('connection'), 'close');
  assert.equal(old?.headers.get('content-length'), String(old?.body.length));
  assert.equal((await collector.send({ headers, body: good }))?.status, 200);
});

test('hostile: a chunked body sent byte by byte', async () => {
  const connection = new RawConnection(collector.port);
  connection.write(
    requestBytes({ headers: { Host: 'x', 'Content-Type': formType, 'Transfer-Encoding': 'chunked' }, body: good }, 1),
  );
  assert.equal((await connection.reply())?.status, 200);
  assert.deepEqual(collector.spool.reports.at(-1)?.body, good);
  connection.close();
});

test('hostile: broken chunks', async () => {
  const connection = new RawConnection(collector.port);
  connection.write(
    `POST /submit HTTP/1.1\r\nHost: x\r\nContent-Type: ${formType}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx`,
  );
  assert.equal((await connection.reply())?.status, 400);
  await connection.ended();
});

test('hostile: a connection that is cut at every tenth byte stores nothing and disturbs nobody', async () => {
  for (const headers of [{}, { 'Content-Encoding': 'gzip' }]) {
    const body = 'Content-Encoding' in headers ? gzipSync(good) : good;
    const bytes = requestBytes(post(body, headers));
    const before = collector.spool.reports.length;
    const cuts = Array.from({ length: Math.ceil(bytes.length / 10) }, (_, i) => i * 10);
    await Promise.all(
      cuts.map(async (cut) => {
        const connection = new RawConnection(collector.port);
        connection.write(bytes.subarray(0, cut));
        await new Promise<void>((resolve) => connection.socket.end(() => resolve()));
        await connection.ended();
        connection.close();
      }),
    );
    assert.equal(collector.spool.reports.length, before, 'a cut body is never whole');
  }
  assert.equal(await answer(good), accepted);
  assert.equal(collector.collector.inFlightCount(), 0);
});

test('hostile: requests that are none', async () => {
  for (const [bytes, status] of [
    ['BREW /submit HTTP/1.1\r\n\r\n', 400],
    ['BREW /nowhere HTTP/1.1\r\n\r\n', 404],
    ['\x16\x03\x01\x02\x00', 400],
    [`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['POST /submit HTTP/9.9\r\n\r\n', 400],
  ] as const) {
    const connection = new RawConnection(collector.port);
    connection.write(bytes);
    assert.equal((await connection.reply())?.status, status, bytes.slice(0, 30));
    await connection.ended();
  }
});
