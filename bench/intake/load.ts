// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A closed-loop client on raw keep-alive sockets: it must cost less than any server that it measures.
import { connect, type Socket } from 'node:net';
import type { Payload } from './payloads.ts';

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly count: number;
}

/** Sends the payloads in turn over `concurrency` connections for that long. */
export async function runLoad(
  port: number,
  payloads: readonly Payload[],
  concurrency: number,
  durationMs: number,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let failed = 0;
  let next = 0;
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  const lane = async () => {
    let socket: Socket | null = null;
    while (performance.now() < endMs) {
      socket ??= await open(port);
      const payload = payloads[next++ % payloads.length] as Payload;
      const sentMs = performance.now();
      const status = await send(socket, payload);
      if (status !== 200) {
        failed += 1;
        socket.destroy();
        socket = null;
      } else latenciesMs.push(performance.now() - sentMs);
    }
    socket?.destroy();
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  const elapsedS = (performance.now() - startMs) / 1000;
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number) => Math.round((latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0) * 10) / 10;
  return {
    requestsPerSecond: Math.round(latenciesMs.length / elapsedS),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failed,
    count: latenciesMs.length,
  };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.setNoDelay(true).once('error', reject);
  });
}

function send(socket: Socket, { headers, body }: Payload): Promise<number> {
  return new Promise((resolve) => {
    let answer = '';
    const done = (status: number) => {
      socket.off('data', onData).off('close', onClose).off('error', onClose);
      resolve(status);
    };
    const onClose = () => done(0);
    const onData = (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      const head = answer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(answer.slice(0, head))?.[1] ?? 0);
      if (answer.length >= head + 4 + length) done(Number(answer.slice(9, 12)));
    };
    socket.on('data', onData).on('close', onClose).on('error', onClose);
    socket.cork();
    socket.write(`POST /submit HTTP/1.1\r\nHost: bench\r\n${headers}\r\n`);
    socket.write(body);
    socket.uncork();
  });
}
