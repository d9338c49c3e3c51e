// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { SalvageError } from '../lib/errors.ts';
import { BodyEnd } from './body-end.ts';
import { clientErrors } from './errors.ts';
import { framingOf, type HttpHead, readHead } from './http-head.ts';

export interface CaptureOptions {
  readonly host: string;
  readonly port: number;
  /** The request's bytes; written beside it first, so that a broken request never stands there. */
  readonly path: string;
  readonly sizeBytesMax: number;
  /** A fresh crash id for the answer. */
  readonly crashId: () => string;
  readonly onListening: (port: number) => void;
  /** A connection that brought no whole request; the next one is waited for. */
  readonly onBroken: (reason: string) => void;
}

export interface Captured {
  readonly head: HttpHead;
  readonly sizeBytes: number;
}

/**
 * Waits for one POST, writes it to a file exactly as it came over the wire, answers as `/submit` would, and ends. Other
 * requests (probes, browsers) get 404 and are not captured.
 */
export async function captureRequest(options: CaptureOptions): Promise<Captured> {
  // Said now, and not when the report that somebody waited for is there.
  await writeFile(`${options.path}.part`, '');
  const server = createServer();
  try {
    server.listen(options.port, options.host);
    await once(server, 'listening');
    const address = server.address();
    options.onListening(typeof address === 'object' && address ? address.port : options.port);
    return await firstReport(server, options);
  } finally {
    await rm(`${options.path}.part`, { force: true });
    server.close();
  }
}

const silenceMsMax = 60_000;

/** One connection after the other: two at once would be two halves of a capture. */
function firstReport(server: Server, options: CaptureOptions): Promise<Captured> {
  return new Promise((resolve, reject) => {
    let turn: Promise<void> = Promise.resolve();
    server.on('error', reject);
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.setTimeout(silenceMsMax, () => socket.destroy());
      turn = turn.then(async () => {
        try {
          const captured = await captureFrom(socket, options);
          if (captured) resolve(captured);
        } catch (error) {
          socket.destroy();
          options.onBroken((error as Error).message);
        }
      });
    });
  });
}

/** Null for a request that is no report. */
async function captureFrom(socket: Socket, options: CaptureOptions): Promise<Captured | null> {
  const part = `${options.path}.part`;
  const file = createWriteStream(part);
  // What fails shows where it is awaited; a file that is given up has nobody who waits.
  file.on('error', () => {});
  try {
    const captured = await receive(socket, file, options.sizeBytesMax);
    file.end();
    await finished(file);
    if (captured) await rename(part, options.path);
    else await rm(part, { force: true });
    answer(socket, captured, options.crashId());
    return captured;
  } catch (error) {
    file.destroy();
    await rm(part, { force: true });
    throw error;
  }
}

async function receive(socket: Socket, file: WriteStream, sizeBytesMax: number): Promise<Captured | null> {
  let start: Buffer = Buffer.alloc(0);
  let head: HttpHead | null = null;
  let body: BodyEnd | null = null;
  let sizeBytes = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    let bytes = chunk;
    if (!body) {
      start = Buffer.concat([start, chunk]);
      head = readHead(start);
      if (!head) continue;
      if (!/^POST /.test(head.firstLine)) return null;
      body = new BodyEnd(framingOf(head) ?? { kind: 'length', sizeBytes: 0 });
      if (/100-continue/i.test(head.headers.get('expect') ?? '')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      sizeBytes += await write(file, start.subarray(0, head.sizeBytes));
      bytes = start.subarray(head.sizeBytes);
      if (bytes.length === 0 && !body.isEmpty) continue;
    }
    const end = body.push(bytes);
    sizeBytes += await write(file, end === null ? bytes : bytes.subarray(0, end));
    if (sizeBytes > sizeBytesMax)
      throw new SalvageError(clientErrors.bad_argument, `the request is larger than ${sizeBytesMax} bytes`);
    if (end !== null) return { head: head as HttpHead, sizeBytes };
  }
  throw new Error('the connection ended within the request');
}

async function write(file: WriteStream, bytes: Buffer): Promise<number> {
  if (file.errored) throw file.errored;
  if (!file.write(bytes)) await once(file, 'drain');
  return bytes.length;
}

function answer(socket: Socket, captured: Captured | null, crashId: string): void {
  const isBare = / \/submit\/bare[ ?]/.test(captured?.head.firstLine ?? '');
  const body = isBare ? crashId.replaceAll('-', '') : `CrashID=bp-${crashId}\n`;
  socket.end(
    captured
      ? `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
      : 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  );
}
