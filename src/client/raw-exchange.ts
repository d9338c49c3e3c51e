// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { SalvageError } from '../lib/errors.ts';
import { BodyEnd } from './body-end.ts';
import { clientErrors } from './errors.ts';
import { framingOf, type HttpHead, readHead } from './http-head.ts';
import { clientLimits } from './limits.ts';

/** An answer as it came, whatever the request was. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: HttpHead['headers'];
  readonly body: Buffer;
  /** Milliseconds since the connection was open. */
  readonly durationMs: number;
}

const pieceBytes = 64 * 1024;

/** A plain or TLS connection to the host of the URL. */
export function openSocket(url: URL, onOpen: () => void): Socket {
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const address = { host, port: Number(url.port) || (isTls ? 443 : 80) };
  return isTls ? connectTls({ ...address, servername: host }, onOpen) : connect(address, onOpen);
}

/** Throws `submit_unreachable` unless somebody listens there: said once, before work that would say it a thousand times. */
export function assertReachable(url: URL, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      socket.destroy();
      reject(unreachable(url, cause));
    };
    const socket = openSocket(url, () => {
      socket.destroy();
      resolve();
    });
    socket.setTimeout(timeoutMs, () => fail(new Error(`no connection within ${timeoutMs / 1000} s`)));
    socket.on('error', fail);
  });
}

function unreachable(url: URL, cause: Error): SalvageError {
  return new SalvageError(clientErrors.submit_unreachable, `${url.origin}: ${cause.message}`, { cause });
}

/**
 * Sends bytes as they are and reads one answer. Null when the server closed or stayed silent for `timeoutMs` without one;
 * throws `submit_unreachable` only if it cannot be connected.
 */
export function exchangeRaw(
  url: URL,
  request: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  timeoutMs: number,
): Promise<RawAnswer | null> {
  return new Promise((resolve, reject) => {
    let startMs = 0;
    const reader = new AnswerReader();
    const socket = openSocket(url, () => {
      startMs = performance.now();
      sendAll(socket, request).catch((error: Error) => socket.destroy(error));
    });
    const end = (answer: Omit<RawAnswer, 'durationMs'> | null) => {
      socket.destroy();
      resolve(answer && { ...answer, durationMs: performance.now() - startMs });
    };
    socket.setTimeout(timeoutMs, () => end(null));
    socket.on('data', (bytes: Buffer) => {
      const answer = reader.push(bytes);
      if (answer) end(answer);
    });
    socket.on('error', (cause) => {
      if (startMs > 0) return;
      reject(unreachable(url, cause));
    });
    socket.on('close', () => end(reader.atEnd()));
  });
}

/**
 * In pieces, as clients do: an answer that comes before the body is sent is seen between two of them, and not lost in the
 * reset that may follow it.
 */
async function sendAll(socket: Socket, request: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of request) {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      if (socket.destroyed) return;
      if (socket.write(bytes.subarray(at, at + pieceBytes))) continue;
      await drained(socket);
    }
  }
}

/** Resolves when the socket takes more, or is closed. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      socket.off('drain', goOn).off('close', goOn);
      resolve();
    };
    socket.on('drain', goOn).on('close', goOn);
  });
}

class AnswerReader {
  #received: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): Omit<RawAnswer, 'durationMs'> | null {
    this.#received = Buffer.concat([this.#received, bytes]);
    const isTooLong = this.#received.length > clientLimits.answerBytesMax.value;
    return this.#read(isTooLong);
  }

  atEnd(): Omit<RawAnswer, 'durationMs'> | null {
    return this.#read(true);
  }

  #read(isOver: boolean): Omit<RawAnswer, 'durationMs'> | null {
    const head = readHead(this.#received);
    if (!head) return null;
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head.firstLine)?.[1] ?? 0);
    const rest = this.#received.subarray(head.sizeBytes);
    if (status === 100) {
      this.#received = rest;
      return this.#read(isOver);
    }
    const framing = framingOf(head);
    const size = framing ? new BodyEnd(framing).push(rest) : null;
    if (size === null && !isOver) return null;
    const body = rest.subarray(0, size ?? rest.length);
    return { status, headers: head.headers, body: framing?.kind === 'chunked' ? dechunked(body) : body };
  }
}

function dechunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16);
    if (lineEnd < 0 || !(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 4 + size;
  }
}
