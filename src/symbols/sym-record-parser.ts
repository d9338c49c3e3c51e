// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { symbolLimits } from './limits.ts';
import type { SymSink } from './sym-sink.ts';

const lineBytesMax = symbolLimits.symLineBytesMax.value;
const [newline, carriageReturn, space, minus] = [10, 13, 32, 45];
const addressSpace = 2 ** 32;
/** Value of each hex digit, 255 for every other byte. */
const hexValues = new Uint8Array(256).fill(255);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  hexValues[digit.charCodeAt(0)] = value;
  hexValues[digit.toUpperCase().charCodeAt(0)] = value;
}
const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const keywords = {
  module: ascii('MODULE '),
  info: ascii('INFO '),
  file: ascii('FILE '),
  func: ascii('FUNC '),
  multiple: ascii('m '),
  inline: ascii('INLINE '),
  origin: ascii('INLINE_ORIGIN '),
  public: ascii('PUBLIC '),
  cfiInit: ascii('STACK CFI INIT '),
  cfi: ascii('STACK CFI '),
  win: ascii('STACK WIN '),
};
const utf8 = new TextDecoder();

/** Thrown and caught inside this file only: the line at hand cannot be read. */
class BadLine extends Error {}

/**
 * Reads whole lines by bytes (stackwalker.md §6). The newline at the end of each line is the sentinel that stops every
 * scan, so no scan checks a length.
 */
export class SymRecordParser {
  lines = 0;
  badLines = 0;
  readonly #sink: SymSink;
  #bytes: Uint8Array = new Uint8Array(0);
  #pos = 0;
  #hasModule = false;
  readonly #winFields = new Float64Array(8);

  constructor(sink: SymSink) {
    this.#sink = sink;
  }

  /** `bytes[to - 1]` must be a newline. */
  parseLines(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes;
    this.#pos = from;
    while (this.#pos < to) {
      const start = this.#pos;
      this.lines++;
      try {
        if (!this.#readLineRecord()) this.#readRecord(start);
      } catch (error) {
        if (!(error instanceof BadLine)) throw error;
        this.#bad(error.message);
        this.#pos = bytes.indexOf(newline, start) + 1;
      }
    }
  }

  skipOverlongLine(): void {
    this.lines++;
    this.#bad(`a line of more than ${lineBytesMax} bytes`);
  }

  #bad(message: string): void {
    this.badLines++;
    if (this.badLines <= symbolLimits.symProblemsMax.value) this.#sink.problem(this.lines, message);
  }

  /**
   * `address size line file`: seven of ten lines of a large file are of this kind, hence the one loop with locals.
   * False = some other record, nothing consumed.
   */
  #readLineRecord(): boolean {
    const bytes = this.#bytes;
    let at = this.#pos;
    let digit = hexValues[bytes[at]!]!;
    let address = 0;
    const start = at;
    for (; digit < 16; digit = hexValues[bytes[++at]!]!) address = address * 16 + digit;
    if (at === start || at - start > 16 || bytes[at] !== space) return false;
    while (bytes[++at] === space);
    let size = 0;
    const sizeStart = at;
    for (digit = hexValues[bytes[at]!]!; digit < 16; digit = hexValues[bytes[++at]!]!) size = size * 16 + digit;
    this.#pos = at;
    if (at === sizeStart || at - sizeStart > 16) throw new BadLine('a line record needs a size in hex');
    this.#requireSpace();
    const line = this.#decimal('line number');
    this.#requireSpace();
    const file = this.#decimal('file id');
    this.#requireEnd();
    if (address + size > addressSpace) throw new BadLine('an address beyond 4 GiB');
    if (!this.#sink.line(address, size, line, file)) throw new BadLine('a line record outside a FUNC');
    return true;
  }

