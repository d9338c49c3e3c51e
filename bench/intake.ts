// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `npm run bench:intake`: durable intake against its floors, in one run, the server pinned to one core and the load to the
// other. Prints JSON: requests per second, CPU milliseconds a crash (the mover's work included), p50 and p99, RSS, and
// ratios to the floors by requests and by CPU, with their spread over the rounds and the target where there is one; and
// the p99 beside a storage that takes 500 ms. `--quick`
// shortens it, `--latency` measures the last alone, `--keep-files` deletes no file before the end.
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { closeSync, fdatasyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type LoadResult, runLoad } from '../src/client/load.ts';
import { defaultMix, makePayloads, type Payload } from '../src/client/payloads.ts';
import { systemClock } from '../src/lib/clock.ts';
import { clearFolder, makeFolder } from './intake/folders.ts';
import { type RunningServer, startNginx, startNodeFloor, startSalvage } from './intake/servers.ts';
import { measureStorageLatency } from './intake/storage-latency.ts';

const isQuick = process.argv.includes('--quick');
const isLatencyAlone = process.argv.includes('--latency');
const rounds = isQuick ? 1 : 3;
const durationMs = isQuick ? 1500 : 4000;
const warmUpMs = 2000;
const concurrencies = isQuick ? [32] : [8, 32, 128];

const quiet = { SALVAGE_COLLECTOR_THROTTLER: 'accept-all', LOGGING_LEVEL: 'warning' };
const fsStorage = { ...quiet, SALVAGE_STORAGE_CLASS: 'fs', SALVAGE_QUEUE_CLASS: 'null' };

const sustainedServer = 'salvage to file storage';

const servers: Record<string, () => Promise<RunningServer | null>> = {
  'node discards': () => startNodeFloor('discard'),
  'fastify discards': () => startNodeFloor('fastify'),
  'node to files': () => startNodeFloor('file'),
  'nginx to files': startNginx,
  salvage: () => startSalvage({ ...quiet, SALVAGE_STORAGE_CLASS: 'null', SALVAGE_QUEUE_CLASS: 'null' }),
  'salvage, answer after head': () =>
    startSalvage({
      ...quiet,
      SALVAGE_STORAGE_CLASS: 'null',
      SALVAGE_QUEUE_CLASS: 'null',
      SALVAGE_COLLECTOR_ANSWER_AFTER: 'head',
    }),
  [sustainedServer]: () => startSalvage(fsStorage),
};

interface Row extends LoadResult {
  readonly server: string;
  readonly encoding: string;
  readonly concurrency: number;
  readonly round: number;
  readonly cpuMsPerCrash: number;
  readonly rssMb: number;
  /** Crashes a second of the floor without HTTP, measured a moment before on the same disk. */
  readonly finalFilesPerSecond?: number;
}

function load(
  port: number,
  payloads: readonly Payload[],
  concurrency: number,
  durationMs: number,
): Promise<LoadResult> {
  return runLoad({
    url: new URL(`http://127.0.0.1:${port}/submit`),
    payloads,
    loop: { kind: 'closed', concurrency },
    durationMs,
    timeoutMs: 60_000,
    clock: systemClock,
  });
}

/** The final files of file storage written straight from memory, each synced, in one process on the same core. */
function finalFilesFloor(payloads: readonly Payload[]): number {
  const folder = makeFolder();
  mkdirSync(join(folder, 'd'));
  const raw = Buffer.alloc(42_000, 'x');
  const startMs = performance.now();
  let count = 0;
  while (performance.now() - startMs < durationMs) {
    const { body } = payloads[count % payloads.length] as Payload;
    for (const [name, bytes] of [
      ['dump', body],
      ['names', Buffer.from('[]')],
      ['raw', raw],
    ] as const) {
      const temporary = join(folder, 'd', `${count}.${name}.tmp`);
      const file = openSync(temporary, 'w');
      writeSync(file, bytes);
      fdatasyncSync(file);
      closeSync(file);
      renameSync(temporary, join(folder, 'd', `${count}.${name}`));
    }
    count += 1;
  }
  const perSecond = count / ((performance.now() - startMs) / 1000);
  clearFolder(folder);
  return Math.round(perSecond);
}

