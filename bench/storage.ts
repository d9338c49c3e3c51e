// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `npm run bench:storage`: stores and queues against the raw floor with the same objects, bytes and concurrency, in turn
// in this process: plain files with fsync, bare S3 PUTs by the SDK, bare publishes with confirms, bare rows. Prints JSON:
// crashes per second and client CPU a crash with their ratio to the floor (median and spread over the rounds), queue
// throughput, and latency from publish to consumer. Servers are the ones of the tests, but PostgreSQL syncs its log.
// `--quick` shortens it.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import pg from 'pg';
import { Connection } from 'rabbitmq-client';
import { makeCrashId } from '../src/crash/crash-id.ts';
import { dumpFromBytes } from '../src/crash/dump.ts';
import type { CrashReport } from '../src/crash/raw-crash.ts';
import { systemClock } from '../src/lib/clock.ts';
import { nodeFiles } from '../src/lib/files.ts';
import { nullLogger } from '../src/lib/log.ts';
import { EmbeddedPostgres } from '../src/lib/postgres/embedded.ts';
import { migrate } from '../src/lib/postgres/migrations.ts';
import { makePool } from '../src/lib/postgres/pool.ts';
import type { CrashQueue } from '../src/queue/crash-queue.ts';
import { PostgresQueue } from '../src/queue/postgres-queue.ts';
import { RabbitmqQueue } from '../src/queue/rabbitmq-queue.ts';
import { defaultTopology } from '../src/queue/rabbitmq-topology.ts';
import type { CrashStorage } from '../src/storage/crash-storage.ts';
import { FsStorage } from '../src/storage/fs-storage.ts';
import { PostgresStorage } from '../src/storage/postgres-storage.ts';
import { S3Storage } from '../src/storage/s3-storage.ts';
import { rabbitmqMissing, startTestBroker } from '../test/services/rabbitmq-server.ts';
import { s3Credentials, startTestS3 } from '../test/services/s3-server.ts';

const isQuick = process.argv.includes('--quick');
const rounds = isQuick ? 2 : 5;
const crashesPerRound = isQuick ? 40 : 120;
const idsPerRound = isQuick ? 1_000 : 4_000;
const concurrency = 16;
// Dump sizes of the intake payload mix (clients.md): mean about 240 KB after unpacking.
const dumpSizesBytes = [40_000, 90_000, 150_000, 200_000, 260_000, 700_000];
const rawJsonBytes = 11_000;

type Save = (report: CrashReport) => Promise<void>;

/** The same reports for both sides of a pair; ids are new in each round. */
function makeReports(): CrashReport[] {
  return Array.from({ length: crashesPerRound }, (_, index) => {
    const bytes = dumps[index % dumps.length] as Buffer;
    const crashId = makeCrashId(randomUUID(), 0, new Date());
    const dump = dumpFromBytes('upload_file_minidump', bytes, digests[index % digests.length] as string);
    return { crashId, rawCrash: {}, rawCrashJson, dumps: [dump] };
  });
}

const dumps = dumpSizesBytes.map((size) => randomBytes(size));
const digests = dumps.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
const rawCrashJson = Buffer.from(JSON.stringify({ text: 'x'.repeat(rawJsonBytes - 20) }));

