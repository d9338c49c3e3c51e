// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import fc from 'fast-check';
import { BodyEnd } from '../../src/client/body-end.ts';
import { captureRequest } from '../../src/client/capture.ts';
import { clientKinds, writeRequest } from '../../src/client/client-kinds.ts';
import { exchangeRaw } from '../../src/client/raw-exchange.ts';
import { crashIdIn, submit } from '../../src/client/submit.ts';
import { startCollector, stopAll } from '../collector/test-collector.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-capture-'));
after(() => rm(root, { recursive: true, force: true }));
afterEach(stopAll);

const crashId = '0bba929f-8721-460c-8dea-000000261120';
const randomHex = (digits: number) => '5a'.repeat(digits).slice(0, digits);
const report = {
  annotations: { ProductName: 'Editor', Version: '1.0', prod: 'Editor', ver: '1.0' },
  dumps: [{ name: 'upload_file_minidump', filename: 'a.dmp', bytes: Buffer.from(`MDMP${'x\r\n--'.repeat(9000)}`) }],
};

function startCapture(path: string, sizeBytesMax = 1e6) {
  const broken: string[] = [];
  const port = Promise.withResolvers<number>();
  const captured = captureRequest({
    host: '127.0.0.1',
    port: 0,
    path,
    sizeBytesMax,
    crashId: () => crashId,
    onListening: port.resolve,
    onBroken: (reason) => broken.push(reason),
  });
  return { port: port.promise, captured, broken };
}

for (const kind of clientKinds)
  test(`capture and replay: ${kind} gets an id twice, and the same report is stored`, async () => {
    const path = join(root, kind);
    const capture = startCapture(path);
    const written = writeRequest(kind, report, randomHex);
    const options = {
      url: `http://127.0.0.1:${await capture.port}/submit`,
      transfer: 'auto',
      timeoutMs: 5000,
    } as const;
    assert.equal((await submit(written, options)).crashId, crashId);
    const { sizeBytes } = await capture.captured;
    assert.equal((await readFile(path)).length, sizeBytes);

    const collector = await startCollector();
    const url = new URL(`http://127.0.0.1:${collector.port}/`);
    const answer = await exchangeRaw(url, createReadStream(path) as AsyncIterable<Buffer>, 5000);
    assert.equal(answer?.status, 200);
    assert.ok(crashIdIn(answer.body.toString().trimEnd()));
    assert.equal(collector.spool.reports.length, 1);
  });

test('capture: every byte of a request, however it is cut up, and nothing of what follows it', async () => {
  const path = join(root, 'bytes');
  const capture = startCapture(path);
  const request = Buffer.from(
    'POST /submit/bare?a=b HTTP/1.0\r\nX-Odd:  spaced \r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: r\r\n\r\n',
    'latin1',
  );
  const socket = connect(await capture.port, '127.0.0.1').setNoDelay(true);
  const answered = Array.fromAsync(socket as AsyncIterable<Buffer>);
  for (const byte of request) socket.write(Buffer.of(byte));
  socket.write('GET / HTTP/1.1\r\n\r\n');
  const { head } = await capture.captured;
  assert.equal(head.firstLine, 'POST /submit/bare?a=b HTTP/1.0');
  assert.deepEqual(await readFile(path), request);
  assert.match(Buffer.concat(await answered).toString(), new RegExp(`\r\n\r\n${crashId.replaceAll('-', '')}$`));
});

test('capture: probes get 404, cut and oversize requests leave no file, and the next report is taken', async () => {
  const path = join(root, 'patient');
  const capture = startCapture(path, 2000);
  const port = await capture.port;
  assert.equal((await fetch(`http://127.0.0.1:${port}/favicon.ico`)).status, 404);
  const url = new URL(`http://127.0.0.1:${port}/submit`);
  const send = (text: string) => exchangeRaw(url, [Buffer.from(text)], 2000);
  const cut = connect(port, '127.0.0.1');
  cut.end('POST /submit HTTP/1.1\r\nContent-Length: 10\r\n\r\n123');
  await Array.fromAsync(cut as AsyncIterable<Buffer>).catch(() => {});
  await send(`POST /submit HTTP/1.1\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(5000)}`);
  assert.deepEqual(
    (await readdir(root)).filter((name) => name.startsWith('patient')),
    [],
  );
  assert.equal((await send('POST /submit HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc'))?.status, 200);
  assert.equal((await capture.captured).sizeBytes, 'POST /submit HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc'.length);
  assert.equal(capture.broken.length, 2);
});

test('capture: Expect: 100-continue is answered before the body', async () => {
  const capture = startCapture(join(root, 'expect'));
  const socket = connect(await capture.port, '127.0.0.1');
  socket.write('POST /submit HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
  const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  assert.match(first.toString(), /^HTTP\/1\.1 100 /);
  socket.write('ok');
  await capture.captured;
  socket.destroy();
});

test('body end: chunks in any cutting end where they end', () => {
  const chunked = fc
    .array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 })
    .map((chunks) =>
      Buffer.concat([
        ...chunks.flatMap((chunk) => [Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
        Buffer.from('0\r\n\r\n'),
      ]),
    );
  fc.assert(
    fc.property(chunked, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (body, cuts) => {
      const end = new BodyEnd({ kind: 'chunked' });
      const withRest = Buffer.concat([body, Buffer.from('GET / HTTP/1.1')]);
      for (let at = 0, turn = 0; at < withRest.length; turn++) {
        const piece = withRest.subarray(at, at + (cuts[turn % cuts.length] as number));
        const ended = end.push(piece);
        if (ended !== null) return at + ended === body.length;
        at += piece.length;
      }
      return false;
    }),
  );
  assert.throws(() => new BodyEnd({ kind: 'chunked' }).push(Buffer.from('zz\r\n')), /chunk without a size/);
  assert.throws(() => new BodyEnd({ kind: 'chunked' }).push(Buffer.alloc(5000, 65)), /too long/);
});

test('exchange: a large request that waits for its reader many times leaves no listeners behind', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  const body = Buffer.alloc(25_000_000);
  const server = createServer((socket) => {
    let received = 0;
    socket.on('data', (bytes) => {
      received += bytes.length;
      socket.pause();
      setImmediate(() => socket.resume());
      if (received === body.length) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answer = await exchangeRaw(new URL(`http://127.0.0.1:${port}`), [body], 20_000);
  server.close();
  process.off('warning', onWarning);
  assert.equal(answer?.status, 200);
  assert.deepEqual(warnings, []);
});
