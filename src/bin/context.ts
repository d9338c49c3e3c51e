// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import cluster from 'node:cluster';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type Config, readConfig } from '../config/config.ts';
import { printConfig } from '../config/print-config.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { type Logger, type LogLevel, type LogRecord, makeLogger } from '../lib/log.ts';
import {
  type LogSink,
  makeLocalSyslogSink,
  makeStreamSink,
  makeUdpSyslogSink,
  mozlogLine,
  passesLevel,
  readableLine,
} from '../lib/log-sinks.ts';
import { fanOutMetrics, makeLogMetrics, makePrometheusMetrics, makeStatsdMetrics } from '../lib/metric-sinks.ts';
import { type Metrics, nullMetrics } from '../lib/metrics.ts';
import type { OptionValues } from '../lib/options.ts';
import { Releasers } from '../lib/releasers.ts';
import { type ErrorReporter, makeSentryReporter, nullErrorReporter } from '../lib/sentry.ts';
import { optionGroups } from './option-groups.ts';
import { logOptions, metricsOptions, processOptions, sentryOptions } from './options.ts';
import { startPrometheusEndpoint } from './prometheus-endpoint.ts';
import { readVersion, releaseName } from './version.ts';

/** What every role has before it builds its own parts; released in reverse order. */
export interface ProcessContext {
  readonly role: string;
  readonly config: Config;
  readonly process: OptionValues<typeof processOptions.options>;
  /** Absolute path of SALVAGE_DATA_DIR. */
  readonly dataDir: string;
  readonly hostname: string;
  readonly version: JsonObject;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly errors: ErrorReporter;
  readonly releasers: Releasers;
  /** Aborted when the process was told to end: what is still starting gives up. */
  readonly stopping: AbortSignal;
}

export interface ContextOptions {
  /** Long-running roles log to stdout (12-factor); commands keep stdout for their answer and log to stderr. */
  readonly logsTo: 'stdout' | 'stderr';
  /** Log the effective configuration, as long-running roles do at start. */
  readonly announcesConfig: boolean;
  /** A data folder named on the command line; it wins over the configured one. */
  readonly dataDir?: string;
  /** Never aborted where it is left out. */
  readonly stopping?: AbortSignal;
}

const sentryFlushMs = 2000;

/** Config, then errors, then logger, then metrics: the first things of every process, in this order. */
export async function openContext(role: string, options: ContextOptions): Promise<ProcessContext> {
  const config = readConfig({ groups: optionGroups, environment: process.env });
  const settings = config.valuesOf(processOptions);
  const host = settings.hostId || hostname();
  const version = readVersion();
  const errors = await openErrors(config, version, host);
  const { logger, close } = openLog(config, role, host, options.logsTo, errors);
  const releasers = new Releasers(logger);
  releasers.add('log', close);
  releasers.add('errors', () => errors.flush(sentryFlushMs));
  const metrics = await openMetrics(config, logger, host, releasers).catch(async (error: unknown) => {
    errors.capture(error, { transaction: 'salvage.startup' });
    await releasers.releaseAll();
    throw error;
  });
  if (options.announcesConfig) {
    for (const line of printConfig(config).split('\n')) logger.named('salvage.config').debug(line);
    for (const line of printConfig(config, { onlySet: true }).split('\n').filter(Boolean))
      logger.named('salvage.config').info(line);
    for (const notice of config.notices) logger.named('salvage.config').warning(notice);
  }
  return {
    role,
    config,
    process: settings,
    dataDir: resolve(options.dataDir ?? settings.dataDir),
    hostname: host,
    version,
    clock: systemClock,
    logger,
    metrics,
    errors,
    releasers,
    stopping: options.stopping ?? new AbortController().signal,
  };
}

/** The log of a process: lines for people or mozlog, and syslog where it is configured. */
export function openLog(
  config: Config,
  role: string,
  host: string,
  target: 'stdout' | 'stderr',
  errors: ErrorReporter,
): { logger: Logger; close(): void } {
  const { level, format, syslog } = config.valuesOf(logOptions);
  const stream = target === 'stdout' ? process.stdout : process.stderr;
  const isText = format === 'text' || (format === 'auto' && stream.isTTY);
  const origin = { hostname: host, pid: process.pid, processName: role };
  const mozlog = (record: Parameters<LogSink>[0]) => mozlogLine(record, origin, systemClock.now());
  const isColoured = stream.isTTY === true && !process.env['NO_COLOR'];
  const main = makeStreamSink(
    target === 'stdout' ? 1 : 2,
    isText ? (record) => readableLine(record, systemClock.now(), isColoured) : mozlog,
  );
  const extra = openSyslog(syslog, mozlog);
  const logger = makeLogger('salvage', (record) => {
    tellBug(record, errors);
    if (!passesLevel(record.level, level as LogLevel)) return;
    main.sink(record);
    extra?.sink(record);
  });
  return {
    logger,
    close: () => {
      extra?.close();
      main.close();
    },
  };
}

