// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Faults of stores and queues: each scenario moves crashes through one. `npm run faults` writes the figures to
// docs/fault-matrix.md.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { systemClock } from '../../src/lib/clock.ts';
import { type Files, nodeFiles } from '../../src/lib/files.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { EmbeddedPostgres } from '../../src/lib/postgres/embedded.ts';
import { migrate } from '../../src/lib/postgres/migrations.ts';
import { makePool } from '../../src/lib/postgres/pool.ts';
import { MemoryQueue } from '../../src/queue/memory-queue.ts';
import { PostgresQueue } from '../../src/queue/postgres-queue.ts';
import { RabbitmqQueue } from '../../src/queue/rabbitmq-queue.ts';
import { defaultTopology } from '../../src/queue/rabbitmq-topology.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { PostgresStorage } from '../../src/storage/postgres-storage.ts';
import { S3Storage } from '../../src/storage/s3-storage.ts';
import { type Fault, FaultProxy } from './fault-proxy.ts';
import { type FaultFigures, moveThrough, sleep } from './move-through.ts';
import { startTestBroker, type TestBroker } from './rabbitmq-server.ts';
import { s3Credentials, startTestS3, type TestS3 } from './s3-server.ts';

export interface FaultScenario {
  readonly name: string;
  run(servers: FaultServers): Promise<FaultFigures>;
}

/** Servers that scenarios share. */
export interface FaultServers {
  readonly s3: TestS3;
  readonly broker: TestBroker;
  stop(): Promise<void>;
}

export async function startFaultServers(): Promise<FaultServers> {
  const [s3, broker] = await Promise.all([startTestS3(), startTestBroker()]);
  await broker.ready();
  return { s3, broker, stop: async () => void (await Promise.all([s3.stop(), broker.stop()])) };
}

const parts = { clock: systemClock, logger: nullLogger };

const s3Faults: Record<string, { fault: Fault; ms: number }> = {
  'S3: 100 ms latency': { fault: 'latency', ms: 1_500 },
  'S3: resets in the middle of a body': { fault: 'reset', ms: 1_000 },
  'S3: half-open connections': { fault: 'hang', ms: 1_500 },
  'S3: 503 SlowDown': { fault: '503', ms: 1_000 },
  'S3: connections refused': { fault: 'refuse', ms: 1_000 },
};

const s3Scenarios = Object.entries(s3Faults).map(
  ([name, { fault, ms }]): FaultScenario => ({
    name,
    async run({ s3 }) {
      const proxy = await FaultProxy.start({ host: '127.0.0.1', port: Number(new URL(s3.url).port) });
      const bucket = `faults.${Math.random().toString(36).slice(2)}`;
      const client = new S3Client({
        endpoint: s3.url,
        region: 'us-west-2',
        credentials: s3Credentials,
        forcePathStyle: true,
      });
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      const endpoint = `http://127.0.0.1:${proxy.port}`;
      const storage = new S3Storage({ bucket, endpoint, ...s3Credentials, timeoutMs: 400 });
      const queue = new MemoryQueue(parts);
      try {
        return await moveThrough({ storage, queue, fault: () => faultFor(proxy, fault, ms) });
      } finally {
        await storage.close();
        await proxy.stop();
      }
    },
  }),
);

async function faultFor(proxy: FaultProxy, fault: Fault, ms: number): Promise<void> {
  await sleep(100);
  proxy.fault = fault;
  // Whoever still has a connection would not notice.
  if (fault === 'refuse') proxy.cutAll();
  await sleep(ms);
  proxy.fault = 'none';
  // What hung goes on hanging until somebody notices.
  if (fault !== 'hang') proxy.cutAll();
}

let names = 0;
async function withBroker(
  url: string,
  fault: () => Promise<void>,
  before: () => Promise<void> = async () => {},
): Promise<FaultFigures> {
  const prefix = `faults.${process.pid}.${++names}`;
  const queue = new RabbitmqQueue({
    ...defaultTopology,
    queueNames: { standard: `${prefix}.n`, priority: `${prefix}.p`, reprocessing: `${prefix}.r` },
    deadQueueName: `${prefix}.d`,
    url,
    logger: nullLogger,
    publishTimeoutMs: 1_000,
  });
  await queue.check();
  await before();
  try {
    return await moveThrough({ storage: new MemoryStorage(), queue, fault });
  } finally {
    await queue.close();
  }
}

/** `rabbitmqctl` for the broker of the tests. */
async function setMemoryLimit(url: string, fraction: number): Promise<void> {
  const node = `salvage${new URL(url).port}@localhost`;
  // The value set at run time goes back to the configured one when the broker ends.
  await promisify(execFile)(
    '/usr/lib/rabbitmq/bin/rabbitmqctl',
    ['-n', node, 'set_vm_memory_high_watermark', String(fraction)],
    {
      env: { ...process.env, HOME: brokerHome, RABBITMQ_CONF_ENV_FILE: '/dev/null' },
    },
  );
}
let brokerHome = '';

