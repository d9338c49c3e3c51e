// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Dump } from '../crash/dump.ts';
import { readRange } from '../lib/durable-files.ts';
import { SalvageError } from '../lib/errors.ts';
import type { Files } from '../lib/files.ts';
import { gunzipStream } from '../lib/gunzip.ts';
import { PagedBytes } from '../lib/paged-bytes.ts';
import { spoolErrors } from './errors.ts';
import { inflate, inflateSmall } from './inflate.ts';
import { spoolLimits } from './limits.ts';
import { bodyOffset } from './record.ts';
import type { SpoolEntry, SpooledDump, SpoolHead } from './spool.ts';
import type { ReadEntry } from './spool-directory.ts';

export interface EntryActions {
  release(entry: ReadEntry, delayMs: number): void;
  /** Removed or set aside. */
  settled(entry: ReadEntry): void;
}

/**
 * An entry in the mover's hands. A fresh one has its body in memory; else bodies of usual size are read once. Either is
 * inflated once and kept until the entry goes.
 */
export class SpooledEntry implements SpoolEntry {
  readonly head: SpoolHead;
  readonly bodySizeBytes: number;
  readonly dumps: readonly Dump[];
  readonly #files: Files;
  readonly #entry: ReadEntry;
  readonly #actions: EntryActions;
  #body: Promise<PagedBytes> | null = null;
  #decoded: Promise<PagedBytes | null> | null = null;
  /** What of it is in memory. */
  readonly #held: PagedBytes[] = [];
  #openReaders = 0;
  #isGone = false;

  constructor(files: Files, entry: ReadEntry, actions: EntryActions) {
    this.#files = files;
    this.#entry = entry;
    this.#actions = actions;
    if (entry.body) this.#body = Promise.resolve(this.#hold(entry.body));
    this.head = entry.head;
    this.bodySizeBytes = entry.header.bodyLength;
    this.dumps = this.cutDumps(entry.head.dumps ?? []);
  }

  cutDumps(ranges: readonly SpooledDump[]): Dump[] {
    return ranges.map((range) => ({
      name: range.name,
      sizeBytes: range.sizeBytes,
      sha256: range.sha256,
      open: () => this.#openDump(range),
    }));
  }

  get doneSteps(): ReadonlySet<string> {
    return this.#entry.place.segment.notes.get(this.#entry.place.offset) ?? new Set();
  }

  async noteStep(step: string): Promise<void> {
    const { segment, offset } = this.#entry.place;
    const name = step.slice(0, spoolLimits.noteCharactersMax.value);
    segment.notes.set(offset, new Set([...(segment.notes.get(offset) ?? []), name]));
    await segment.marks.note(offset, name);
  }

