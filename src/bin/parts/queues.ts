// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { SalvageError } from '../../lib/errors.ts';
import { nodeFiles } from '../../lib/files.ts';
import { CountingQueue, reportDepths } from '../../queue/counting-queue.ts';
import type { CrashQueue } from '../../queue/crash-queue.ts';
import { FileQueue } from '../../queue/file-queue.ts';
import { MemoryQueue } from '../../queue/memory-queue.ts';
import { NullQueue } from '../../queue/null-queue.ts';
import { rabbitmqOptions } from '../../queue/options.ts';
import type { ProcessContext } from '../context.ts';
import { binErrors } from '../errors.ts';
import { queueOptions } from '../options.ts';
import type { Database } from './database.ts';
import { withSiphon } from './siphon.ts';

type MakeQueue = (context: ProcessContext, database: Database | null) => CrashQueue | Promise<CrashQueue>;

const queues: Readonly<Record<string, MakeQueue>> = {
  null: ({ logger }) => new NullQueue({ logger }),
  memory: ({ logger, clock, config }) => new MemoryQueue({ logger, clock, ...leasesOf(config.valuesOf(queueOptions)) }),
  file: ({ logger, clock, config, dataDir }) =>
    new FileQueue({
      directory: join(dataDir, 'queue'),
      files: nodeFiles,
      logger,
      clock,
      ...leasesOf(config.valuesOf(queueOptions)),
    }),
  async postgres({ logger, config }, database) {
    if (!database) throw new SalvageError(binErrors.unknown_queue, 'the queue "postgres" needs DATABASE_URL');
    const { PostgresQueue } = await import('../../queue/postgres-queue.ts');
    return new PostgresQueue({
      pool: database.pool,
      listenUrl: database.directUrl,
      logger,
      ...leasesOf(config.valuesOf(queueOptions)),
    });
  },
  async rabbitmq({ logger, config }, database) {
    const { RabbitmqQueue } = await import('../../queue/rabbitmq-queue.ts');
    const { url, standardQueueName, priorityQueueName, reprocessingQueueName, ...options } =
      config.valuesOf(rabbitmqOptions);
    return new RabbitmqQueue({
      ...options,
      url,
      queueNames: {
        standard: standardQueueName,
        priority: priorityQueueName,
        reprocessing: reprocessingQueueName,
      },
      logger,
      ...leasesOf(config.valuesOf(queueOptions)),
      ...(database ? { attempts: await attemptsIn(database) } : {}),
    });
  },
};

async function attemptsIn({ pool }: Database) {
  const { PostgresAttemptCounter } = await import('../../queue/postgres-attempt-counter.ts');
  return new PostgresAttemptCounter(pool);
}

const leasesOf = ({ leaseMs, attemptsMax }: { leaseMs: number; attemptsMax: number }) => ({ leaseMs, attemptsMax });

/** Last words of the class paths of Antenna and Socorro. */
const classNames: Readonly<Record<string, string>> = {
  NoOpCrashPublish: 'null',
  RabbitMQCrashStorage: 'rabbitmq',
  RabbitMQCrashStore: 'rabbitmq',
};

/** The configured queue; `fallback` when nothing is configured. */
export async function openQueue(
  context: ProcessContext,
  fallback: string,
  database: Database | null,
): Promise<CrashQueue> {
  const configured = context.config.valuesOf(queueOptions).class || fallback;
  const name = classNames[configured.split('.').at(-1) as string] ?? configured;
  const make = Object.hasOwn(queues, name) ? queues[name] : undefined;
  if (!make) throw new SalvageError(binErrors.unknown_queue, `there is no queue "${configured}"`);
  const { attemptsMax } = context.config.valuesOf(queueOptions);
  const wrapped = new CountingQueue({ wrapped: await make(context, database), metrics: context.metrics, attemptsMax });
  const queue = await withSiphon(context, wrapped);
  context.releasers.add(`queue ${queue.name}`, () => queue.close());
  if (consumingRoles.includes(context.role)) startReporting(context, queue);
  return queue;
}

/** True when the configured queue is PostgreSQL. */
export function isPostgresQueue(config: Config): boolean {
  return config.valuesOf(queueOptions).class === 'postgres';
}

const consumingRoles: readonly string[] = ['serve', 'processor'];

function startReporting({ metrics, clock, releasers }: ProcessContext, queue: CrashQueue): void {
  const ending = new AbortController();
  const reporting = reportDepths({ queue, metrics, clock }, ending.signal);
  releasers.add('depths of the queue', () => {
    ending.abort();
    return reporting;
  });
}

/** Ids that waited in the file queue, as `salvage spool drain` or a time without a database left them, go to the queue in use. */
export async function moveFileQueue(context: ProcessContext, target: CrashQueue): Promise<void> {
  const { dataDir, logger, clock } = context;
  const directory = join(dataDir, 'queue');
  if (target.name === 'file' || !existsSync(directory)) return;
  const files = new FileQueue({ directory, files: nodeFiles, logger, clock });
  const count = await files.moveTo(target);
  await files.close();
  if (count > 0) logger.info(`${count} crash ids of the file queue went to the queue ${target.name}`);
}
