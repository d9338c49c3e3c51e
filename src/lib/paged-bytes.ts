// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Bodies of requests in pages of one size that go round. A buffer of its own for each piece that a socket delivers is
// memory outside of V8's heap, which it collects by marking all of the heap: at a hundred reports a second several times
// a second, and each new buffer is cold.

export const pageBytes = 32 * 1024;

/** Free pages that are kept: 16 MiB, what thirty usual reports take. */
const freePagesMax = 512;

const freePages: Buffer[] = [];

function takePage(): Buffer {
  return freePages.pop() ?? Buffer.allocUnsafeSlow(pageBytes);
}

/**
 * Bytes that grow at their end, in pages of the process's pool. Whoever is to read them later holds them (`retain`); when
 * the last holder has released them their pages are used for other bytes, so that a view must not be read any more.
 */
export class PagedBytes {
  #lengthBytes = 0;
  #pages: Buffer[] = [];
  #holders = 1;
  #isAbandoned = false;

  /** So many bytes of any value, for a reader to fill (`pieces`). */
  static ofLength(lengthBytes: number): PagedBytes {
    const bytes = new PagedBytes();
    while (bytes.heldBytes < lengthBytes) bytes.#pages.push(takePage());
    bytes.#lengthBytes = lengthBytes;
    return bytes;
  }

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  /** Memory that they take: whole pages. */
  get heldBytes(): number {
    return this.#pages.length * pageBytes;
  }

  /** Copies them. */
  append(bytes: Uint8Array): void {
    this.#requireHeld();
    for (let at = 0; at < bytes.length; ) {
      const used = this.#lengthBytes % pageBytes;
      if (used === 0) this.#pages.push(takePage());
      const count = Math.min(pageBytes - used, bytes.length - at);
      (this.#pages.at(-1) as Buffer).set(bytes.subarray(at, at + count), used);
      this.#lengthBytes += count;
      at += count;
    }
  }

  /** Views of all the bytes, in order. */
  pieces(): Buffer[] {
    return this.range(0, this.#lengthBytes);
  }

  /** Views of the bytes `[from, to)`, which must lie within. */
  range(from: number, to: number): Buffer[] {
    this.#requireHeld();
    if (from < 0 || to < from || to > this.#lengthBytes) throw new RangeError(`bytes ${from} to ${to} are not there`);
    const pieces: Buffer[] = [];
    for (let at = from; at < to; ) {
      const start = at % pageBytes;
      const end = Math.min(pageBytes, start + to - at);
      pieces.push((this.#pages[Math.floor(at / pageBytes)] as Buffer).subarray(start, end));
      at += end - start;
    }
    return pieces;
  }

  /** Copies all of them to the begin of a buffer that is large enough; returns them there. */
  copyTo(target: Buffer): Buffer {
    let length = 0;
    for (const piece of this.pieces()) length += piece.copy(target, length);
    return target.subarray(0, length);
  }

  /** One more holder. */
  retain(): this {
    this.#requireHeld();
    this.#holders += 1;
    return this;
  }

  /** One holder less; the last one gives the pages back. */
  release(): void {
    this.#requireHeld();
    this.#holders -= 1;
    if (this.#holders > 0) return;
    const pages = this.#pages;
    this.#pages = [];
    this.#lengthBytes = 0;
    if (this.#isAbandoned) return;
    for (const page of pages) if (freePages.length < freePagesMax) freePages.push(page);
  }

  /** Somebody may still read them after the last release: their pages are never used again. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  #requireHeld(): void {
    if (this.#holders === 0) throw new Error('the bytes were released');
  }
}