/**
 * CPU milliseconds a crash of what no durable intake can leave out: SHA-256 for the raw crash, a CRC for the log, and one
 * write of the body to a log that is synced once in eight crashes. No HTTP, no parsing, no mover.
 */
function checksumsAndLogCpuMs(payloads: readonly Payload[]): number {
  const folder = makeFolder();
  const log = openSync(join(folder, 'log'), 'w');
  const before = process.cpuUsage();
  const startMs = performance.now();
  let count = 0;
  let crc = 0;
  for (; performance.now() - startMs < durationMs; count++) {
    const { body } = payloads[count % payloads.length] as Payload;
    hash('sha256', body);
    crc = crc32(body, crc);
    // Over the same blocks every 128 crashes, as the spool does with its logs.
    if (count % 128 === 0) writeSync(log, body, 0, body.length, 0);
    else writeSync(log, body);
    if (count % 8 === 0) fdatasyncSync(log);
  }
  const { user, system } = process.cpuUsage(before);
  closeSync(log);
  clearFolder(folder);
  return (user + system) / 1000 / count;
}

/** Waits until the spool is empty, so that the mover's work counts too. */
async function untilDrained(server: RunningServer): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { readdirSync, existsSync, statSync } = await import('node:fs');
  const spool = join(server.dataDir, 'spool');
  const sizeOf = (folder: string): number =>
    readdirSync(folder, { withFileTypes: true }).reduce((sum, item) => {
      const path = join(folder, item.name);
      try {
        return sum + (item.isDirectory() ? sizeOf(path) : statSync(path).size);
      } catch {
        return sum;
      }
    }, 0);
  for (let tries = 0; existsSync(spool) && tries < 600; tries++) {
    const before = server.cpuMs();
    await new Promise((resolve) => setTimeout(resolve, 250));
    if (server.cpuMs() - before <= 20 || sizeOf(spool) < 1000) break;
  }
}

