// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomBytes } from 'node:crypto';
import type { ByteBudget } from '../lib/byte-budget.ts';
import type { Clock } from '../lib/clock.ts';
import type { Files, OpenFile } from '../lib/files.ts';
import type { Metrics } from '../lib/metrics.ts';
import { PagedBytes } from '../lib/paged-bytes.ts';
import { BodyFile } from './body-file.ts';
import type { FreshEntry } from './fresh-entries.ts';
import { encodeHead } from './head.ts';
import { spoolLimits } from './limits.ts';
import { spoolMetrics } from './metrics.ts';
import { encodeRecord, endMark, nonceBytes, type RecordHeader, recordLength } from './record.ts';
import { encodeSeal, Segment, segmentName } from './segment.ts';
import type { SpoolHead } from './spool.ts';

/** One report to append: its body in memory, or in a file that is already synced. */
export interface AppendItem {
  readonly head: SpoolHead;
  readonly body: PagedBytes | BodyFile;
  readonly bodyLength: number;
  readonly bodyCrc: number;
}

interface Waiting extends AppendItem {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Active {
  readonly segment: Segment;
  readonly log: OpenFile;
  entryCount: number;
  sizeBytes: number;
}

export interface WriterParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** The numbered directory of this process. */
  readonly path: string;
  /** Called with each new segment before its first entry is written. */
  readonly onSegment: (segment: Segment) => void;
  /** Called after a batch became readable, or a segment was closed. */
  readonly onCommit: (segment: Segment) => void;
  /** Creation time of the newest segment that is there; names must grow also when the clock does not. */
  readonly newestMs: number;
  readonly freshBudget: ByteBudget;
  /** Path of a log whose crashes have all moved, to be written over; undefined = there is none. */
  readonly takeSpareLog: () => string | undefined;
}

/**
 * Group commit: while one batch is written and synced, the next one gathers. One writev and one fdatasync a batch; a
 * directory is synced only when a name in it is new. A segment on which a write or sync failed is never written again:
 * after a failed fsync the kernel may have dropped the bytes and calls the next one a success.
 */