  #readRecord(lineStart: number): void {
    const bytes = this.#bytes;
    const lineEnd = bytes.indexOf(newline, lineStart);
    let end = lineEnd;
    while (end > lineStart && bytes[end - 1] === carriageReturn) end--;
    if (end - lineStart > lineBytesMax) throw new BadLine(`a line of more than ${lineBytesMax} bytes`);
    if (end > lineStart) this.#dispatch(end);
    this.#pos = lineEnd + 1;
  }

  #dispatch(end: number): void {
    if (this.#skip(keywords.func)) this.#readFunc(end);
    else if (this.#skip(keywords.inline)) this.#readInline(end);
    else if (this.#skip(keywords.cfiInit)) this.#readCfiInit(end);
    else if (this.#skip(keywords.cfi)) this.#readCfiDelta(end);
    else if (this.#skip(keywords.public)) this.#readPublic(end);
    else if (this.#skip(keywords.win)) this.#readWin(end);
    else if (this.#skip(keywords.file)) this.#readFile(end);
    else if (this.#skip(keywords.origin)) this.#readOrigin(end);
    else if (this.#skip(keywords.info)) this.#sink.info(utf8.decode(this.#bytes.subarray(this.#pos, end)));
    else if (this.#skip(keywords.module)) this.#readModule(end);
    else throw new BadLine('not a record of a symbol file');
  }

  #readModule(end: number): void {
    if (this.#hasModule) throw new BadLine('a second MODULE record');
    const text = utf8.decode(this.#bytes.subarray(this.#pos, end));
    const match = /^ *([^ ]+) +([^ ]+) +([0-9A-Fa-f]+) +(.+)$/s.exec(text);
    if (!match) throw new BadLine('MODULE needs an operating system, an architecture, a hex id and a name');
    this.#hasModule = true;
    this.#sink.module(match[1]!, match[2]!, match[3]!, match[4]!);
  }

  #readFile(end: number): void {
    const id = this.#decimal('file id');
    this.#sink.file(id, this.#bytes, this.#textStart(end), end);
  }

  /** Old files (2021) have the file id of the origin before its name; it is dropped, as no line record needs it. */
  #readOrigin(end: number): void {
    const id = this.#decimal('origin id');
    const start = this.#textStart(end);
    const bytes = this.#bytes;
    let at = bytes[start] === minus ? start + 1 : start;
    while (hexValues[bytes[at]!]! < 10) at++;
    const hasFileId = at > start && bytes[at] === space && at + 1 < end;
    this.#sink.origin(id, bytes, hasFileId ? at + 1 : start, end);
  }

  #readFunc(end: number): void {
    this.#sink.beginFunc();
    const isMultiple = this.#skip(keywords.multiple);
    const address = this.#hex('address');
    this.#requireSpace();
    const size = this.#hex('size');
    this.#requireSpace();
    const parameterSize = this.#hex32('parameter size');
    if (address + size > addressSpace) throw new BadLine('an address beyond 4 GiB');
    this.#sink.func(address, size, parameterSize, isMultiple, this.#bytes, this.#textStart(end), end);
  }

  #readPublic(end: number): void {
    const isMultiple = this.#skip(keywords.multiple);
    const address = this.#hex('address');
    this.#requireSpace();
    const parameterSize = this.#hex32('parameter size');
    if (address >= addressSpace) throw new BadLine('an address beyond 4 GiB');
    this.#sink.public(address, parameterSize, isMultiple, this.#bytes, this.#textStart(end), end);
  }

  /** New style `depth line file origin (address size)+`; old style without the file: the number of fields tells. */
  #readInline(end: number): void {
    const hasCallFile = this.#countFields(end) % 2 === 0;
    const depth = this.#decimal('depth');
    this.#requireSpace();
    const callLine = this.#decimal('line number');
    this.#requireSpace();
    let callFile = -1;
    if (hasCallFile) {
      callFile = this.#decimal('file id');
      this.#requireSpace();
    }
    const origin = this.#decimal('origin id');
    if (depth >= symbolLimits.inlineDepthMax.value) throw new BadLine('an inline depth beyond the limit');
    let ranges = 0;
    for (; this.#skipSpaces() < end; ranges++) {
      const address = this.#hex('address');
      this.#requireSpace();
      const size = this.#hex('size');
      if (address + size > addressSpace) throw new BadLine('an address beyond 4 GiB');
      if (!this.#sink.inline(depth, callLine, callFile, origin, address, size))
        throw new BadLine('an INLINE record outside a FUNC');
    }
    if (ranges === 0) throw new BadLine('INLINE needs an address and a size');
  }

  #readCfiInit(end: number): void {
    const address = this.#hex('address');
    this.#requireSpace();
    const size = this.#hex('size');
    if (address + size > addressSpace) throw new BadLine('an address beyond 4 GiB');
    this.#sink.cfiInit(address, size, this.#bytes, this.#textStart(end), end);
  }

  #readCfiDelta(end: number): void {
    const address = this.#hex('address');
    if (address >= addressSpace) throw new BadLine('an address beyond 4 GiB');
    if (!this.#sink.cfiDelta(address, this.#bytes, this.#textStart(end), end))
      throw new BadLine('STACK CFI without a STACK CFI INIT before it');
  }

  #readWin(end: number): void {
    const type = this.#hex('type');
    for (let field = 0; field < 8; field++) {
      this.#requireSpace();
      this.#winFields[field] = this.#hex32('number');
    }
    this.#requireSpace();
    const hasProgram = this.#hex('program flag') !== 0;
    const start = this.#textStart(end);
    // 1 (trap), 2 (task) and 3 (standard) exist in PDBs and are of no use for unwinding.
    if (type !== 0 && type !== 4) return;
    if (hasProgram !== (type === 4)) throw new BadLine('STACK WIN whose program flag does not fit its type');
    if (this.#winFields[0]! + this.#winFields[1]! > addressSpace) throw new BadLine('an address beyond 4 GiB');
    this.#sink.win(type === 4, this.#winFields, this.#bytes, start, end);
  }

  /** Steps over `keyword` if it stands here. */
  #skip(keyword: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.#pos;
    for (let i = 0; i < keyword.length; i++) if (bytes[at + i] !== keyword[i]) return false;
    this.#pos = at + keyword.length;
    return true;
  }

  #skipSpaces(): number {
    while (this.#bytes[this.#pos] === space) this.#pos++;
    return this.#pos;
  }

  #requireSpace(): void {
    if (this.#bytes[this.#pos] !== space) throw new BadLine('a field is missing');
    this.#skipSpaces();
  }

  #requireEnd(): void {
    this.#skipSpaces();
    while (this.#bytes[this.#pos] === carriageReturn) this.#pos++;
    if (this.#bytes[this.#pos] !== newline) throw new BadLine('text after the last field');
    this.#pos++;
  }

  /** Start of the last field, which runs to the line's end and may be empty. */
  #textStart(end: number): number {
    const at = this.#pos;
    if (at < end && this.#bytes[at] !== space) throw new BadLine('a field is not a number');
    return Math.min(at + 1, end);
  }

  #countFields(end: number): number {
    const bytes = this.#bytes;
    let fields = 0;
    for (let at = this.#pos; at < end; at++)
      if (bytes[at] !== space && (at === this.#pos || bytes[at - 1] === space)) fields++;
    return fields;
  }

  #hex(what: string): number {
    this.#skipSpaces();
    const bytes = this.#bytes;
    const start = this.#pos;
    let value = 0;
    let at = start;
    for (let digit = hexValues[bytes[at]!]!; digit < 16; digit = hexValues[bytes[++at]!]!) value = value * 16 + digit;
    this.#pos = at;
    if (at === start || at - start > 16) throw new BadLine(`${what}: not a hex number`);
    return value;
  }

  #hex32(what: string): number {
    const value = this.#hex(what);
    if (value >= addressSpace) throw new BadLine(`${what}: more than 32 bits`);
    return value;
  }

  /** Decimal below 2^32. Negative ones occur (`-1` = unknown) and read as 0. */
  #decimal(what: string): number {
    const bytes = this.#bytes;
    const isNegative = bytes[this.#pos] === minus;
    const start = isNegative ? this.#pos + 1 : this.#pos;
    let value = 0;
    let at = start;
    for (let digit = hexValues[bytes[at]!]!; digit < 10; digit = hexValues[bytes[++at]!]!) value = value * 10 + digit;
    this.#pos = at;
    if (at === start || at - start > 10 || value >= addressSpace) throw new BadLine(`${what}: not a decimal number`);
    return isNegative ? 0 : value;
  }
}
