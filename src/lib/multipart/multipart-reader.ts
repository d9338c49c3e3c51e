// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { MultipartError } from './multipart-error.ts';
import { type PartHeaders, parsePartHeaders } from './part-headers.ts';

/** Takes what the reader finds, in order. Offsets count bytes from the start of the body. */
export interface PartSink {
  onPart(headers: PartHeaders, offset: number): void;
  /** The next bytes of the part: a view into what was pushed, valid during the call only. */
  onData(bytes: Buffer): void;
  onPartEnd(offset: number): void;
}

/** RFC 2046 §5.1.1. */
export const boundaryCharactersMax = 70;

/** Falcon's limit, kept: no client comes near it, and without one a header without an end is memory without an end. */
export const partHeaderBytesMax = 8192;

const crlf = Buffer.from('\r\n');
const blankLine = Buffer.from('\r\n\r\n');
const cr = 0x0d;
const lf = 0x0a;
const dash = 0x2d;

type State = 'preamble' | 'delimiter' | 'headers' | 'data' | 'epilogue';

/**
 * Reads a multipart body piece by piece, wherever the pieces are cut, in memory that does not grow with it. Throws
 * MultipartError; after that it must not be used.
 *
 * Strict: CRLF line ends, and the closing delimiter must come. Tolerant: any text before the first and after the last
 * delimiter, and **a part whose next delimiter has no CRLF before it**: Breakpad on Windows since c7acbcef (2022-11)
 * writes the dump and the closing delimiter without one, Breakpad on Mac between two files.
 */
export class MultipartReader {
  readonly #delimiter: Buffer;
  readonly #sink: PartSink;
  #state: State = 'preamble';
  /** Bytes that may be the begin of something; always the last ones pushed. */
  #tail: Buffer | null = null;
  /** Body offset of the first byte of the buffer that is being looked at. */
  #offset = 0;

  constructor(boundary: string, sink: PartSink) {
    this.#delimiter = Buffer.from(`--${boundary}`, 'latin1');
    this.#sink = sink;
  }

  /** True once the closing delimiter came; what follows is ignored. */
  get isComplete(): boolean {
    return this.#state === 'epilogue';
  }

  push(chunk: Buffer): void {
    if (this.#tail === null) {
      this.#keep(chunk, this.#read(chunk));
      return;
    }
    const tail = this.#tail;
    this.#tail = null;
    // Join the tail with only as much of the chunk as settles it, so that a large chunk is not copied.
    const bridgeBytes = Math.min(chunk.length, this.#delimiter.length + blankLine.length);
    const bridge = Buffer.concat([tail, chunk.subarray(0, bridgeBytes)]);
    const read = this.#read(bridge);
    if (read >= tail.length) {
      const rest = chunk.subarray(read - tail.length);
      this.#keep(rest, this.#read(rest));
      return;
    }
    const joined = Buffer.concat([tail.subarray(read), chunk]);
    this.#keep(joined, this.#read(joined));
  }

  /** The body has ended. */
  end(): void {
    if (!this.isComplete) throw new MultipartError('unexpected form structure');
  }

  #keep(buffer: Buffer, read: number): void {
    if (read < buffer.length) this.#tail = Buffer.from(buffer.subarray(read));
  }

  /** Takes as much of the buffer as can be settled without the bytes to come; returns how much. */
  #read(buffer: Buffer): number {
    let position = 0;
    while (position < buffer.length) {
      const next = this.#step(buffer, position);
      if (next === null) break;
      position = next;
    }
    this.#offset += position;
    return position;
  }

  /** One step from `position`; returns the position after it, or null when more bytes are needed. */
  #step(buffer: Buffer, position: number): number | null {
    switch (this.#state) {
      case 'preamble':
        return this.#readPreamble(buffer, position);
      case 'delimiter':
        return this.#readDelimiterEnd(buffer, position);
      case 'headers':
        return this.#readHeaders(buffer, position);
      case 'data':
        return this.#readData(buffer, position);
      case 'epilogue':
        return buffer.length;
    }
  }

  #readPreamble(buffer: Buffer, position: number): number | null {
    const found = buffer.indexOf(this.#delimiter, position);
    if (found >= 0) {
      this.#state = 'delimiter';
      return found + this.#delimiter.length;
    }
    const settled = buffer.length - this.#delimiter.length + 1;
    return settled > position ? settled : null;
  }

  #readDelimiterEnd(buffer: Buffer, position: number): number | null {
    if (buffer.length - position < 2) return null;
    if (isPair(buffer, position, dash, dash)) this.#state = 'epilogue';
    else if (isPair(buffer, position, cr, lf)) this.#state = 'headers';
    else throw new MultipartError('unexpected form structure');
    return position + 2;
  }

  #readHeaders(buffer: Buffer, position: number): number | null {
    // A part without any header: its blank line follows the delimiter line at once.
    if (buffer.length - position < 2) return null;
    const isEmpty = isPair(buffer, position, cr, lf);
    const end = isEmpty ? position : buffer.indexOf(blankLine, position);
    const sizeBytes = (end < 0 ? buffer.length - blankLine.length + 1 : end) - position;
    if (sizeBytes > partHeaderBytesMax) throw new MultipartError('incomplete body part headers');
    if (end < 0) return null;
    const dataStart = end + (isEmpty ? crlf.length : blankLine.length);
    this.#state = 'data';
    this.#sink.onPart(parsePartHeaders(buffer.subarray(position, end)), this.#offset + dataStart);
    return dataStart;
  }

  #readData(buffer: Buffer, position: number): number | null {
    const delimiter = this.#delimiter;
    let from = position;
    for (;;) {
      const found = buffer.indexOf(delimiter, from);
      if (found < 0) return this.#emit(buffer, position, buffer.length - delimiter.length - 1);
      const after = found + delimiter.length;
      if (buffer.length - after < 2) return this.#emit(buffer, position, found - 2);
      const hasLineEnd = found - position >= 2 && isPair(buffer, found - 2, cr, lf);
      if (isPair(buffer, after, cr, lf) || isPair(buffer, after, dash, dash)) {
        const end = hasLineEnd ? found - 2 : found;
        this.#emit(buffer, position, end);
        this.#sink.onPartEnd(this.#offset + end);
        this.#state = 'delimiter';
        return after;
      }
      // On a line of its own it can only be a damaged delimiter; elsewhere it is the client's data.
      if (hasLineEnd) throw new MultipartError('unexpected form structure');
      from = found + 1;
    }
  }

  #emit(buffer: Buffer, start: number, end: number): number | null {
    if (end <= start) return null;
    this.#sink.onData(buffer.subarray(start, end));
    return end;
  }
}

function isPair(buffer: Buffer, position: number, first: number, second: number): boolean {
  return buffer[position] === first && buffer[position + 1] === second;
}