  async *openBody(): AsyncGenerator<Uint8Array> {
    if (this.#entry.bodyFileName === null) {
      yield* this.#read(await this.#wholeBody(), 0, this.bodySizeBytes);
      return;
    }
    let crc = 0;
    for await (const chunk of readRange(this.#files, this.#bodyPath, 0, this.bodySizeBytes)) {
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (crc !== this.#entry.header.bodyCrc) throw damaged('wrong checksum of the body');
  }

  async *openDecodedBody(): AsyncGenerator<Uint8Array> {
    const whole = await this.#decodedBody();
    if (whole) yield* this.#read(whole, 0, whole.lengthBytes);
    else if (this.head.encoding === 'identity') yield* this.openBody();
    else yield* gunzipStream(this.openBody());
  }

  async remove(): Promise<void> {
    this.#forgetBytes(this.#openReaders > 0);
    this.#actions.settled(this.#entry);
    await this.#entry.place.directory.remove(this.#entry);
  }

  release(delayMs: number): void {
    // What failed may not have ended everywhere: an attempt that was given up can still be reading.
    this.#forgetBytes(true);
    this.#actions.release(this.#entry, delayMs);
  }

  async setAside(reason: string): Promise<void> {
    this.#forgetBytes(true);
    this.#actions.settled(this.#entry);
    await this.#entry.place.directory.setAsideEntry(this.#entry, reason);
  }

  get #bodyPath(): string {
    return join(this.#entry.place.segment.path, this.#entry.bodyFileName ?? '');
  }

  #hold(bytes: PagedBytes): PagedBytes {
    if (!this.#isGone) this.#held.push(bytes);
    return bytes;
  }

  #forgetBytes(areReadOn: boolean): void {
    this.#isGone = true;
    for (const bytes of this.#held.splice(0)) {
      if (areReadOn) bytes.abandon();
      bytes.release();
    }
    this.#body = null;
    this.#decoded = null;
  }

  /** The views are whole while this runs, and after it until the entry is removed. */
  async *#read(bytes: PagedBytes, from: number, to: number): AsyncGenerator<Uint8Array> {
    this.#openReaders += 1;
    try {
      yield* bytes.range(from, to);
    } finally {
      this.#openReaders -= 1;
    }
  }

  async *#openDump(dump: SpooledDump): AsyncGenerator<Uint8Array> {
    const whole = await this.#decodedBody();
    if (!whole) {
      yield* verified(this.#streamDump(dump), dump);
      return;
    }
    const end = dump.offset + dump.sizeBytes;
    if (end > whole.lengthBytes) throw damaged(`dump ${dump.name} lies beyond the body`);
    yield* this.#read(whole, dump.offset, end);
  }

  /** The decoded body where it is small enough to keep, else null: then every dump is streamed. */
  #decodedBody(): Promise<PagedBytes | null> {
    this.#decoded ??= this.#decode();
    return this.#decoded;
  }

  async #decode(): Promise<PagedBytes | null> {
    if (this.#entry.bodyFileName !== null) return null;
    const body = await this.#wholeBody();
    if (this.head.encoding === 'identity') return body;
    const decoded = inflateSmall(body);
    return decoded && this.#hold(decoded);
  }

  #wholeBody(): Promise<PagedBytes> {
    this.#body ??= this.#readBody();
    return this.#body;
  }

  /** The inline body, checked: a disk that lies is found here and not in a storage. */
  async #readBody(): Promise<PagedBytes> {
    const { header, place } = this.#entry;
    const body = PagedBytes.ofLength(header.bodyLength);
    const pieces = body.pieces();
    const count = await place.segment.withLog((file) => file.readv(pieces, bodyOffset(header)));
    const crc = pieces.reduce((sum, piece) => crc32(piece, sum), 0);
    if (count < header.bodyLength || crc !== header.bodyCrc) throw damaged('wrong checksum of the body');
    return this.#hold(body);
  }

  async *#streamDump(dump: SpooledDump): AsyncGenerator<Uint8Array> {
    const { offset, sizeBytes } = dump;
    if (this.head.encoding === 'identity') {
      yield* readRange(this.#files, this.#bodyPath, offset, Math.min(offset + sizeBytes, this.bodySizeBytes));
      return;
    }
    yield* cut(inflate(this.openBody()), offset, sizeBytes);
  }
}

/** The bytes `[offset, offset + sizeBytes)` of a stream; leaves the stream as soon as it has them. */
async function* cut(chunks: AsyncIterable<Uint8Array>, offset: number, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const end = offset + sizeBytes;
  let at = 0;
  if (sizeBytes === 0) return;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, offset - at), Math.max(0, end - at));
    if (piece.length > 0) yield piece;
    at += chunk.length;
    if (at >= end) return;
  }
}

/** Passes a dump on and fails at its end when it is not the one whose checksum the collector wrote down. */
async function* verified(chunks: AsyncIterable<Uint8Array>, dump: SpooledDump): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    sizeBytes += chunk.length;
    yield chunk;
  }
  if (sizeBytes !== dump.sizeBytes || hash.digest('hex') !== dump.sha256)
    throw damaged(`dump ${dump.name} is not the one that was received`);
}

function damaged(message: string): SalvageError {
  return new SalvageError(spoolErrors.spool_damaged, message);
}
