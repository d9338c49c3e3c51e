// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { crc32 } from 'node:zlib';
import { damaged, headerBytes, pageBytes, pageWords } from './index-format.ts';
import { symbolLimits } from './limits.ts';

/** Words of all pages stay below 2^32, so shifts and masks do for a division. */
const pageShift = Math.log2(pageWords);

/** Bytes at positions, as a file descriptor or a buffer gives them. Returns how many bytes were read. */
export interface IndexSource {
  readonly sizeBytes: number;
  read(target: Uint8Array, position: number): number;
  close(): void;
}

const sparePagesMax = 64;

interface HeldPage {
  readonly owner: IndexPages;
  readonly page: number;
}

/** Pages of all open indexes of this process, under one byte limit; the least recently used go first, by second chance. */
export class PageCache {
  readonly #sizeBytesMax: number;
  #held: HeldPage[] = [];
  /** Entries before this one have been dealt with; the array is cut when half of it is. */
  #hand = 0;
  sizeBytes = 0;
  readonly #spare: Uint32Array[] = [];

  constructor(sizeBytesMax: number = symbolLimits.pageCacheBytesMax.value) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** Room for one page: that of an evicted one if there is, so that eviction leaves no garbage. */
  room(): Uint32Array {
    return this.#spare.pop() ?? new Uint32Array(pageWords);
  }

  admit(owner: IndexPages, page: number): void {
    this.#held.push({ owner, page });
    this.sizeBytes += pageBytes;
    while (this.sizeBytes > this.#sizeBytesMax && this.#hand < this.#held.length) this.#sweep();
    if (this.#hand > 1024 && this.#hand * 2 > this.#held.length) {
      this.#held = this.#held.slice(this.#hand);
      this.#hand = 0;
    }
  }

  #sweep(): void {
    const { owner, page } = this.#held[this.#hand++]!;
    const verdict = owner.release(page);
    if (verdict === 'used') this.#held.push({ owner, page });
    else {
      this.sizeBytes -= pageBytes;
      if (verdict && this.#spare.length < sparePagesMax) this.#spare.push(verdict);
    }
  }
}

/** The pages of one index, read and checked when first touched. Throws `symbol_index_damaged`. */
export class IndexPages {
  readonly #source: IndexSource;
  readonly #crcs: Uint32Array;
  readonly #cache: PageCache;
  readonly #pages: (Uint32Array | undefined)[];
  readonly #wasUsed: Uint8Array;
  #isClosed = false;

  constructor(source: IndexSource, crcs: Uint32Array, cache: PageCache) {
    this.#source = source;
    this.#crcs = crcs;
    this.#cache = cache;
    this.#pages = new Array(crcs.length);
    this.#wasUsed = new Uint8Array(crcs.length);
  }

  /** The 32-bit number at that place, counted in words from the first page. */
  word(at: number): number {
    return this.#page(at >>> pageShift)[at & (pageWords - 1)]!;
  }

  /** A copy of bytes, counted from the first page. */
  bytes(at: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const page = Math.floor((at + done) / pageBytes);
      const from = (at + done) % pageBytes;
      const part = new Uint8Array(this.#page(page).buffer, from, Math.min(length - done, pageBytes - from));
      copy.set(part, done);
      done += part.length;
    }
    return copy;
  }

  /** Lets go of a page unless it was used since it was last asked; gives back its room. Nobody keeps a page itself. */
  release(page: number): 'used' | Uint32Array | undefined {
    if (this.#wasUsed[page] === 1 && !this.#isClosed) {
      this.#wasUsed[page] = 0;
      return 'used';
    }
    const words = this.#pages[page];
    this.#pages[page] = undefined;
    return words;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pages.fill(undefined);
    this.#source.close();
  }

  #page(page: number): Uint32Array {
    const held = this.#pages[page];
    if (held) {
      this.#wasUsed[page] = 1;
      return held;
    }
    return this.#load(page);
  }

  #load(page: number): Uint32Array {
    if (this.#isClosed) throw damaged('the index is closed');
    if (!(page < this.#crcs.length)) throw damaged(`page ${page} is beyond the end`);
    const words = this.#cache.room();
    const bytes = new Uint8Array(words.buffer);
    const position = headerBytes + page * pageBytes;
    for (let done = 0; done < pageBytes; ) {
      const count = this.#source.read(bytes.subarray(done), position + done);
      if (count === 0) throw damaged(`page ${page} is cut short`);
      done += count;
    }
    if (crc32(bytes) !== this.#crcs[page]) throw damaged(`checksum of page ${page}`);
    this.#pages[page] = words;
    this.#cache.admit(this, page);
    return words;
  }
}