async function eachOf<T>(items: readonly T[], limit: number, action: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await action(items[next++] as T);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

interface Measured {
  perSecond: number;
  cpuMsEach: number;
}

async function measure(count: number, work: () => Promise<void>): Promise<Measured> {
  // What the part before left behind is not this part's cost.
  globalThis.gc?.();
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (count * 1000) / (performance.now() - started), cpuMsEach: (user + system) / 1000 / count };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const round2 = (value: number) => Math.round(value * 100) / 100;

/** Subject and floor in turn, so that both meet the same noise; ratios are taken round by round. */
async function compare(subject: Save, floor: Save, storage: CrashStorage) {
  const [ours, floors]: [Measured[], Measured[]] = [[], []];
  const reads: Measured[] = [];
  for (let round = 0; round <= rounds; round++) {
    const [mine, theirs] = [makeReports(), makeReports()];
    const one = await measure(crashesPerRound, () => eachOf(mine, concurrency, subject));
    const other = await measure(crashesPerRound, () => eachOf(theirs, concurrency, floor));
    const read = await measure(crashesPerRound, () =>
      eachOf(mine, concurrency, async ({ crashId }) => {
        await storage.getRawCrashJson(crashId);
        for await (const _ of (await storage.getDump(crashId, 'upload_file_minidump')).open());
      }),
    );
    // The first round warms up.
    if (round === 0) continue;
    ours.push(one);
    floors.push(other);
    reads.push(read);
  }
  const ratios = ours.map(({ cpuMsEach }, index) => cpuMsEach / (floors[index] as Measured).cpuMsEach);
  return {
    savedPerSecond: Math.round(median(ours.map(({ perSecond }) => perSecond))),
    floorSavedPerSecond: Math.round(median(floors.map(({ perSecond }) => perSecond))),
    readPerSecond: Math.round(median(reads.map(({ perSecond }) => perSecond))),
    cpuMsPerSave: round2(median(ours.map(({ cpuMsEach }) => cpuMsEach))),
    floorCpuMsPerSave: round2(median(floors.map(({ cpuMsEach }) => cpuMsEach))),
    cpuRatio: round2(median(ratios)),
    cpuRatioSpread: [round2(Math.min(...ratios)), round2(Math.max(...ratios))],
  };
}

/** The same three files, written and synced, and their directories; no rename, nothing shared. */
function fileFloor(root: string): Save {
  return async ({ crashId, rawCrashJson: json, dumps: [dump] }) => {
    const write = async (folder: string, bytes: Uint8Array) => {
      const directory = join(root, folder);
      const file = await open(join(directory, crashId), 'w');
      await file.write(bytes);
      await file.datasync();
      await file.close();
      const entry = await open(directory, 'r');
      await entry.sync();
      await entry.close();
    };
    for await (const bytes of dump?.open() ?? []) await write('dump', bytes);
    await write('dump_names', Buffer.from('["upload_file_minidump"]'));
    await write('raw_crash', json);
  };
}

async function benchFs(base: string) {
  for (const folder of ['dump', 'dump_names', 'raw_crash'])
    await mkdir(join(base, 'floor', folder), { recursive: true });
  const storage = new FsStorage({ root: join(base, 'fs'), files: nodeFiles, clock: systemClock });
  await storage.check();
  return compare((report) => storage.saveRawCrash(report), fileFloor(join(base, 'floor')), storage);
}

async function benchS3() {
  const server = await startTestS3();
  const client = new S3Client({
    endpoint: server.url,
    region: 'us-west-2',
    credentials: s3Credentials,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  for (const Bucket of ['crashes', 'floor']) await client.send(new CreateBucketCommand({ Bucket }));
  const storage = new S3Storage({ bucket: 'crashes', endpoint: server.url, ...s3Credentials });
  const put = (Key: string, Body: Uint8Array) => client.send(new PutObjectCommand({ Bucket: 'floor', Key, Body }));
  const result = await compare(
    (report) => storage.saveRawCrash(report),
    async ({ crashId, rawCrashJson: json, dumps: [dump] }) => {
      for await (const bytes of dump?.open() ?? []) await put(`v1/dump/${crashId}`, bytes);
      await put(`v1/dump_names/${crashId}`, Buffer.from('["upload_file_minidump"]'));
      await put(`v2/raw_crash/${crashId}`, json);
    },
    storage,
  );
  await server.stop();
  return result;
}

async function benchPostgres(url: string) {
  const pool = makePool({ url, logger: nullLogger, connectionsMax: concurrency });
  await pool.query('create table floor_objects (id text, kind text, bytes bytea, primary key (id, kind))');
  const storage = new PostgresStorage({ pool });
  const result = await compare(
    (report) => storage.saveRawCrash(report),
    async ({ crashId, rawCrashJson: json, dumps: [dump] }) => {
      const client = await pool.connect();
      await client.query('begin');
      const insert = (kind: string, bytes: Uint8Array) =>
        client.query('insert into floor_objects values ($1, $2, $3)', [crashId, kind, bytes]);
      for await (const bytes of dump?.open() ?? []) await insert('dump', bytes);
      await insert('raw', json);
      await client.query('commit');
      client.release();
    },
    storage,
  );
  await pool.end();
  return result;
}

/** Ids through publish, take and ack, all at once; then one at a time for the latency to an idle consumer. */
async function benchQueue(queue: CrashQueue) {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const stop = new AbortController();
    const ids = Array.from({ length: idsPerRound }, () => makeCrashId(randomUUID(), 0, new Date()));
    let acked = 0;
    const { perSecond } = await measure(idsPerRound, async () => {
      const publishing = eachOf(ids, 64, (crashId) => queue.publish('standard', { crashId }));
      await Promise.all(
        [1, 2].map(async () => {
          for await (const crash of queue.consume({ prefetch: 64, signal: stop.signal })) {
            void crash.ack().then(() => {
              acked++;
              if (acked === ids.length) stop.abort();
            });
          }
        }),
      );
      await publishing;
    });
    rates.push(perSecond);
  }
  const latencies = await latenciesOf(queue, isQuick ? 100 : 400);
  return {
    idsPerSecond: Math.round(median(rates)),
    idsPerSecondSpread: [Math.round(Math.min(...rates)), Math.round(Math.max(...rates))],
    publishToConsumerMs: {
      p50: round2(latencies[Math.floor(latencies.length * 0.5)] as number),
      p99: round2(latencies[Math.floor(latencies.length * 0.99)] as number),
    },
  };
}

async function latenciesOf(queue: CrashQueue, count: number): Promise<number[]> {
  const stop = new AbortController();
  const consuming = queue.consume({ prefetch: 1, signal: stop.signal })[Symbol.asyncIterator]();
  const latencies: number[] = [];
  for (let index = 0; index < count; index++) {
    const next = consuming.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const started = performance.now();
    await queue.publish('standard', { crashId: makeCrashId(randomUUID(), 0, new Date()) });
    const { value } = await next;
    latencies.push(performance.now() - started);
    await value.ack();
  }
  stop.abort();
  await consuming.return?.();
  return latencies.sort((a, b) => a - b);
}

async function rowFloor(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create table floor_rows (id bigint generated always as identity primary key, crash_id text)');
  const { perSecond } = await measure(idsPerRound, async () => {
    for (let index = 0; index < idsPerRound; index++) {
      await client.query({ name: 'floor', text: 'insert into floor_rows (crash_id) values ($1)', values: ['x'] });
    }
  });
  await client.end();
  return Math.round(perSecond);
}

async function publishFloor(url: string): Promise<number> {
  const connection = new Connection(url);
  const publisher = connection.createPublisher({ confirm: true, queues: [{ queue: 'floor', durable: true }] });
  const { perSecond } = await measure(idsPerRound, () =>
    eachOf(Array.from({ length: idsPerRound }), 64, () =>
      publisher.send({ routingKey: 'floor', durable: true }, Buffer.from(randomUUID())),
    ),
  );
  await publisher.close();
  await connection.close();
  return Math.round(perSecond);
}

async function benchRabbitmq() {
  if (rabbitmqMissing()) return { notRun: rabbitmqMissing() };
  const broker = await startTestBroker();
  await broker.ready();
  const queue = new RabbitmqQueue({ ...defaultTopology, url: broker.url, logger: nullLogger });
  await queue.check();
  const result = { ...(await benchQueue(queue)), floorPublishedPerSecond: await publishFloor(broker.url) };
  await queue.close();
  await broker.stop();
  return result;
}

const base = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'salvage-bench-storage-'));
const server = await EmbeddedPostgres.start({ folder: join(base, 'postgres'), logger: nullLogger });
try {
  await migrate(server.url(), nullLogger);
  const pool = makePool({ url: server.url(), logger: nullLogger });
  const postgresQueue = new PostgresQueue({ pool, listenUrl: server.url(), logger: nullLogger });
  const results = {
    crashesPerRound,
    rounds,
    concurrency,
    storage: { fs: await benchFs(base), s3: await benchS3(), postgres: await benchPostgres(server.url()) },
    queue: {
      postgres: { ...(await benchQueue(postgresQueue)), floorInsertsOneByOnePerSecond: await rowFloor(server.url()) },
      rabbitmq: await benchRabbitmq(),
    },
  };
  await postgresQueue.close();
  await pool.end();
  console.log(JSON.stringify(results, null, 2));
} finally {
  await server.stop();
  await rm(base, { recursive: true, force: true });
}