export class SegmentWriter {
  readonly #parts: WriterParts;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #active: Active | null = null;
  #newestMs: number;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#newestMs = parts.newestMs;
  }

  /** Resolves when the item is durable. */
  append(item: AppendItem): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...item, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Waits for what is under way and closes the active segment. */
  async close(): Promise<void> {
    await this.#running;
    if (this.#active) await this.#seal(this.#active);
  }

  async #run(): Promise<void> {
    // Reports that arrive in the same turn of the event loop share the first batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#writeBatch(batch);
        for (const item of batch) item.resolve();
      } catch (error) {
        await this.#abandonActive();
        for (const item of batch) item.reject(error);
      }
    }
    this.#running = null;
  }

  #takeBatch(): Waiting[] {
    let sizeBytes = 0;
    let count = 0;
    for (const item of this.#waiting) {
      if (count > 0 && (sizeBytes > spoolLimits.batchBytesMax.value || count >= spoolLimits.segmentEntriesMax.value))
        break;
      sizeBytes += item.head.rawCrashJson.length + (item.body instanceof PagedBytes ? item.bodyLength : 0);
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const active = await this.#openActive();
    const { segment, log } = active;
    await this.#placeBodyFiles(batch, segment);
    const buffers: Uint8Array[] = [];
    const headers: RecordHeader[] = [];
    let offset = segment.readableBytes;
    let ownBytes = 0;
    for (const [index, item] of batch.entries()) {
      const record = encodeEntry(segment, offset, active.entryCount + index, item);
      buffers.push(...record.buffers);
      headers.push(record.header);
      offset += recordLength(record.header);
      if (item.body instanceof BodyFile) ownBytes += item.bodyLength;
    }
    // What an earlier use of the log left must not follow the last record as if it were damage.
    await log.writev([...buffers, endMark], segment.readableBytes);
    await log.datasync();
    const addedBytes = offset - segment.readableBytes + ownBytes;
    active.entryCount += batch.length;
    active.sizeBytes += addedBytes;
    segment.readableBytes = offset;
    segment.unreadCount += batch.length;
    segment.liveBytes += addedBytes;
    for (const [index, item] of batch.entries()) segment.fresh.add(freshEntry(headers[index] as RecordHeader, item));
    this.#parts.metrics.histogram(spoolMetrics.batchSize, batch.length);
    this.#parts.onCommit(segment);
  }

  async #placeBodyFiles(batch: readonly Waiting[], segment: Segment): Promise<void> {
    let placed = 0;
    for (const { body } of batch) {
      if (body instanceof PagedBytes) continue;
      await body.moveInto(segment.path);
      placed += 1;
    }
    if (placed > 0) await this.#parts.files.syncDirectory(segment.path);
  }

  async #openActive(): Promise<Active> {
    const active = this.#active;
    if (active) {
      const isFull =
        active.segment.readableBytes >= spoolLimits.segmentSizeBytesMax.value ||
        active.entryCount >= spoolLimits.segmentEntriesMax.value;
      if (!isFull) return active;
      await this.#seal(active);
    }
    const { files, path, onSegment, freshBudget, takeSpareLog } = this.#parts;
    // Taken before the directory is synced, so that its earlier segment is gone from the disk before it is written over.
    const spare = takeSpareLog();
    this.#newestMs = Math.max(this.#parts.clock.now().getTime(), this.#newestMs + 1);
    const segment = new Segment(files, path, segmentName(this.#newestMs, randomBytes(nonceBytes)), freshBudget);
    try {
      await files.mkdir(segment.path);
      await files.syncDirectory(path);
      const log = await this.#openLog(segment.logPath, spare);
      this.#active = { segment, log, entryCount: 0, sizeBytes: 0 };
      await files.syncDirectory(segment.path);
      onSegment(segment);
      return this.#active;
    } catch (error) {
      // A disk that stays full would collect an empty segment with every try.
      await this.#active?.log.close().catch(() => {});
      this.#active = null;
      await files.removeTree(segment.path).catch(() => {});
      if (spare !== undefined) await files.unlink(spare).catch(() => {});
      throw error;
    }
  }

  /**
   * A log that is written over costs less than a new one: its blocks are there, on the disk and in the system's cache, and
   * a sync has no sizes to write. The nonce in each record keeps old records from being taken for new ones.
   */
  async #openLog(path: string, spare: string | undefined): Promise<OpenFile> {
    const { files } = this.#parts;
    if (spare === undefined) return files.open(path, 'create');
    const log = await files.open(spare, 'update');
    try {
      // Durable before it is the segment's: a log that is cut off before its first record must not look damaged.
      await log.writev([endMark], 0);
      await log.datasync();
      await files.rename(spare, path);
      return log;
    } catch (error) {
      await log.close().catch(() => {});
      throw error;
    }
  }

  /** The totals are not synced: a log without them is scanned at the next start, that is all. */
  async #seal(active: Active): Promise<void> {
    this.#active = null;
    const { segment, log, entryCount, sizeBytes } = active;
    const { buffers } = encodeRecord(segment.nonce, segment.readableBytes, {
      type: 'seal',
      ordinal: entryCount,
      meta: encodeSeal({ entryCount, sizeBytes }),
      rawCrash: new Uint8Array(),
      body: [],
      bodyLength: 0,
      bodyCrc: 0,
    });
    // The totals are looked for at the end: what is left of an earlier use goes.
    await log.truncate(segment.readableBytes).catch(() => {});
    await log.writev(buffers, segment.readableBytes).catch(() => {});
    await log.close();
    segment.isClosed = true;
    this.#parts.onCommit(segment);
  }

  async #abandonActive(): Promise<void> {
    const active = this.#active;
    this.#active = null;
    if (!active) return;
    // Best effort: what stays behind is an entry that nobody was promised, found and moved at the next start.
    await active.log.truncate(active.segment.readableBytes).catch(() => {});
    await active.log.close().catch(() => {});
    active.segment.isClosed = true;
    this.#parts.onCommit(active.segment);
  }
}

function encodeEntry(segment: Segment, offset: number, ordinal: number, item: AppendItem) {
  const inline = item.body instanceof PagedBytes ? item.body : null;
  return encodeRecord(segment.nonce, offset, {
    type: inline ? 'entry' : 'entry-with-file',
    ordinal,
    meta: encodeHead(item.head, bodyFileNameOf(item)),
    rawCrash: item.head.rawCrashJson,
    body: inline?.pieces() ?? [],
    bodyLength: item.bodyLength,
    bodyCrc: item.bodyCrc,
  });
}

function bodyFileNameOf({ body }: AppendItem): string | null {
  return body instanceof BodyFile ? body.name : null;
}

function freshEntry(header: RecordHeader, item: AppendItem): FreshEntry {
  const body = item.body instanceof PagedBytes ? item.body : null;
  return { header, head: item.head, body, bodyFileName: bodyFileNameOf(item) };
}
