// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Reports, spools and the counting of both, for every test of this folder.
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type CrashId, makeCrashId } from '../../src/crash/crash-id.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Files } from '../../src/lib/files.ts';
import { type Logger, makeMemoryLogger } from '../../src/lib/log.ts';
import { MemoryMetrics, type Metrics } from '../../src/lib/metrics.ts';
import { makeSegmentSpool, type SegmentSpoolOptions } from '../../src/spool/segment-spool.ts';
import type { Spool, SpoolEntry, SpoolHead } from '../../src/spool/spool.ts';

export interface TestReport {
  readonly head: SpoolHead;
  readonly body: Buffer;
  readonly dump: Buffer;
}

export interface ReportShape {
  readonly dumpBytes?: number;
  readonly isGzip?: boolean;
  readonly result?: 'accept' | 'defer';
  readonly reportKey?: string;
}

/** A report with one dump of random bytes between some others. */
export function makeReport(shape: ReportShape = {}): TestReport {
  const dump = randomBytes(shape.dumpBytes ?? 1000);
  const decoded = Buffer.concat([Buffer.from('before'), dump, Buffer.from('after')]);
  const result = shape.result ?? 'accept';
  const crashId = makeCrashId(randomUUID(), result === 'accept' ? 0 : 1, new Date());
  return {
    dump,
    body: shape.isGzip ? gzipSync(decoded, { level: 1 }) : decoded,
    head: {
      crashId,
      receivedAt: new Date(),
      result,
      rawCrashJson: Buffer.from(`{"ProductName": "Test", "uuid": "${crashId}"}`),
      encoding: shape.isGzip ? 'gzip' : 'identity',
      contentType: 'multipart/form-data; boundary=x',
      dumps: [
        {
          name: 'upload_file_minidump',
          offset: 6,
          sizeBytes: dump.length,
          sha256: createHash('sha256').update(dump).digest('hex'),
        },
      ],
      ...(shape.reportKey === undefined ? {} : { reportKey: shape.reportKey }),
    },
  };
}

/** Sends a report through a stage, in chunks as a socket brings them. */
export async function commitReport(spool: Spool, report: TestReport, chunkBytes = 64 * 1024): Promise<void> {
  const stage = spool.stage();
  try {
    for (let at = 0; at < report.body.length; at += chunkBytes)
      await stage.write(report.body.subarray(at, at + chunkBytes));
    await stage.commit(report.head);
  } catch (error) {
    await stage.abort();
    throw error;
  }
}

export interface OpenOptions {
  readonly files: Files;
  readonly directory: string;
  readonly fallbackDirectory?: string;
  readonly options?: Partial<SegmentSpoolOptions>;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

export function openSpool(options: OpenOptions): Promise<Spool> {
  return makeSegmentSpool({
    clock: systemClock,
    logger: makeMemoryLogger().logger,
    metrics: new MemoryMetrics(),
    ...options,
    options: { freeBytesMin: 0, ...options.options },
  });
}

/** The next `count` entries; fails when they do not come. */
export async function takeEntries(spool: Spool, count: number, timeoutMs = 5000): Promise<SpoolEntry[]> {
  const entries: SpoolEntry[] = [];
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  if (count > 0)
    for await (const entry of spool.entries(stop.signal)) {
      entries.push(entry);
      if (entries.length === count) break;
    }
  clearTimeout(timer);
  assert.equal(entries.length, count, 'entries did not come');
  return entries;
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** True when the entry holds that very report. */
export async function holds(entry: SpoolEntry, report: TestReport): Promise<boolean> {
  const [dump] = entry.dumps;
  return (
    entry.head.crashId === report.head.crashId &&
    Buffer.compare(entry.head.rawCrashJson, report.head.rawCrashJson) === 0 &&
    (await bytesOf(entry.openBody())).equals(report.body) &&
    dump !== undefined &&
    (await bytesOf(dump.open())).equals(report.dump)
  );
}

/** Everything that waits in the spool, by crash id. */
export async function allEntries(spool: Spool): Promise<Map<CrashId, SpoolEntry>> {
  const entries = await takeEntries(spool, spool.status().entryCount);
  return new Map(entries.map((entry) => [entry.head.crashId, entry]));
}
