// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { ByteBudget } from '../lib/byte-budget.ts';
import type { Files, OpenFile } from '../lib/files.ts';
import { isJsonObject } from '../lib/json.ts';
import { FreshEntries, type FreshEntry } from './fresh-entries.ts';
import { Marks, readMarks } from './marks.ts';
import { readPiece, type SegmentPiece } from './read-segment.ts';
import { headerBytes, recordLength } from './record.ts';

const namePattern = /^(\d{13,15})-([0-9a-f]{16})$/;

/** `<ms since 1970>-<nonce>`: names sort by age, also between directories. */
export function segmentName(createdMs: number, nonce: Uint8Array): string {
  return `${String(createdMs).padStart(13, '0')}-${Buffer.from(nonce).toString('hex')}`;
}

export function isSegmentName(name: string): boolean {
  return namePattern.test(name);
}

/** Totals of a segment that was closed in order; the last record of its log. */
interface Seal {
  readonly entryCount: number;
  readonly sizeBytes: number;
}

/**
 * One directory of the spool: `log` (records, see record.ts), `done` (marks, see marks.ts) and `body-*` (bodies above
 * the inline threshold). This is its reading side: what was handed out, what is left, and when it may go.
 */
export class Segment {
  readonly name: string;
  readonly path: string;
  readonly nonce: Buffer;
  readonly createdMs: number;
  readonly marks: Marks;
  /** Entries of this run that are still in memory. */
  readonly fresh: FreshEntries;
  removed = new Set<number>();
  notes = new Map<number, Set<string>>();

  /** Bytes of the log that may be read: all of it, or for the segment being written what is synced. */
  readableBytes = 0;
  /** Nothing is appended any more. */
  isClosed = false;
  isReadToEnd = false;
  /** A damaged entry could not be set aside: the segment must stay. */
  mustStay = false;
  unreadCount = 0;
  outstandingCount = 0;
  liveBytes = 0;

  readonly #files: Files;
  #cursor = 0;
  #reader: { file: OpenFile; users: number } | null = null;

  constructor(files: Files, directory: string, name: string, freshBudget = new ByteBudget(0)) {
    const match = namePattern.exec(name);
    if (!match) throw new Error(`not the name of a segment: ${name}`);
    this.#files = files;
    this.name = name;
    this.path = join(directory, name);
    this.createdMs = Number(match[1]);
    this.nonce = Buffer.from(match[2] as string, 'hex');
    this.marks = new Marks(files, join(this.path, 'done'));
    this.fresh = new FreshEntries(freshBudget);
  }

  get logPath(): string {
    return join(this.path, 'log');
  }

  get liveCount(): number {
    return this.unreadCount + this.outstandingCount;
  }

  get isDone(): boolean {
    return this.isClosed && this.isReadToEnd && this.outstandingCount === 0 && !this.mustStay;
  }

  /** Reads the marks and, where the segment was closed in order, its totals. Returns false when it must be scanned. */
  async load(): Promise<boolean> {
    const marked = await readMarks(this.#files, join(this.path, 'done'));
    this.removed = marked.removed;
    this.notes = marked.notes;
    this.isClosed = true;
    return this.withLog(async (file) => {
      this.readableBytes = await file.sizeBytes();
      const seal = await this.#readSeal(file);
      if (!seal) return false;
      this.unreadCount = Math.max(0, seal.entryCount - this.removed.size);
      this.liveBytes = seal.entryCount > 0 ? (seal.sizeBytes * this.unreadCount) / seal.entryCount : 0;
      return true;
    });
  }

  /** The next entry, if it is still in memory; otherwise `readNext` says what comes next. */
  takeFresh(): FreshEntry | null {
    const entry = this.fresh.take(this.#cursor);
    if (entry) this.#cursor += recordLength(entry.header);
    return entry;
  }

  /** The next piece of the log, in order; `end` while nothing more is readable. */
  async readNext(): Promise<SegmentPiece> {
    const piece = await this.readAt(this.#cursor);
    if (piece.kind !== 'end') this.#cursor = piece.to;
    return piece;
  }

  readAt(offset: number): Promise<SegmentPiece> {
    if (offset >= this.readableBytes) return Promise.resolve({ kind: 'end' });
    return this.withLog((file) => readPiece(file, this.nonce, offset, this.readableBytes));
  }

  /** The log was read to its end: begins anew, and what may stand behind the end is not read again. */
  rewind(): void {
    this.readableBytes = this.#cursor;
    this.#cursor = 0;
  }

  /** Runs with the log open for reading; it stays open until the cursor has passed the segment. */
  async withLog<T>(action: (file: OpenFile) => Promise<T>): Promise<T> {
    const reader = (this.#reader ??= { file: await this.#files.open(this.logPath, 'read'), users: 0 });
    reader.users += 1;
    try {
      return await action(reader.file);
    } finally {
      reader.users -= 1;
      if (this.isReadToEnd) await this.closeReader();
    }
  }

  async closeReader(): Promise<void> {
    const reader = this.#reader;
    if (!reader || reader.users > 0) return;
    this.#reader = null;
    await reader.file.close();
  }

  async #readSeal(file: OpenFile): Promise<Seal | null> {
    const offset = this.readableBytes - sealRecordBytes;
    const piece = offset >= 0 ? await readPiece(file, this.nonce, offset, this.readableBytes) : null;
    return piece?.kind === 'record' && piece.header.type === 'seal' ? decodeSeal(piece.meta) : null;
  }
}

const sealMetaBytes = 64;
const sealRecordBytes = headerBytes + sealMetaBytes;

/** The totals in a fixed length, so that the record is found from the end of the log. */
export function encodeSeal(seal: Seal): Buffer {
  return Buffer.from(JSON.stringify(seal).padEnd(sealMetaBytes));
}

function decodeSeal(meta: Buffer): Seal | null {
  const value: unknown = JSON.parse(meta.toString());
  if (!isJsonObject(value)) return null;
  const { entryCount, sizeBytes } = value;
  return typeof entryCount === 'number' && typeof sizeBytes === 'number' ? { entryCount, sizeBytes } : null;
}
