// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { symbolErrors } from './errors.ts';
import { symbolLimits } from './limits.ts';
import { SymRecordParser } from './sym-record-parser.ts';
import type { SymLineCounts, SymSink } from './sym-sink.ts';

const lineBytesMax = symbolLimits.symLineBytesMax.value;
const newline = 10;

/**
 * Reads a `.sym` text (stackwalker.md §6) and hands every record to `sink`. Bad lines are skipped, counted and reported
 * with their numbers. Memory: one line at most beside the caller's chunks.
 * Throws `sym_too_large`; what the source throws passes through.
 */
export async function parseSym(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  sink: SymSink,
  options: { readonly sizeBytesMax?: number; readonly onProgress?: (bytesDone: number) => void } = {},
): Promise<SymLineCounts> {
  const splitter = new SymLineSplitter(sink, options.sizeBytesMax);
  for await (const chunk of source) {
    splitter.push(chunk);
    options.onProgress?.(splitter.sizeBytes);
  }
  return splitter.finish();
}

/**
 * Cuts chunks at line ends. Whole lines are parsed where they lie in the chunk; only a line that crosses chunks is
 * copied, and one over the limit is dropped without being held.
 */
export class SymLineSplitter {
  readonly #parser: SymRecordParser;
  readonly #sizeBytesMax: number;
  /** The start of a line whose end has not come yet. */
  readonly #carry = new Uint8Array(lineBytesMax + 1);
  #carryLength = 0;
  #isSkipping = false;
  sizeBytes = 0;

  constructor(sink: SymSink, sizeBytesMax: number = symbolLimits.symSizeBytesMax.value) {
    this.#parser = new SymRecordParser(sink);
    this.#sizeBytesMax = sizeBytesMax;
  }

  push(chunk: Uint8Array): void {
    this.sizeBytes += chunk.length;
    if (this.sizeBytes > this.#sizeBytesMax)
      throw new SalvageError(symbolErrors.sym_too_large, `more than ${this.#sizeBytesMax} bytes of symbols`);
    let from = 0;
    if (this.#carryLength > 0 || this.#isSkipping) {
      const lineEnd = chunk.indexOf(newline);
      this.#keep(chunk, 0, lineEnd < 0 ? chunk.length : lineEnd);
      if (lineEnd < 0) return;
      this.#endCarriedLine();
      from = lineEnd + 1;
    }
    const to = chunk.lastIndexOf(newline) + 1;
    if (to > from) this.#parser.parseLines(chunk, from, to);
    this.#keep(chunk, Math.max(from, to), chunk.length);
  }

  finish(): SymLineCounts {
    if (this.#carryLength > 0 || this.#isSkipping) this.#endCarriedLine();
    return { lines: this.#parser.lines, badLines: this.#parser.badLines, sizeBytes: this.sizeBytes };
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    if (this.#isSkipping || from === to) return;
    if (this.#carryLength + (to - from) > lineBytesMax) {
      this.#isSkipping = true;
      this.#carryLength = 0;
      return;
    }
    this.#carry.set(chunk.subarray(from, to), this.#carryLength);
    this.#carryLength += to - from;
  }

  #endCarriedLine(): void {
    if (this.#isSkipping) this.#parser.skipOverlongLine();
    else {
      this.#carry[this.#carryLength] = newline;
      this.#parser.parseLines(this.#carry, 0, this.#carryLength + 1);
    }
    this.#isSkipping = false;
    this.#carryLength = 0;
  }
}
