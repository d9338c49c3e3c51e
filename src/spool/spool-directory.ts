// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock } from '../lib/clock.ts';
import { makeDirectory } from '../lib/durable-files.ts';
import { errorText } from '../lib/errors.ts';
import type { Files, OpenFile } from '../lib/files.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { PagedBytes } from '../lib/paged-bytes.ts';
import { BodyFile } from './body-file.ts';
import { type FreshEntry, makeFreshBudget } from './fresh-entries.ts';
import { decodeHead } from './head.ts';
import { spoolLimits } from './limits.ts';
import type { SegmentPiece } from './read-segment.ts';
import { bodyOffset, type RecordHeader, recordLength } from './record.ts';
import { isSegmentName, Segment } from './segment.ts';
import { type AppendItem, SegmentWriter } from './segment-writer.ts';
import { countDamaged, type Damage, setAside } from './set-aside.ts';
import type { SpoolHead } from './spool.ts';

export interface DirectoryParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The numbered directory, e.g. `data/spool/0`. */
  readonly path: string;
  /** Called when there may be something new to hand out. */
  readonly onNews: () => void;
}

/** Where an entry lies; small, so that ten thousand of them may wait for another try. */
export interface EntryPlace {
  readonly directory: SpoolDirectory;
  readonly segment: Segment;
  readonly offset: number;
  readonly receivedMs: number;
}

/** A readable entry with its head in memory. */
export interface ReadEntry {
  readonly place: EntryPlace;
  readonly header: RecordHeader;
  readonly head: SpoolHead;
  readonly bodyFileName: string | null;
  /** The body, held for whoever takes the entry, if it is still in memory. */
  readonly body: PagedBytes | null;
  /** Bytes that it takes on the disk. */
  readonly sizeBytes: number;
}

const spareLogPrefix = 'spare-';

/** One numbered directory of a spool: its segments, oldest first, and the writer that appends to the newest. */
export class SpoolDirectory {
  readonly path: string;
  damagedCount = 0;
  /** After a failed write: leave it alone until then (monotonic ms). */
  sickUntilMs = 0;
  readonly #parts: DirectoryParts;
  readonly #segments = new Map<string, Segment>();
  /** Segments that the cursor has not passed, oldest first. */
  #unread: Segment[] = [];
  readonly #freshBudget = makeFreshBudget();
  /** Logs without crashes, to be written over. */
  readonly #spareLogs: string[] = [];
  #isClosing = false;
  readonly #writer: SegmentWriter;

  /** Makes what is missing, clears what was never acknowledged, and scans what a kill or a power cut left open. */
  static async open(parts: DirectoryParts): Promise<SpoolDirectory> {
    const { files, path } = parts;
    await makeDirectory(files, path);
    await files.removeTree(join(path, 'staging'));
    await files.mkdir(join(path, 'staging'));
    const names = await files.list(path);
    for (const name of names.filter((each) => each.endsWith('.gone') || each.startsWith(spareLogPrefix)))
      await files.removeTree(join(path, name));
    const segmentNames = names.filter(isSegmentName);
    const newestMs = segmentNames.length > 0 ? new Segment(files, path, segmentNames.at(-1) as string).createdMs : 0;
    const directory = new SpoolDirectory(parts, newestMs);
    directory.damagedCount = await countDamaged(files, join(path, 'damaged'));
    for (const name of segmentNames) await directory.#load(name);
    return directory;
  }

