// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `npm run bench:intake-memory`: resident memory of `salvage collector` with null adapters: idle, with 1,000 clients that
// trickle a byte at a time, and with 128 connections of 25 MB each (plain and gzip), beside a bare Node process as the
// floor. Prints JSON with the highest value of each phase. `--quick` sends 5 MB a connection.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { usageOf } from '../src/client/process-usage.ts';
import { type RunningServer, startSalvage } from './intake/servers.ts';

const isQuick = process.argv.includes('--quick');
const tricklerCount = 1000;
const trickleMs = 15_000;
const connectionCount = 128;
const bodySizeBytes = isQuick ? 5_000_000 : 25_000_000;

const quiet = { LOGGING_LEVEL: 'warning', SALVAGE_COLLECTOR_THROTTLER: 'accept-all' };

interface Phase {
  readonly phase: string;
  readonly rssMb: number;
  readonly targetMb: number | null;
  readonly seconds: number;
  readonly answers?: Readonly<Record<string, number>>;
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A report as Crashpad sends it: two annotations and a minidump that does not compress well. */
function bodyOf(sizeBytes: number): Buffer {
  const dump = Buffer.concat([Buffer.from('MDMP'), Buffer.alloc(sizeBytes)]);
  const noise = randomBytes(1_000_000);
  for (let offset = 4; offset < dump.length; offset += 2 * noise.length) noise.copy(dump, offset);
  return Buffer.concat([
    Buffer.from(
      '--xyz\r\nContent-Disposition: form-data; name="ProductName"\r\n\r\nBench\r\n--xyz\r\nContent-Disposition: form-data; name="Version"\r\n\r\n1.0\r\n--xyz\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="a.dmp"\r\nContent-Type: application/octet-stream\r\n\r\n',
    ),
    dump,
    Buffer.from('\r\n--xyz--\r\n'),
  ]);
}

const headOf = (length: number, encoding: string) =>
  `POST /submit HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=xyz\r\n${encoding === 'gzip' ? 'Content-Encoding: gzip\r\n' : ''}Content-Length: ${length}\r\nConnection: close\r\n\r\n`;

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

/** The status of the answer, `cut` when the connection ended without one. */
async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'close').catch(() => {});
  return /^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 'cut';
}

/** Runs `work` and returns the highest resident memory meanwhile. */
async function watch(
  server: RunningServer,
  phase: string,
  targetMb: number | null,
  work: () => Promise<Record<string, number> | undefined>,
): Promise<Phase> {
  const startMs = performance.now();
  let rssMb = server.rssMb();
  const sampling = setInterval(() => {
    rssMb = Math.max(rssMb, server.rssMb());
  }, 50);
  const answers = await work();
  clearInterval(sampling);
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  const result = { phase, rssMb, targetMb, seconds, ...(answers ? { answers } : {}) };
  process.stderr.write(`${JSON.stringify(result)}\n`);
  return result;
}

function counted(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

async function trickle(port: number): Promise<Record<string, number>> {
  const body = bodyOf(2000);
  const sockets: Socket[] = [];
  for (let count = 0; count < tricklerCount; count++) sockets.push(await open(port));
  const answers = sockets.map(answerOf);
  for (const socket of sockets) socket.write(headOf(body.length, 'plain'));
  const everyMs = 250;
  const steps = trickleMs / everyMs;
  for (let step = 0; step < steps; step++) {
    for (const socket of sockets) socket.write(body.subarray(step, step + 1));
    await wait(everyMs);
  }
  for (const socket of sockets) socket.write(body.subarray(steps));
  return counted(await Promise.all(answers));
}

async function sendLarge(port: number, encoding: 'plain' | 'gzip'): Promise<Record<string, number>> {
  const decoded = bodyOf(bodySizeBytes);
  const body = encoding === 'gzip' ? gzipSync(decoded, { level: 1 }) : decoded;
  const sendOne = async () => {
    const socket = await open(port);
    const answer = answerOf(socket);
    socket.write(headOf(body.length, encoding));
    socket.write(body);
    return answer;
  };
  return counted(await Promise.all(Array.from({ length: connectionCount }, sendOne)));
}

/** What Node itself takes with an HTTP server that nobody calls. */
async function bareNode(): Promise<number> {
  const script = "require('node:http').createServer().listen(0, () => console.log('open'))";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  await wait(500);
  const { rssMb } = await usageOf(child.pid as number);
  child.kill();
  return rssMb;
}

async function inFreshCollector<T>(work: (server: RunningServer) => Promise<T>): Promise<T> {
  const server = await startSalvage(quiet);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

const phases: Phase[] = [{ phase: 'bare node', rssMb: await bareNode(), targetMb: null, seconds: 0 }];
// The first start from a checkout fills the cache of stripped types; later ones are the ordinary case.
await inFreshCollector(async () => wait(200));
await inFreshCollector(async (server) => {
  const idle = await watch(server, 'idle', 100, async () => void (await wait(3000)));
  phases.push(idle);
  phases.push(await watch(server, '1,000 trickling clients', idle.rssMb + 90, () => trickle(server.port)));
});
for (const encoding of ['plain', 'gzip'] as const)
  phases.push(
    await inFreshCollector((server) =>
      watch(server, `128 connections of ${bodySizeBytes / 1e6} MB, ${encoding}`, 250, () =>
        sendLarge(server.port, encoding),
      ),
    ),
  );
process.stdout.write(`${JSON.stringify({ bench: 'intake-memory', node: process.version, phases }, null, 2)}\n`);
