// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Socket } from 'node:net';
import type { Payload } from './payloads.ts';
import { openSocket } from './raw-exchange.ts';

/** `status` 0: the connection broke, or nothing came in time. */
export interface LoadAnswer {
  readonly payload: Payload;
  readonly status: number;
  readonly text: string;
  readonly latencyMs: number;
}

/**
 * One keep-alive connection on a bare socket, one request at a time: a load generator must cost less than any server that
 * it measures.
 */
export class LoadConnection {
  readonly #url: URL;
  readonly #timeoutMs: number;
  #socket: Socket | null = null;

  constructor(url: URL, timeoutMs: number) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends one report and reads its answer; never throws. */
  async send(payload: Payload): Promise<{ status: number; text: string }> {
    try {
      this.#socket ??= await this.#open();
    } catch {
      return { status: 0, text: '' };
    }
    const answer = await this.#exchange(this.#socket, payload);
    if (answer.closes) this.close();
    return answer;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = openSocket(this.#url, () => resolve(socket));
      socket.setNoDelay(true).setTimeout(this.#timeoutMs, () => socket.destroy());
      // `close` follows each error; who waits for an answer listens to that.
      socket.on('error', () => {});
      socket.once('close', () => {
        if (this.#socket === socket) this.#socket = null;
        reject(new Error('closed'));
      });
    });
  }

  #exchange(socket: Socket, { headers, body }: Payload): Promise<{ status: number; text: string; closes: boolean }> {
    return new Promise((resolve) => {
      let received = '';
      const done = (status: number, text: string, closes: boolean) => {
        socket.off('data', onData).off('close', onClose);
        resolve({ status, text, closes });
      };
      const onClose = () => done(0, '', true);
      const onData = (chunk: Buffer) => {
        received += chunk.toString('latin1');
        const head = received.indexOf('\r\n\r\n');
        if (head < 0) return;
        const lines = received.slice(0, head);
        const length = Number(/\ncontent-length: *(\d+)/i.exec(lines)?.[1] ?? 0);
        if (received.length < head + 4 + length) return;
        const closes = /\nconnection: *close/i.test(lines) || !received.startsWith('HTTP/1.1');
        done(Number(received.slice(9, 12)), received.slice(head + 4, head + 4 + length).trimEnd(), closes);
      };
      socket.on('data', onData).on('close', onClose);
      socket.cork();
      const { pathname, search, host } = this.#url;
      socket.write(
        `POST ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: salvage-loadtest\r\n${headers}\r\n`,
      );
      socket.write(body);
      socket.uncork();
    });
  }
}