  private constructor(parts: DirectoryParts, newestMs: number) {
    this.#parts = parts;
    this.path = parts.path;
    this.#writer = new SegmentWriter({
      files: parts.files,
      clock: parts.clock,
      metrics: parts.metrics,
      path: parts.path,
      newestMs,
      freshBudget: this.#freshBudget,
      takeSpareLog: () => this.#spareLogs.pop(),
      onSegment: (segment) => this.#add(segment),
      onCommit: (segment) => {
        parts.onNews();
        if (segment.isClosed) void this.#deleteIfDone(segment);
      },
    });
  }

  get isEmpty(): boolean {
    return this.#segments.size === 0;
  }

  /** When the segment that is read next was begun; Infinity when nothing is there to read. */
  get nextCreatedMs(): number {
    const segment = this.#unread.find((each) => each.unreadCount > 0 || each.isClosed);
    return segment?.createdMs ?? Number.POSITIVE_INFINITY;
  }

  totals(): { entryCount: number; sizeBytes: number; oldestUnreadMs: number | null } {
    let entryCount = 0;
    let sizeBytes = 0;
    let oldestUnreadMs: number | null = null;
    for (const segment of this.#segments.values()) {
      entryCount += segment.liveCount;
      sizeBytes += segment.liveBytes;
      if (segment.unreadCount > 0) oldestUnreadMs = Math.min(oldestUnreadMs ?? Infinity, segment.createdMs);
    }
    return { entryCount, sizeBytes: Math.round(sizeBytes), oldestUnreadMs };
  }

  append(item: AppendItem): Promise<void> {
    return this.#writer.append(item);
  }

  makeBodyFile(onWritten: (sizeBytes: number) => void): BodyFile {
    return new BodyFile(this.#parts.files, join(this.path, 'staging'), onWritten);
  }

  /** The next entry that was not handed out in this run; null when there is none at the moment. */
  async next(): Promise<ReadEntry | null> {
    for (;;) {
      const segment = this.#unread[0];
      if (!segment) return null;
      const fresh = segment.takeFresh();
      if (fresh) return this.#handOut(segment, this.#fromMemory(segment, fresh));
      const piece = await segment.readNext();
      if (piece.kind === 'end') {
        if (!segment.isClosed) return null;
        await this.#finishReading(segment);
        continue;
      }
      if (piece.kind === 'damage') {
        if (!segment.removed.has(piece.from)) await this.#setAside(segment, piece);
        continue;
      }
      if (piece.header.type === 'seal' || segment.removed.has(piece.header.offset)) continue;
      const entry = this.#handOut(segment, this.#decode(segment, piece));
      if (entry) return entry;
      await this.setAsideRecord(segment, piece.header, 'the head is not readable JSON');
    }
  }

  #handOut<Entry extends ReadEntry | null>(segment: Segment, entry: Entry): Entry {
    segment.unreadCount = Math.max(0, segment.unreadCount - 1);
    segment.outstandingCount += 1;
    return entry;
  }

  #fromMemory(segment: Segment, fresh: FreshEntry): ReadEntry {
    return this.#entryOf(segment, fresh.header, fresh, fresh.body);
  }

  /** Reads an entry again that was given back. */
  async reread(place: EntryPlace): Promise<ReadEntry | null> {
    const piece = await place.segment.readAt(place.offset);
    const entry = piece.kind === 'record' ? this.#decode(place.segment, piece) : null;
    if (entry) return entry;
    place.segment.outstandingCount -= 1;
    const to = piece.kind === 'end' ? place.offset : piece.to;
    await this.#setAside(place.segment, { from: place.offset, to, reason: 'not readable any more' });
    return null;
  }

  async remove(entry: ReadEntry): Promise<void> {
    const { segment, offset } = entry.place;
    if (segment.removed.has(offset)) return;
    segment.removed.add(offset);
    segment.notes.delete(offset);
    segment.outstandingCount -= 1;
    segment.liveBytes = Math.max(0, segment.liveBytes - entry.sizeBytes);
    try {
      await segment.marks.remove(offset);
      // The body may go only after a mark that outlives a power cut, or the next start would miss it.
      if (entry.bodyFileName) {
        await segment.marks.sync();
        await this.#parts.files.unlink(join(segment.path, entry.bodyFileName));
      }
    } catch (error) {
      this.#parts.logger.warning(`a removal could not be written; ${entry.head.crashId} will move again`, { error });
    }
    await this.#deleteIfDone(segment);
  }

  /** Sets a whole entry aside after it was handed out. */
  async setAsideEntry(entry: ReadEntry, reason: string): Promise<void> {
    await this.setAsideRecord(entry.place.segment, entry.header, reason, entry);
  }

  async setAsideRecord(segment: Segment, header: RecordHeader, reason: string, entry?: ReadEntry): Promise<void> {
    const piece = await segment.readAt(header.offset);
    const to = piece.kind === 'end' ? segment.readableBytes : piece.to;
    if (segment.removed.has(header.offset)) return;
    segment.outstandingCount -= 1;
    await this.#setAside(segment, {
      from: header.offset,
      to,
      reason,
      ...(entry ? { crashId: entry.head.crashId } : {}),
      ...(entry?.bodyFileName ? { bodyFileName: entry.bodyFileName } : {}),
    });
  }

  /** Stops the writer and syncs the marks; a directory without entries leaves no segment behind. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#writer.close();
    for (const segment of [...this.#segments.values()]) {
      segment.fresh.clear();
      if (segment.isClosed && segment.unreadCount === 0) segment.isReadToEnd = true;
      await this.#deleteIfDone(segment);
      if (!this.#segments.has(segment.name)) continue;
      await segment.marks.sync().catch(() => {});
      await segment.marks.close().catch(() => {});
      await segment.closeReader();
    }
    for (const path of this.#spareLogs.splice(0)) await this.#parts.files.unlink(path).catch(() => {});
  }

  #add(segment: Segment): void {
    this.#segments.set(segment.name, segment);
    this.#unread.push(segment);
  }

  async #load(name: string): Promise<void> {
    const { files, path, logger } = this.#parts;
    const segment = new Segment(files, path, name, this.#freshBudget);
    if (!(await files.stat(segment.logPath))) {
      // Begun, but never written: a power cut between the two directory syncs. Nothing in it was acknowledged.
      await files.removeTree(segment.path);
      return;
    }
    this.#add(segment);
    if (!(await segment.load())) await this.#scan(segment);
    if (segment.unreadCount > 0 || segment.mustStay) return;
    segment.isReadToEnd = true;
    this.#unread = this.#unread.filter((each) => each !== segment);
    await this.#deleteIfDone(segment);
    logger.debug(`segment ${name} had nothing left`);
  }

  /** Walks a log that was not closed in order: counts its entries, checks every body, sets aside what is damaged. */
  async #scan(segment: Segment): Promise<void> {
    let isAfterDamage = false;
    for (let piece = await segment.readNext(); piece.kind !== 'end'; piece = await segment.readNext()) {
      const offset = piece.kind === 'damage' ? piece.from : piece.header.offset;
      if (segment.removed.has(offset)) continue;
      if (piece.kind === 'damage') {
        const isTail = piece.to === segment.readableBytes;
        const reason = isTail ? `${piece.reason}; end of the log, most likely never acknowledged` : piece.reason;
        // Behind an entry that a kill cut off stands what an earlier use of the log left.
        if (!isTail || !isAfterDamage) await this.#setAside(segment, { from: piece.from, to: piece.to, reason });
        isAfterDamage = true;
        continue;
      }
      isAfterDamage = false;
      if (piece.header.type === 'seal') continue;
      const entry = this.#decode(segment, piece);
      const problem = entry ? await this.#checkBody(entry) : 'the head is not readable JSON';
      if (problem === null && entry) {
        segment.unreadCount += 1;
        segment.liveBytes += entry.sizeBytes;
        continue;
      }
      isAfterDamage = true;
      segment.outstandingCount += 1;
      await this.setAsideRecord(segment, piece.header, problem ?? '', entry ?? undefined);
    }
    segment.rewind();
  }

  /** What is wrong with the body, or null. A body in a file of its own is only measured here; its reader checks it. */
  async #checkBody(entry: ReadEntry): Promise<string | null> {
    const { header, place, bodyFileName } = entry;
    if (bodyFileName) {
      const status = await this.#parts.files.stat(join(place.segment.path, bodyFileName));
      if (!status) return 'the body file is missing';
      return status.sizeBytes === header.bodyLength ? null : 'the body file has another size';
    }
    const crc = await place.segment.withLog((file) => crcOf(file, bodyOffset(header), header.bodyLength));
    return crc === header.bodyCrc ? null : 'wrong checksum of the body';
  }

  #decode(segment: Segment, piece: Extract<SegmentPiece, { kind: 'record' }>): ReadEntry | null {
    const { header } = piece;
    const decoded = decodeHead(piece.meta, piece.rawCrash);
    if (!decoded || (header.type === 'entry-with-file') !== (decoded.bodyFileName !== null)) return null;
    if (decoded.bodyFileName !== null && !/^body-[0-9a-f]{16}$/.test(decoded.bodyFileName)) return null;
    return this.#entryOf(segment, header, decoded, null);
  }

  #entryOf(
    segment: Segment,
    header: RecordHeader,
    { head, bodyFileName }: Pick<ReadEntry, 'head' | 'bodyFileName'>,
    body: PagedBytes | null,
  ): ReadEntry {
    const place = { directory: this, segment, offset: header.offset, receivedMs: head.receivedAt.getTime() };
    const ownBytes = bodyFileName === null ? 0 : header.bodyLength;
    return { place, header, head, bodyFileName, body, sizeBytes: recordLength(header) + ownBytes };
  }

  async #finishReading(segment: Segment): Promise<void> {
    segment.isReadToEnd = true;
    segment.unreadCount = 0;
    this.#unread.shift();
    await segment.closeReader();
    await this.#deleteIfDone(segment);
  }

  async #setAside(segment: Segment, damage: Damage): Promise<void> {
    const { files, clock, logger } = this.#parts;
    try {
      const note = await setAside(files, join(this.path, 'damaged'), segment, damage, clock.now());
      segment.removed.add(damage.from);
      this.damagedCount += 1;
      await segment.marks.remove(damage.from);
      logger.error(`spool: damaged entry set aside: ${damage.reason}`, { crash_id: damage.crashId, note });
    } catch (error) {
      segment.mustStay = true;
      logger.error(`spool: a damaged entry could not be set aside: ${errorText(error)}`, {
        error,
        segment: segment.name,
        offset: damage.from,
      });
    }
  }

  /** A log that was written full is worth writing over. */
  async #keepLog(segment: Segment, gonePath: string): Promise<void> {
    const isFull = segment.readableBytes >= spoolLimits.segmentSizeBytesMax.value;
    if (!isFull || this.#isClosing || this.#spareLogs.length >= spoolLimits.spareLogsMax.value) return;
    const path = join(this.path, `${spareLogPrefix}${segment.name}`);
    await this.#parts.files.rename(join(gonePath, 'log'), path);
    this.#spareLogs.push(path);
  }

  /** Renamed first, in one step: a kill while its files go leaves nothing that looks like a segment. */
  async #deleteIfDone(segment: Segment): Promise<void> {
    if (!segment.isDone || !this.#segments.delete(segment.name)) return;
    try {
      await segment.marks.close();
      await segment.closeReader();
      const gonePath = `${segment.path}.gone`;
      await this.#parts.files.rename(segment.path, gonePath);
      await this.#keepLog(segment, gonePath);
      await this.#parts.files.removeTree(gonePath);
    } catch (error) {
      this.#parts.logger.warning(`could not delete segment ${segment.name}: ${errorText(error)}`, { error });
    }
  }
}

/** CRC-32 of a range of the log, read in pieces. */
async function crcOf(file: OpenFile, from: number, length: number): Promise<number> {
  let crc = 0;
  const buffer = Buffer.allocUnsafe(Math.min(length, 256 * 1024));
  for (let at = 0; at < length; at += buffer.length) {
    const count = await file.read(buffer.subarray(0, Math.min(buffer.length, length - at)), from + at);
    if (count === 0) break;
    crc = crc32(buffer.subarray(0, count), crc);
  }
  return crc;
}
