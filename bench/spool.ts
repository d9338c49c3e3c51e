// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `npm run bench:spool`: the spool against the floor (the same bytes by writev and fdatasync from memory) and against one
// file a crash (written, synced, renamed, directory synced once a batch), all in this process and in turn. Prints JSON:
// crashes per second, CPU ms a crash, p50 and p99 of a commit, and ratios to the floor with their spread over the rounds.
// `--quick` shortens it; BENCH_DIR chooses the disk.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCrashId } from '../src/crash/crash-id.ts';
import { systemClock } from '../src/lib/clock.ts';
import { DirectorySyncs, writeSyncedFile } from '../src/lib/durable-files.ts';
import { nodeFiles } from '../src/lib/files.ts';
import { nullLogger } from '../src/lib/log.ts';
import { nullMetrics } from '../src/lib/metrics.ts';
import { makeSegmentSpool } from '../src/spool/segment-spool.ts';

const isQuick = process.argv.includes('--quick');
const rounds = isQuick ? 2 : 5;
const crashesPerRound = isQuick ? 200 : 600;
const concurrencies = isQuick ? [32] : [8, 32];
// Mean 195 KB as received: the sizes of gzipped reports in collector.md §11, small ones first in number.
const sizesBytes = [30_000, 60_000, 90_000, 120_000, 150_000, 180_000, 250_000, 680_000];
const rawCrashJson = randomBytes(11_000);
const chunkBytes = 64 * 1024;

/** Bytes of one crash, as a socket brings them. */
function chunksOf(index: number, source: Buffer): Buffer[] {
  const sizeBytes = sizesBytes[index % sizesBytes.length] as number;
  const chunks: Buffer[] = [];
  for (let at = 0; at < sizeBytes; at += chunkBytes)
    chunks.push(source.subarray(at, Math.min(at + chunkBytes, sizeBytes)));
  return chunks;
}

interface Subject {
  commit(chunks: readonly Buffer[]): Promise<void>;
  close(): Promise<void>;
}

/** Batches like the spool's: what gathers while a sync runs goes with the next one. */
async function makeFloor(directory: string): Promise<Subject> {
  const file = await nodeFiles.open(join(directory, 'floor'), 'create');
  let waiting: { chunks: readonly Buffer[]; resolve: () => void }[] = [];
  let isRunning = false;
  let position = 0;
  const run = async () => {
    isRunning = true;
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const buffers = batch.flatMap(({ chunks }) => [rawCrashJson, ...chunks]);
      await file.writev(buffers, position);
      await file.datasync();
      position += buffers.reduce((sum, { length }) => sum + length, 0);
      for (const { resolve } of batch) resolve();
    }
    isRunning = false;
  };
  return {
    commit: (chunks) =>
      new Promise((resolve) => {
        waiting.push({ chunks, resolve });
        if (!isRunning) void run();
      }),
    close: () => file.close(),
  };
}

async function makeFilePerCrash(directory: string): Promise<Subject> {
  const syncs = new DirectorySyncs(nodeFiles);
  return {
    async commit(chunks) {
      const path = join(directory, randomUUID());
      await writeSyncedFile(nodeFiles, `${path}.tmp`, [rawCrashJson, ...chunks]);
      await nodeFiles.rename(`${path}.tmp`, path);
      await syncs.sync(directory);
    },
    close: async () => {},
  };
}

async function makeSpool(directory: string): Promise<Subject> {
  const common = { files: nodeFiles, clock: systemClock, logger: nullLogger, metrics: nullMetrics };
  const spool = await makeSegmentSpool({ ...common, directory, options: { freeBytesMin: 0 } });
  return {
    async commit(chunks) {
      const stage = spool.stage();
      for (const chunk of chunks) await stage.write(chunk);
      await stage.commit({
        crashId: makeCrashId(randomUUID(), 0, new Date()),
        receivedAt: new Date(),
        result: 'accept',
        rawCrashJson,
        encoding: 'gzip',
        contentType: 'multipart/form-data; boundary=x',
        dumps: [],
      });
    },
    close: () => spool.close(),
  };
}

const subjects = { floor: makeFloor, 'one file a crash': makeFilePerCrash, spool: makeSpool };

interface Round {
  readonly perSecond: number;
  readonly cpuMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(make: (directory: string) => Promise<Subject>, concurrency: number): Promise<Round> {
  const directory = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'salvage-bench-spool-'));
  const source = randomBytes(Math.max(...sizesBytes));
  const subject = await make(directory);
  const tookMs: number[] = [];
  let next = 0;
  const client = async () => {
    while (next < crashesPerRound) {
      const chunks = chunksOf(next++, source);
      const startMs = performance.now();
      await subject.commit(chunks);
      tookMs.push(performance.now() - startMs);
    }
  };
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, client));
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await subject.close();
  await rm(directory, { recursive: true });
  const sorted = tookMs.toSorted((left, right) => left - right);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] as number;
  return {
    perSecond: crashesPerRound / seconds,
    cpuMs: (user + system) / 1000 / crashesPerRound,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

const round1 = (value: number) => Math.round(value * 100) / 100;
const median = (values: readonly number[]) =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] as number;

const results: unknown[] = [];
for (const concurrency of concurrencies) {
  const measured: Record<string, Round[]> = { floor: [], 'one file a crash': [], spool: [] };
  for (let count = 0; count < rounds; count++)
    for (const [name, make] of Object.entries(subjects)) measured[name]?.push(await measure(make, concurrency));
  for (const [name, all] of Object.entries(measured)) {
    const ratios = all.map((each, index) => each.perSecond / (measured['floor']?.[index]?.perSecond as number));
    results.push({
      subject: name,
      concurrency,
      perSecond: Math.round(median(all.map((each) => each.perSecond))),
      cpuMsPerCrash: round1(median(all.map((each) => each.cpuMs))),
      p50Ms: round1(median(all.map((each) => each.p50Ms))),
      p99Ms: round1(median(all.map((each) => each.p99Ms))),
      ratioToFloor: round1(median(ratios)),
      ratioSpread: [round1(Math.min(...ratios)), round1(Math.max(...ratios))],
    });
  }
}
console.log(JSON.stringify({ bench: 'spool', node: process.version, rounds, crashesPerRound, results }, null, 2));
