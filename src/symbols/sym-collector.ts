// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { IdTable, RecordTable, TextTable } from './columns.ts';
import { symbolLimits } from './limits.ts';
import type { SymCounts, SymFacts } from './module-symbols.ts';
import type { SymLineCounts, SymSink } from './sym-sink.ts';

/** A line that was skipped, counted from 1. */
export interface SymProblem {
  readonly line: number;
  readonly message: string;
}

/** Set in the parameter-size word of functions and publics that bear `m`. */
export const multipleFlag = 0x80000000;
/** In place of a file id: the record has none (old INLINE style). */
export const noFileId = 0xffffffff;

/** Fields longer than this are cut in the facts of an index; the longest real ones are paths. */
const factCharactersMax = 4096;

/**
 * Gathers the records of one file in columns of 32-bit numbers, in file order; `index-writer.ts` sorts and writes them.
 * Words of each table are listed beside it.
 */
export class SymCollector implements SymSink {
  readonly texts = new TextTable();
  readonly files = new IdTable();
  readonly origins = new IdTable();
  /** start, size, parameter size | multipleFlag, name, first line, first inline. */
  readonly functions = new RecordTable(6);
  /** start, size, line, file id. */
  readonly lines = new RecordTable(4);
  /** depth, start, size, call line, call file id, origin id. */
  readonly inlines = new RecordTable(6);
  /** address, parameter size | multipleFlag, name. */
  readonly publics = new RecordTable(3);
  /** start, size, rules, first delta. */
  readonly cfiInits = new RecordTable(4);
  /** address, rules. */
  readonly cfiDeltas = new RecordTable(2);
  /** start, size, prologue, epilogue, parameters, saved registers, locals, max stack, program | flag. */
  readonly winFrameData = new RecordTable(9);
  readonly winFpo = new RecordTable(9);
  readonly problems: SymProblem[] = [];
  readonly #header = {
    os: '',
    arch: '',
    debugId: '',
    debugFile: '',
    codeId: null as string | null,
    codeFile: null as string | null,
    generator: null as string | null,
    url: null as string | null,
  };
  #state: 'outside' | 'inside' | 'dropped' = 'outside';

  module(os: string, arch: string, debugId: string, debugFile: string): void {
    Object.assign(this.#header, { os: cut(os), arch: cut(arch), debugId: cut(debugId), debugFile: cut(debugFile) });
  }

  info(text: string): void {
    const [key, value = ''] = splitOnce(cut(text));
    if (key === 'CODE_ID') {
      const [codeId, codeFile = ''] = splitOnce(value);
      this.#header.codeId = codeId.toLowerCase();
      this.#header.codeFile = codeFile || null;
    } else if (key === 'GENERATOR') this.#header.generator = value;
    else if (key === 'URL') this.#header.url = value;
  }

  file(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.files.set(id, this.texts.add(bytes, start, end));
  }

  origin(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.origins.set(id, this.texts.add(bytes, start, end));
  }

  beginFunc(): void {
    this.#state = 'dropped';
  }

  func(
    address: number,
    size: number,
    parameterSize: number,
    isMultiple: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (size === 0) return;
    this.#state = 'inside';
    const name = this.texts.add(bytes, start, end);
    const at = this.functions.claim();
    const words = this.functions.words;
    words[at] = address;
    words[at + 1] = size;
    words[at + 2] = parameters(parameterSize, isMultiple);
    words[at + 3] = name;
    words[at + 4] = this.lines.length;
    words[at + 5] = this.inlines.length;
  }

  line(address: number, size: number, line: number, fileId: number): boolean {
    if (this.#state !== 'inside') return this.#state === 'dropped';
    if (size === 0) return true;
    const at = this.lines.claim();
    const words = this.lines.words;
    words[at] = address;
    words[at + 1] = size;
    words[at + 2] = line;
    words[at + 3] = fileId;
    return true;
  }

  inline(
    depth: number,
    callLine: number,
    callFileId: number,
    originId: number,
    address: number,
    size: number,
  ): boolean {
    if (this.#state !== 'inside') return this.#state === 'dropped';
    if (size === 0) return true;
    const at = this.inlines.claim();
    const words = this.inlines.words;
    words[at] = depth;
    words[at + 1] = address;
    words[at + 2] = size;
    words[at + 3] = callLine;
    words[at + 4] = callFileId < 0 ? noFileId : callFileId;
    words[at + 5] = originId;
    return true;
  }

  public(
    address: number,
    parameterSize: number,
    isMultiple: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#state = 'outside';
    const name = this.texts.add(bytes, start, end);
    const at = this.publics.claim();
    this.publics.words[at] = address;
    this.publics.words[at + 1] = parameters(parameterSize, isMultiple);
    this.publics.words[at + 2] = name;
  }

  cfiInit(address: number, size: number, bytes: Uint8Array, start: number, end: number): void {
    const rules = this.texts.add(bytes, start, end);
    const at = this.cfiInits.claim();
    const words = this.cfiInits.words;
    words[at] = address;
    words[at + 1] = size;
    words[at + 2] = rules;
    words[at + 3] = this.cfiDeltas.length;
  }

  cfiDelta(address: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.cfiInits.length === 0) return false;
    const rules = this.texts.add(bytes, start, end);
    const at = this.cfiDeltas.claim();
    this.cfiDeltas.words[at] = address;
    this.cfiDeltas.words[at + 1] = rules;
    return true;
  }

  /** Real PDBs hold overlapping records: one that starts later inside the previous cuts that short (stackwalker.md §6). */
  win(isFrameData: boolean, fields: ArrayLike<number>, bytes: Uint8Array, start: number, end: number): void {
    const [address, size] = [fields[0]!, fields[1]!];
    if (size === 0) return;
    const table = isFrameData ? this.winFrameData : this.winFpo;
    if (table.length > 0) {
      const last = (table.length - 1) * table.width;
      const [lastStart, lastSize] = [table.words[last]!, table.words[last + 1]!];
      if (address < lastStart + lastSize && lastStart < address + size) {
        if (address > lastStart) table.words[last + 1] = address - lastStart;
        else if (address !== lastStart || size !== lastSize) return;
      }
    }
    const rest = isFrameData ? this.texts.add(bytes, start, end) : start < end && bytes[start] !== 0x30 ? 1 : 0;
    const at = table.claim();
    for (let field = 0; field < 8; field++) table.words[at + field] = fields[field]!;
    table.words[at + 8] = rest;
  }

  problem(line: number, message: string): void {
    this.problems.push({ line, message });
  }

  /** `counts` are those of records kept after overlaps were dropped. */
  facts(lineCounts: SymLineCounts, counts: Omit<SymCounts, 'lines' | 'badLines' | 'files' | 'origins'>): SymFacts {
    const { lines, badLines, sizeBytes } = lineCounts;
    const isBad =
      badLines > symbolLimits.symBadLinesTolerated.value && badLines > lines * symbolLimits.symBadLineRatioMax.value;
    return {
      ...this.#header,
      sizeBytes,
      counts: { lines, badLines, files: this.files.length, origins: this.origins.length, ...counts },
      isCorrupt: this.#header.debugId === '' || isBad,
    };
  }
}

function parameters(size: number, isMultiple: boolean): number {
  return (Math.min(size, multipleFlag - 1) | (isMultiple ? multipleFlag : 0)) >>> 0;
}

function cut(text: string): string {
  return text.slice(0, factCharactersMax);
}

function splitOnce(text: string): [string, string?] {
  const at = text.indexOf(' ');
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1).trim()];
}
