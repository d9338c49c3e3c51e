// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomUUID } from 'node:crypto';
import type { Collector, CollectorParts } from '../../src/collector/collector.ts';
import { makeCollector } from '../../src/collector/collector.ts';
import { collectorOptions } from '../../src/collector/options.ts';
import { makeAcceptAllThrottler } from '../../src/collector/throttler.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { type LogRecord, makeMemoryLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { defaultsOf, type OptionValues } from '../../src/lib/options.ts';
import { nullErrorReporter } from '../../src/lib/sentry.ts';
import { MemorySpool } from './memory-spool.ts';
import { exchange, type RawRequest, type WireReply } from './raw-http.ts';

export interface TestCollector {
  readonly collector: Collector;
  readonly spool: MemorySpool;
  readonly metrics: MemoryMetrics;
  readonly logs: LogRecord[];
  readonly port: number;
  send(request: RawRequest): Promise<WireReply | null>;
  stop(): Promise<void>;
}

export type CollectorOptionValues = OptionValues<typeof collectorOptions.options>;

const started: Collector[] = [];

/** Stops every collector of this process: for `afterEach`. */
export async function stopAll(): Promise<void> {
  await Promise.all(started.splice(0).map((collector) => collector.drain(0)));
}

/** A collector over a memory spool on a real socket. */
export async function startCollector(
  options: Partial<CollectorOptionValues> = {},
  parts: Partial<Omit<CollectorParts, 'options'>> = {},
): Promise<TestCollector> {
  const spool = new MemorySpool();
  const metrics = new MemoryMetrics();
  const { logger, records } = makeMemoryLogger('salvage.collector');
  const collector = makeCollector({
    spool,
    throttler: makeAcceptAllThrottler(),
    options: { ...defaultsOf(collectorOptions), ...options },
    metrics,
    logger,
    clock: systemClock,
    randomUuid: randomUUID,
    checks: [],
    versionJson: null,
    errors: nullErrorReporter,
    ...parts,
  });
  const { port } = await collector.start('127.0.0.1', 0);
  started.push(collector);
  return {
    collector,
    spool,
    metrics,
    logs: records,
    port,
    send: (request) => exchange(port, request),
    stop: () => collector.drain(0),
  };
}

/** A clock that stands still, to the microsecond. */
export function frozenClock(isoTime: string): Clock {
  const [, seconds = isoTime, fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(isoTime) ?? [];
  const us = Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
  return { ...systemClock, now: () => new Date(us / 1000), nowUs: () => us };
}

/** The parts of a form, for tests that build bodies letter by letter. */
export const boundary = 'salvage-b1';
export const formType = `multipart/form-data; boundary=${boundary}`;

export function field(name: string, value: string, type?: string): string {
  const typeLine = type === undefined ? '' : `\r\nContent-Type: ${type}`;
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${typeLine}\r\n\r\n${value}\r\n`;
}

export function file(name: string, bytes: string, type = 'application/octet-stream', fileName = 'f.dmp'): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: ${type}\r\n\r\n${bytes}\r\n`;
}

export function form(...parts: string[]): Buffer {
  return Buffer.from(`${parts.join('')}--${boundary}--\r\n`, 'latin1');
}

/** A POST of a form with its length. */
export function post(body: Buffer, headers: Readonly<Record<string, string>> = {}, path = '/submit'): RawRequest {
  return {
    path,
    headers: { Host: 'x', 'Content-Type': formType, 'Content-Length': String(body.length), ...headers },
    body,
  };
}
