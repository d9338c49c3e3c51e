// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { isJsonObject, isNestedAtMost, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { dig } from '../dig.ts';
import type { DumpFile } from '../dump-files.ts';
import { processorLimits } from '../limits.ts';
import type { Rule } from '../rule.ts';

/** Why a memory report could not be read; the text stands in the notes. */
class MemoryReportError extends Error {}

export const outOfMemoryBinary: Rule = {
  name: 'OutOfMemoryBinaryRule',
  doc: 'Inflates the attached `memory_report` up to a limit and decodes it; sets `memory_report` or `memory_report_error`.',
  predicate: ({ dumps }) => dumps.has('memory_report'),
  async action({ dumps, processed, notes, services }) {
    try {
      const report = await readMemoryReport(dumps.get('memory_report') as DumpFile, services.memoryReportBytesMax);
      const reportedError = isJsonObject(report) ? report['ERROR'] : undefined;
      if (reportedError === undefined) processed['memory_report'] = report;
      else processed['memory_report_error'] = String(reportedError);
    } catch (error) {
      if (!(error instanceof MemoryReportError)) throw error;
      notes.add(error.message);
      processed['memory_report_error'] = error.message;
      return false;
    }
    return true;
  },
};

async function readMemoryReport(file: DumpFile, bytesMax: number): Promise<JsonValue> {
  const text = (await inflateFile(file, bytesMax)).toString('utf8');
  let report: JsonValue;
  try {
    report = JSON.parse(text) as JsonValue;
  } catch {
    throw new MemoryReportError(`error in json for ${file.name}: not valid json`);
  }
  if (!isNestedAtMost(report, processorLimits.jsonDepthMax.value))
    throw new MemoryReportError(`error in json for ${file.name}: nested too deeply`);
  return report;
}

/** Inflates while counting, so that a gzip bomb costs no more than the limit. An empty file is empty text. */
async function inflateFile(file: DumpFile, bytesMax: number): Promise<Buffer> {
  if (file.sizeBytes === 0) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const source = createReadStream(file.path);
  const gunzip = source.pipe(createGunzip());
  source.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > bytesMax) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new MemoryReportError(
      `error in gzip for ${file.name}: ${(error as NodeJS.ErrnoException).code ?? 'damaged'}`,
    );
  } finally {
    source.destroy();
    gunzip.destroy();
  }
  if (sizeBytes > bytesMax) {
    const claimed = Math.max(await claimedSize(file), sizeBytes);
    throw new MemoryReportError(`Uncompressed memory info too large ${claimed} (max: ${bytesMax})`);
  }
  return Buffer.concat(chunks);
}

/** The size that the last four bytes of a gzip file claim; only good for a message. */
async function claimedSize(file: DumpFile): Promise<number> {
  const handle = await open(file.path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, Math.max(0, file.sizeBytes - 4));
    return bytesRead === 4 ? buffer.readUInt32LE(0) : 0;
  } finally {
    await handle.close();
  }
}

/** Measures that are the sum of the reports under exactly this path. */
const plainMeasures = [
  'gfx-textures',
  'ghost-windows',
  'heap-allocated',
  'host-object-urls',
  'private',
  'resident',
  'resident-unique',
  'system-heap-allocated',
  'vsize',
  'vsize-max-contiguous',
] as const;

const keyOf = (path: string) => path.replaceAll('-', '_');

export const memoryReportExtraction: Rule = {
  name: 'MemoryReportExtraction',
  doc: 'Sums sixteen measures of the crashed process from the memory report into `memory_measures`.',
  predicate: ({ processed }) =>
    isJsonObject(processed['memory_report']) && dig(processed, 'json_dump.pid') !== undefined,
  action({ processed, services, raw }) {
    const measures = memoryMeasuresOf(processed['memory_report'] as JsonObject, dig(processed, 'json_dump.pid'));
    if (typeof measures === 'string')
      services.logger.info(`no memory measures: ${measures}`, { crash_id: raw['uuid'] });
    else processed['memory_measures'] = measures;
  },
};

/** One measurement of a memory report: bytes are unit 0; kinds are 0 (not heap), 1 (heap), 2 (other). */
interface MemoryRow {
  readonly process: string;
  readonly path: string;
  readonly kind: number;
  readonly units: number;
  readonly amount: number;
}

function memoryRowOf(value: JsonValue): MemoryRow | null {
  if (!isJsonObject(value)) return null;
  const { process, path, kind, units, amount } = value;
  const isRow = typeof process === 'string' && typeof path === 'string' && typeof amount === 'number';
  return isRow && typeof kind === 'number' && typeof units === 'number' ? { process, path, kind, units, amount } : null;
}

/** The measures in bytes, or why there are none. */
export function memoryMeasuresOf(report: JsonObject, pid: JsonValue | undefined): JsonObject | string {
  const rows = Array.isArray(report['reports']) ? report['reports'].map(memoryRowOf) : [];
  if (rows.includes(null)) return 'a report lacks a key';
  const own = (rows as MemoryRow[]).filter(({ process }) => process.includes(`(pid ${pid})`));
  if (own.length === 0) return 'no report of the crashed process';
  const measures: Record<string, number> = {};
  for (const path of plainMeasures) measures[keyOf(path)] = 0;
  const sums = { explicit: 0, explicitHeap: 0, heapOverhead: 0, images: 0, jsMainRuntime: 0, topNoneDetached: 0 };
  for (const { path, kind, units, amount } of own) {
    if (path.startsWith('explicit/')) {
      if (units !== 0) return 'a report under explicit/ is not in bytes';
      if (kind !== 0 && kind !== 1) return 'a report under explicit/ is of neither heap kind';
      sums.explicit += amount;
      if (kind === 1) sums.explicitHeap += amount;
      if (path.startsWith('explicit/images/')) sums.images += amount;
      else if (path.startsWith('explicit/heap-overhead/')) sums.heapOverhead += amount;
      else if (path.includes('top(none)/detached')) sums.topNoneDetached += amount;
    } else if (path.startsWith('js-main-runtime/')) {
      sums.jsMainRuntime += amount;
    } else if ((plainMeasures as readonly string[]).includes(path)) {
      measures[keyOf(path)] = (measures[keyOf(path)] ?? 0) + amount;
    }
  }
  // What was allocated on the heap and no reporter claimed belongs to the explicit memory too.
  const heapUnclassified = (measures['heap_allocated'] ?? 0) - sums.explicitHeap;
  return {
    ...measures,
    explicit: sums.explicit + heapUnclassified,
    heap_overhead: sums.heapOverhead,
    heap_unclassified: heapUnclassified,
    images: sums.images,
    js_main_runtime: sums.jsMainRuntime,
    top_none_detached: sums.topNoneDetached,
  };
}
