// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { crc32 } from 'node:zlib';
import { pageBytes, pageWords, type Section } from './index-format.ts';

/** Where the pages go, in order. */
export interface PageTarget {
  append(bytes: Uint8Array): void;
}

const pagesPerWrite = 16;
const bufferWords = pagesPerWrite * pageWords;
/** Room for one record that crosses the end of the buffer. */
const slackWords = 64;
const alignWords = 16;

/** Lays 32-bit records into pages of 16 KiB with their checksums. */
export class PageWriter {
  readonly pageCrcs: number[] = [];
  /** The buffer to write into at the index that `claim` returns. */
  words = new Uint32Array(bufferWords + slackWords);
  #used = 0;
  #flushedWords = 0;
  #sectionStart = 0;
  readonly #target: PageTarget;

  constructor(target: PageTarget) {
    this.#target = target;
  }

  /** Index in `words` for a record of so many words; valid until the next call. */
  claim(width: number): number {
    if (this.#used >= bufferWords) this.#flush(bufferWords);
    const at = this.#used;
    this.#used = at + width;
    return at;
  }

  beginSection(): void {
    while (this.#used % alignWords !== 0) this.words[this.claim(1)] = 0;
    this.#sectionStart = this.#flushedWords + this.#used;
  }

  /** The section begun last, with the count given or the words written since as records of `width`. */
  endSection(width: number, count: number = (this.#flushedWords + this.#used - this.#sectionStart) / width): Section {
    return { wordOffset: this.#sectionStart, count };
  }

  /** Copies bytes, padded with zeros to a whole word. */
  writeBytes(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const at = this.claim(0);
      const length = Math.min(bytes.length - from, (bufferWords - at) * 4);
      const target = new Uint8Array(this.words.buffer, at * 4);
      target.set(bytes.subarray(from, from + length));
      const wordsUsed = Math.ceil(length / 4);
      target.fill(0, length, wordsUsed * 4);
      this.#used += wordsUsed;
      from += length;
    }
  }

  /** Writes what is left, zeros to the page end. */
  finish(): void {
    if (this.#used > bufferWords) this.#flush(bufferWords);
    const whole = Math.ceil(this.#used / pageWords) * pageWords;
    this.words.fill(0, this.#used, whole);
    this.#used = whole;
    this.#flush(whole);
  }

  #flush(count: number): void {
    const bytes = new Uint8Array(this.words.buffer, 0, count * 4);
    for (let at = 0; at < bytes.length; at += pageBytes) this.pageCrcs.push(crc32(bytes.subarray(at, at + pageBytes)));
    if (count > 0) this.#target.append(bytes);
    this.words.copyWithin(0, count, this.#used);
    this.#used -= count;
    this.#flushedWords += count;
  }
}