const brokerScenarios: FaultScenario[] = [
  {
    name: 'RabbitMQ: connections reset',
    async run({ broker }) {
      const proxy = await FaultProxy.start({ host: '127.0.0.1', port: Number(new URL(broker.url).port) });
      const figures = await withBroker(broker.url.replace(/:\d+$/, `:${proxy.port}`), async () => {
        for (let cut = 0; cut < 4; cut++) {
          await sleep(150);
          proxy.cutAll();
        }
      });
      await proxy.stop();
      return figures;
    },
  },
  {
    name: 'RabbitMQ: half-open connection',
    async run({ broker }) {
      const proxy = await FaultProxy.start({ host: '127.0.0.1', port: Number(new URL(broker.url).port) });
      const figures = await withBroker(broker.url.replace(/:\d+$/, `:${proxy.port}`), async () => {
        await sleep(100);
        proxy.fault = 'hang';
        await sleep(2_500);
        proxy.fault = 'none';
        proxy.cutAll();
      });
      await proxy.stop();
      return figures;
    },
  },
  {
    name: 'RabbitMQ: blocked by its memory alarm',
    async run({ broker }) {
      brokerHome = broker.folder;
      return withBroker(
        broker.url,
        async () => {
          await sleep(1_500);
          await setMemoryLimit(broker.url, 0.8);
        },
        () => setMemoryLimit(broker.url, 0.000001),
      );
    },
  },
  {
    name: 'RabbitMQ: killed while publishing, started again',
    run: ({ broker }) =>
      withBroker(broker.url, async () => {
        await sleep(150);
        await broker.kill();
        await broker.restart();
      }),
  },
];

const postgresScenarios: FaultScenario[] = [
  { name: 'PostgreSQL: killed, comes back', run: () => withPostgres(async ({ server }) => killServer(server)) },
  {
    name: 'PostgreSQL: half-open connections',
    run: () =>
      withPostgres(async ({ proxy }) => {
        await sleep(100);
        proxy.fault = 'hang';
        await sleep(1_500);
        proxy.fault = 'none';
        proxy.cutAll();
      }),
  },
  {
    name: 'PostgreSQL: connections reset',
    run: () =>
      withPostgres(async ({ proxy }) => {
        for (let cut = 0; cut < 5; cut++) {
          await sleep(120);
          proxy.cutAll();
        }
      }),
  },
];

async function killServer(server: EmbeddedPostgres): Promise<void> {
  await sleep(150);
  process.kill((await server.pid()) as number, 'SIGKILL');
}

async function withPostgres(
  fault: (own: { server: EmbeddedPostgres; proxy: FaultProxy }) => Promise<void>,
): Promise<FaultFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'salvage-faults-'));
  const server = await EmbeddedPostgres.start({
    folder,
    logger: nullLogger,
    listen: 'tcp',
    settings: { shared_buffers: '32MB' },
  });
  await migrate(server.url(), nullLogger);
  const proxy = await FaultProxy.start({ host: '127.0.0.1', port: Number(new URL(server.url()).port) });
  const url = server.url().replace(/:\d+\/salvage$/, `:${proxy.port}/salvage`);
  const pool = makePool({ url, logger: nullLogger, statementTimeoutMs: 1_000 });
  const queue = new PostgresQueue({ pool, listenUrl: url, logger: nullLogger, leaseMs: 2_000, pollMs: 200 });
  try {
    return await moveThrough({ storage: new PostgresStorage({ pool }), queue, fault: () => fault({ server, proxy }) });
  } finally {
    await queue.close();
    proxy.cutAll();
    await pool.end().catch(() => {});
    await proxy.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const diskFull: FaultScenario = {
  name: 'File system: disk full',
  async run() {
    const root = await mkdtemp(join(tmpdir(), 'salvage-faults-fs-'));
    let isFull = false;
    const files: Files = {
      ...nodeFiles,
      async open(path, mode) {
        const file = await nodeFiles.open(path, mode);
        return Object.assign(Object.create(file) as typeof file, {
          async writev(buffers: readonly Uint8Array[], position: number) {
            if (isFull) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
            return file.writev(buffers, position);
          },
          read: file.read.bind(file),
          datasync: file.datasync.bind(file),
          truncate: file.truncate.bind(file),
          sizeBytes: file.sizeBytes.bind(file),
          close: file.close.bind(file),
        });
      },
    };
    const storage = new FsStorage({ root, files, clock: systemClock });
    try {
      return await moveThrough({
        storage,
        queue: new MemoryQueue(parts),
        async fault() {
          await sleep(100);
          isFull = true;
          await sleep(700);
          isFull = false;
        },
      });
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
};

export const faultScenarios: readonly FaultScenario[] = [
  ...s3Scenarios,
  ...brokerScenarios,
  ...postgresScenarios,
  diskFull,
];
