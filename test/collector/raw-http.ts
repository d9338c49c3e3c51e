// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { connect, type Socket } from 'node:net';

/** One answer as it came over the wire. */
export interface WireReply {
  readonly statusLine: string;
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A raw connection, so that requests are exactly the bytes that a test says. */
export class RawConnection {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #isEnded = false;
  #wake: (() => void) | null = null;

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    const end = () => {
      this.#isEnded = true;
      this.#wake?.();
    };
    this.socket.on('end', end).on('close', end).on('error', end);
  }

  write(bytes: Buffer | string): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next answer, or null when the connection ends without one. */
  async reply(isHead = false): Promise<WireReply | null> {
    for (;;) {
      const reply = this.#parse(isHead);
      if (reply || this.#isEnded) return reply;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves once the other side has ended the connection. */
  async ended(): Promise<void> {
    while (!this.#isEnded)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  close(): void {
    this.socket.destroy();
  }

  #parse(isHead: boolean): WireReply | null {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return null;
    const [statusLine = '', ...lines] = this.#received.subarray(0, headEnd).toString('latin1').split('\r\n');
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const length = isHead ? 0 : Number(headers.get('content-length') ?? 0);
    const bodyStart = headEnd + 4;
    if (this.#received.length < bodyStart + length) return null;
    const body = this.#received.subarray(bodyStart, bodyStart + length).toString();
    this.#received = this.#received.subarray(bodyStart + length);
    const status = Number(statusLine.split(' ')[1]);
    // 100 Continue is no answer.
    return status === 100 ? this.#parse(isHead) : { statusLine, status, headers, body };
  }
}

export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly version?: '1.0' | '1.1';
}

/** The bytes of a request; with `Transfer-Encoding: chunked` the body goes out as chunks of `chunkBytes`. */
export function requestBytes(request: RawRequest, chunkBytes = 4096): Buffer {
  const { method = 'POST', path = '/submit', headers = {}, version = '1.1' } = request;
  const body =
    typeof request.body === 'string' ? Buffer.from(request.body, 'latin1') : (request.body ?? Buffer.alloc(0));
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`, 'latin1');
  const isChunked = Object.keys(headers).some((name) => name.toLowerCase() === 'transfer-encoding');
  return Buffer.concat([head, isChunked ? chunked(body, chunkBytes) : body]);
}

function chunked(body: Buffer, chunkBytes: number): Buffer {
  const pieces: Buffer[] = [];
  for (let i = 0; i < body.length; i += chunkBytes) {
    const piece = body.subarray(i, i + chunkBytes);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

/** Sends one request on a connection of its own and waits for the answer. */
export async function exchange(port: number, request: RawRequest): Promise<WireReply | null> {
  const connection = new RawConnection(port);
  try {
    connection.write(requestBytes(request));
    return await connection.reply(request.method === 'HEAD');
  } finally {
    connection.close();
  }
}