/** What has no slug was foreseen by nobody, and what is critical ends the process: both are for whoever mends them. */
function tellBug({ level, logger, fields }: LogRecord, errors: ErrorReporter): void {
  const { error } = fields;
  if (error === undefined) return;
  const isBug = level === 'error' && !(error instanceof SalvageError);
  if (isBug || level === 'critical') errors.capture(error, { transaction: String(fields['path'] ?? logger) });
}

function openSyslog(target: string, line: Parameters<typeof makeUdpSyslogSink>[1]) {
  const udp = /^udp:\/\/([^:/]+):(\d+)$/.exec(target);
  if (udp) return makeUdpSyslogSink({ host: udp[1] as string, port: Number(udp[2]) }, line);
  return target === '' ? null : makeLocalSyslogSink(target.replace(/^unix:/, ''), line);
}

async function openErrors(config: Config, version: JsonObject, host: string): Promise<ErrorReporter> {
  const { dsn } = config.valuesOf(sentryOptions);
  if (dsn === '') return nullErrorReporter;
  return await makeSentryReporter({ dsn, release: releaseName(version), serverName: host });
}

async function openMetrics(config: Config, logger: Logger, host: string, releasers: Releasers): Promise<Metrics> {
  const settings = config.valuesOf(metricsOptions);
  const classes = settings.class.map((path) => path.split('.').at(-1));
  const sinks: Metrics[] = [];
  if (classes.includes('LoggingMetrics')) sinks.push(makeLogMetrics(logger.named('salvage.metrics')));
  const wantsStatsd = classes.includes('DogStatsdMetrics') || classes.includes('DatadogMetrics');
  if (settings.statsdHost !== '' || wantsStatsd) {
    const statsd = await makeStatsdMetrics({
      host: settings.statsdHost || 'localhost',
      port: settings.statsdPort,
      namespace: settings.statsdNamespace,
      hostname: host,
    });
    sinks.push(statsd.metrics);
    releasers.add('statsd', statsd.close);
  }
  if (settings.prometheusPort !== 0) {
    const prometheus = await makePrometheusMetrics(cluster.isWorker);
    sinks.push(prometheus.metrics);
    if (!cluster.isWorker)
      releasers.add('prometheus', await startPrometheusEndpoint(prometheus, settings.prometheusPort));
  }
  return sinks.length === 0 ? nullMetrics : fanOutMetrics(sinks);
}

/**
 * Runs one role from start to end: opens the context, hands it to `start`, waits for SIGTERM or SIGINT, then releases
 * everything. A second signal ends at once. A failure at start is logged under one greppable text and exits 1.
 */
export async function runRole(role: string, start: (context: ProcessContext) => Promise<void>): Promise<void> {
  let context: ProcessContext;
  const stopping = new AbortController();
  try {
    context = await openContext(role, { logsTo: 'stdout', announcesConfig: true, stopping: stopping.signal });
  } catch (error) {
    process.stderr.write(`Unhandled startup exception: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
  endOnBugs(context);
  const stopped = waitForStopSignal(context.logger);
  void stopped.then(() => stopping.abort(new Error('the process ends')));
  try {
    // A start that waits for a back end can be stopped too.
    await Promise.race([start(context), stopped]);
  } catch (error) {
    const message = `Unhandled startup exception: ${withRemedy(error)}`;
    context.logger.named('salvage.startup').critical(message, { error });
    await context.releasers.releaseAll();
    process.exit(1);
  }
  const signal = await stopped;
  context.logger.info(`${signal}: finishing what is under way`);
  await context.releasers.releaseAll();
  process.exit(0);
}

/** What happened, and what would be right where that is known. */
function withRemedy(error: unknown): string {
  const text = errorText(error);
  return error instanceof SalvageError ? `${text.replace(/\.?$/, '.')} ${error.kind.remedy}` : text;
}

/** An exception that nobody caught leaves nothing to rely on but the spool: it is told, and the process ends. */
function endOnBugs({ logger, errors }: ProcessContext): void {
  process.on('uncaughtException', (error) => {
    logger.critical(`Unhandled exception, the process ends: ${errorText(error)}`, { error });
    void errors.flush(sentryFlushMs).finally(() => process.exit(1));
  });
}

/** Ctrl+C reaches a process twice when npm stands between: from the terminal and from npm. That is one wish. */
const sameWishMs = 500;

function waitForStopSignal(logger: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolveSignal) => {
    let firstMs: number | null = null;
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        const nowMs = systemClock.monotonicMs();
        firstMs ??= nowMs;
        if (nowMs - firstMs > sameWishMs) {
          logger.warning(`${signal} again: ending at once; what is not moved stays in the spool`);
          process.exit(1);
        }
        resolveSignal(signal);
      });
  });
}
