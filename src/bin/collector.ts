// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import cluster, { type Worker } from 'node:cluster';
import { hostname } from 'node:os';
import { type Config, readConfig } from '../config/config.ts';
import { endsWithin } from '../lib/ends-within.ts';
import { nullErrorReporter } from '../lib/sentry.ts';
import type { LocalStatus } from '../lib/status.ts';
import { openLog, type ProcessContext, runRole } from './context.ts';
import { optionGroups } from './option-groups.ts';
import { metricsOptions, processOptions, queueOptions } from './options.ts';
import { type Intake, openIntake } from './parts/intake.ts';
import { listenFailure } from './parts/listen.ts';
import { makeOwnStatus } from './parts/own-status.ts';
import { isPostgresQueue, openQueue } from './parts/queues.ts';
import { isStorageConfigured, needsPostgres, openStorage } from './parts/storages.ts';
import { startPrometheusEndpoint } from './prometheus-endpoint.ts';

/** One process, or with WEB_CONCURRENCY several on one port, each with its own part of the spool. */
export async function collect(): Promise<void> {
  if (cluster.isWorker) return runRole('collector', collectInOneProcess);
  const config = readableConfig();
  // The one process says what is wrong with a configuration that cannot be read.
  if (config === null || config.valuesOf(processOptions).workerCount === 1)
    return runRole('collector', collectInOneProcess);
  return superviseWorkers(config);
}

function readableConfig(): Config | null {
  try {
    return readConfig({ groups: optionGroups, environment: process.env });
  } catch {
    return null;
  }
}

/** How long a start waits for storage and queue to refuse it; whoever refuses does so in milliseconds. */
const refusalMsMax = 5000;

/**
 * A storage or queue that refuses for good stops the start, so it is asked before the intake opens. One that is away or
 * silent must not keep the intake closed: crashes wait in the spool until it is there.
 */
async function collectInOneProcess(context: ProcessContext): Promise<void> {
  const { logger, clock, releasers } = context;
  warnOfNullBackEnds(context);
  const status = makeOwnStatus(context);
  const intake = await openIntake(context, 'null', status);
  const moving = startMoving(context, intake, status);
  const isMoving = await endsWithin(moving, refusalMsMax, clock);
  if (!isMoving) logger.error('storage or queue do not answer yet: intake opens, crashes wait in the spool');
  const { host, port, drainTimeoutMs } = context.process;
  const address = await intake.collector.start(host || '0.0.0.0', port).catch((error: Error) => {
    throw listenFailure(error);
  });
  const closeIntake = () => intake.collector.drain(Math.min(drainTimeoutMs, 10_000));
  releasers.add('intake', closeIntake);
  logger.info(`intake is open: http://${address.address}:${address.port}/submit`);
  await moving;
  // Closed before the mover, which may have come later: no report may come in once it has stopped.
  if (!isMoving) releasers.add('intake', closeIntake);
}

function warnOfNullBackEnds({ logger, config }: ProcessContext): void {
  if (!isStorageConfigured(config))
    logger.warning('NO STORAGE IS CONFIGURED: crashes are taken and thrown away. Set SALVAGE_STORAGE_CLASS.');
  if (config.valuesOf(queueOptions).class === '')
    logger.warning('no queue is configured: no processor will hear of crashes. Set SALVAGE_QUEUE_CLASS.');
}

async function startMoving(context: ProcessContext, intake: Intake, status: LocalStatus): Promise<void> {
  const needsDatabase = needsPostgres(context.config) || isPostgresQueue(context.config);
  // Loaded only where it is used: a collector idles below 100 MB.
  const database = needsDatabase ? await (await import('./parts/database.ts')).openDatabaseWhenUp(context) : null;
  const storage = await openStorage(context, 'null', database);
  const queue = await openQueue(context, 'null', database);
  await intake.startMoving(storage, queue);
  if (database) (await import('./parts/status.ts')).startTellingStatus(context, status, database.pool);
}

const restartWaitMs = 1000;

/**
 * Starts the workers, replaces one that dies, and passes on signals; the workers share one port. When the first ones
 * cannot even open, the reason would only come back every second: then all end with exit code 1.
 */
async function superviseWorkers(config: Config): Promise<void> {
  const { workerCount, hostId } = config.valuesOf(processOptions);
  const { logger, close } = openLog(config, 'collector', hostId || hostname(), 'stdout', nullErrorReporter);
  let isStopping = false;
  let hasOpened = false;
  const stopAll = (signal: NodeJS.Signals) => {
    isStopping = true;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal);
  };
  const start = () => {
    if (!isStopping) cluster.fork();
  };
  cluster.on('listening', () => {
    hasOpened = true;
  });
  const ended = new Promise<void>((resolve) => {
    cluster.on('exit', (worker: Worker, code, signal) => {
      if (!isStopping && !hasOpened) {
        process.exitCode = 1;
        stopAll('SIGTERM');
      } else if (!isStopping) {
        logger.error(`intake process ${worker.process.pid} ended with ${signal ?? code}; another takes its place`);
        setTimeout(start, restartWaitMs);
      }
      if (isStopping && Object.keys(cluster.workers ?? {}).length === 0) resolve();
    });
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      // Between the death of a worker and its replacement there may be none to wait for.
      if (Object.keys(cluster.workers ?? {}).length === 0) process.exit(0);
      stopAll(signal);
    });
  const stopMetrics = await startMetricsOfWorkers(config);
  for (let index = 0; index < workerCount; index++) start();
  await ended;
  await stopMetrics();
  close();
}

/** One scrape sees all workers; their counts would otherwise come from one or the other. */
async function startMetricsOfWorkers(config: Config): Promise<() => Promise<void>> {
  const { prometheusPort } = config.valuesOf(metricsOptions);
  if (prometheusPort === 0) return async () => {};
  const { makePrometheusOfWorkers } = await import('../lib/metric-sinks.ts');
  return await startPrometheusEndpoint(await makePrometheusOfWorkers(), prometheusPort);
}
