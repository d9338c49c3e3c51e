// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { symbolErrors } from './errors.ts';
import { symbolLimits } from './limits.ts';

/** Below this a table grows eightfold: fewer copies, and no memory to speak of. */
const fastGrowthBytes = 4 * 1024 * 1024;

/** Records of `width` 32-bit numbers, back to back, growing as they come. */
export class RecordTable {
  readonly width: number;
  words: Uint32Array;
  /** Records so far. */
  length = 0;

  constructor(width: number, words: Uint32Array = new Uint32Array(width * 1024)) {
    this.width = width;
    this.words = words;
  }

  /** Makes room for one record and returns the index of its first word. */
  claim(): number {
    const at = this.length * this.width;
    if (at === this.words.length) this.#grow();
    this.length++;
    return at;
  }

  #grow(): void {
    if (this.length >= symbolLimits.symRecordsMax.value)
      throw new SalvageError(
        symbolErrors.sym_too_large,
        `more than ${symbolLimits.symRecordsMax.value} records of a kind`,
      );
    // transfer() reallocates: no second copy of a large column while it grows.
    const buffer = this.words.buffer as ArrayBuffer;
    this.words = new Uint32Array(buffer.transfer(buffer.byteLength * (buffer.byteLength < fastGrowthBytes ? 8 : 2)));
  }
}

/**
 * The distinct texts of a file, each once: a length (u32) and the bytes, back to back. A text is named by the offset of
 * its length; offset 0 is never used and stands for "none".
 */
export class TextTable {
  #bytes = new Uint8Array(64 * 1024);
  #used = 4;
  /** Open addressing, two words a slot: the offset (0 = free) and the hash, which spares most comparisons of bytes. */
  #slots = new Uint32Array(2 * 16 * 1024);
  #count = 0;

  /** The offset of this text, added if it is new. */
  add(source: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const hash = hashOf(source, start, end);
    const mask = this.#slots.length - 1;
    let slot = (hash << 1) & mask;
    for (let offset = this.#slots[slot]!; offset !== 0; offset = this.#slots[slot]!) {
      if (this.#slots[slot + 1] === hash && this.#equals(offset, source, start, length)) return offset;
      slot = (slot + 2) & mask;
    }
    const offset = this.#append(source, start, end);
    this.#slots[slot] = offset;
    this.#slots[slot + 1] = hash;
    if (++this.#count * 4 > this.#slots.length) this.#rehash();
    return offset;
  }

  /** All of it, as it goes to the file. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Order of two texts by their bytes. */
  compare(a: number, b: number): number {
    return Buffer.compare(this.#text(a), this.#text(b));
  }

  #text(offset: number): Uint8Array {
    return this.#bytes.subarray(offset + 4, offset + 4 + this.#lengthAt(offset));
  }

  #lengthAt(offset: number): number {
    const bytes = this.#bytes;
    return bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24);
  }

  #equals(offset: number, source: Uint8Array, start: number, length: number): boolean {
    if (this.#lengthAt(offset) !== length) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) if (bytes[offset + 4 + i] !== source[start + i]) return false;
    return true;
  }

  #append(source: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const offset = this.#used;
    while (offset + 4 + length > this.#bytes.length) this.#grow();
    const bytes = this.#bytes;
    for (let i = 0; i < 4; i++) bytes[offset + i] = length >>> (8 * i);
    if (length > 32) bytes.set(source.subarray(start, end), offset + 4);
    else for (let i = 0; i < length; i++) bytes[offset + 4 + i] = source[start + i]!;
    this.#used = offset + 4 + length;
    return offset;
  }

  #grow(): void {
    if (this.#bytes.length >= symbolLimits.symTextBytesMax.value)
      throw new SalvageError(
        symbolErrors.sym_too_large,
        `more than ${symbolLimits.symTextBytesMax.value} bytes of names`,
      );
    this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(this.#bytes.length * 2));
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 4);
    const mask = this.#slots.length - 1;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue;
      let slot = (old[from + 1]! << 1) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 2) & mask;
      this.#slots[slot] = old[from]!;
      this.#slots[slot + 1] = old[from + 1]!;
    }
  }
}

/** FNV-1a with a last mix, so that the low bits depend on all bytes. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let h = 0x811c9dc5;
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  h ^= h >>> 15;
  return Math.imul(h, 0x85ebca6b) >>> 1;
}

/**
 * Ids of a file's FILE or INLINE_ORIGIN records to offsets of their texts. Ids are sparse and hostile (up to 2^32), so
 * only small ones live in an array.
 */
export class IdTable {
  #small = new Uint32Array(1024);
  readonly #large = new Map<number, number>();
  length = 0;

  /** The first record of an id counts. */
  set(id: number, textOffset: number): void {
    if (this.get(id) !== 0) return;
    this.length++;
    if (id >= smallIdsMax) {
      this.#large.set(id, textOffset);
      return;
    }
    while (id >= this.#small.length) {
      const grown = new Uint32Array(this.#small.length * 2);
      grown.set(this.#small);
      this.#small = grown;
    }
    this.#small[id] = textOffset;
  }

  /** 0 if there is no such record. */
  get(id: number): number {
    return id < this.#small.length ? this.#small[id]! : (this.#large.get(id) ?? 0);
  }
}

/** 16 MiB of array at most; real files number their sources from 0. */
const smallIdsMax = 4 * 1024 * 1024;