async function measure(
  name: string,
  encoding: 'plain' | 'gzip',
  concurrency: number,
  round: number,
): Promise<Row | null> {
  const isSustained = name === sustainedServer;
  // Stored files are the decoded dumps, whatever the encoding on the wire.
  const floor = isSustained ? { finalFilesPerSecond: finalFilesFloor(makePayloads(defaultMix, 'plain')) } : {};
  const server = await (servers[name] as () => Promise<RunningServer | null>)();
  if (!server) return null;
  const payloads = makePayloads(defaultMix, encoding);
  // A process that runs for weeks is measured, not the first second of its compiler.
  await load(server.port, payloads, concurrency, warmUpMs);
  const isSalvage = name.startsWith('salvage');
  if (isSalvage) await untilDrained(server);
  const cpuBeforeMs = server.cpuMs();
  const startMs = performance.now();
  const result = await load(server.port, payloads, concurrency, durationMs);
  const rssMb = server.rssMb();
  if (isSalvage) await untilDrained(server);
  const elapsedMs = performance.now() - startMs;
  const cpuMsPerCrash = Math.round(((server.cpuMs() - cpuBeforeMs) / Math.max(1, result.count)) * 100) / 100;
  await server.stop();
  const requestsPerSecond = isSustained ? Math.round(result.count / (elapsedMs / 1000)) : result.requestsPerSecond;
  return { server: name, encoding, concurrency, round, ...result, requestsPerSecond, cpuMsPerCrash, rssMb, ...floor };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const round2 = (value: number) => Math.round(value * 100) / 100;

/** Median and spread of a ratio, and whether the median reaches the target; null = a figure to compare by. */
function summary(what: string, ratios: readonly number[], target: number | null) {
  const middle = round2(median(ratios));
  const spread = { min: round2(Math.min(...ratios)), max: round2(Math.max(...ratios)) };
  return { what, median: middle, ...spread, target, isMet: target === null ? null : middle >= target };
}

/** Ratio of two servers round by round at the same concurrency: of their rates, and of the CPU that a crash takes. */
function ratio(rows: readonly Row[], a: string, b: string, encoding: string, target: number | null = null) {
  const pairs = rows
    .filter((row) => row.server === a && row.encoding === encoding)
    .flatMap((row) => {
      const other = rows.find(
        (one) =>
          one.server === b &&
          one.encoding === encoding &&
          one.round === row.round &&
          one.concurrency === row.concurrency,
      );
      return other ? [{ row, other }] : [];
    });
  const byRate = pairs.map(({ row, other }) => row.requestsPerSecond / other.requestsPerSecond);
  const byCpu = pairs.map(({ row, other }) => other.cpuMsPerCrash / row.cpuMsPerCrash);
  return { ...summary(`${a} / ${b}, ${encoding}`, byRate, target), medianByCpu: round2(median(byCpu)) };
}

async function main(): Promise<void> {
  const storageLatency = await measureStorageLatency(rounds, durationMs);
  const rows: Row[] = [];
  for (let round = 1; !isLatencyAlone && round <= rounds; round++)
    for (const encoding of ['plain', 'gzip'] as const)
      for (const concurrency of concurrencies)
        for (const name of Object.keys(servers)) {
          const row = await measure(name, encoding, concurrency, round);
          if (!row) continue;
          rows.push(row);
          process.stderr.write(`${JSON.stringify(row)}\n`);
        }
  const sustained = (encoding: string) => {
    const values = rows
      .filter((row) => row.server === sustainedServer && row.encoding === encoding)
      .map((row) => row.requestsPerSecond / (row.finalFilesPerSecond ?? Number.NaN));
    return summary(`sustained to file storage / final files floor, ${encoding}`, values, 0.6);
  };
  const cpuOf = (server: string) =>
    median(rows.filter((row) => row.server === server && row.encoding === 'plain').map((row) => row.cpuMsPerCrash));
  const needed = Array.from({ length: rounds }, () => checksumsAndLogCpuMs(makePayloads(defaultMix, 'plain')));
  const ratios = [
    ratio(rows, 'salvage', 'nginx to files', 'plain', 1.5),
    ratio(rows, 'salvage', 'nginx to files', 'gzip', 0.25),
    ratio(rows, 'salvage, answer after head', 'nginx to files', 'gzip', 0.6),
    // The most that any intake on node:http could reach: it does nothing with the body.
    ratio(rows, 'node discards', 'nginx to files', 'plain'),
    ratio(rows, 'node discards', 'nginx to files', 'gzip'),
    ratio(rows, 'fastify discards', 'node discards', 'plain'),
    summary(
      'bound of any durable intake on node:http: nginx to files / (node discards + checksums + log) by CPU, plain',
      needed.map((cpuMs) => cpuOf('nginx to files') / (cpuOf('node discards') + cpuMs)),
      null,
    ),
    ...(['plain', 'gzip'] as const).flatMap((encoding) => [
      ratio(rows, 'salvage', 'node discards', encoding),
      ratio(rows, 'salvage', 'node to files', encoding),
    ]),
    sustained('plain'),
    sustained('gzip'),
  ];
  process.stdout.write(
    `${JSON.stringify({ bench: 'intake', node: process.version, rounds, durationMs, checksumsAndLogCpuMs: needed, rows, ratios, storageLatency }, null, 2)}\n`,
  );
}

// The load and the floor without HTTP run on their own core.
if (!process.env['BENCH_PINNED']) {
  const result = spawnSync('taskset', ['-c', '1', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, BENCH_PINNED: '1' },
  });
  process.exit(result.status ?? 1);
}
await main();
