// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText } from '../lib/errors.ts';
import {
  decodeHeader,
  decodeTail,
  headerBytes,
  type IndexHeader,
  pageBytes,
  type Section,
  type SectionName,
} from './index-format.ts';
import { symbolLimits } from './limits.ts';
import type {
  CfiDelta,
  CfiRecord,
  FunctionSymbol,
  InlinedCall,
  ModuleSymbols,
  SourceLine,
  SymFacts,
  WinRecord,
} from './module-symbols.ts';
import { IndexPages, type IndexSource, type PageCache } from './page-cache.ts';
import { multipleFlag, noFileId } from './sym-collector.ts';

/** How Breakpad's dump_syms writes a name that it does not know. */
const omittedName = '<name omitted>';
/** `damage` of symbols that were closed in good health. */
export const closedDamage = 'closed';
const utf8 = new TextDecoder();

/** An INLINE record that covers an address. */
interface CoveringInline {
  readonly callLine: number;
  readonly callFile: number;
  readonly name: number;
}

/**
 * Opens a compiled index: reads its header and tail; pages come when lookups touch them. The index owns `source` from
 * here on. Throws `symbol_index_damaged`.
 */
export function openIndex(source: IndexSource, cache: PageCache): IndexedSymbols {
  try {
    const header = decodeHeader(readBytes(source, 0, headerBytes), source.sizeBytes);
    const tail = decodeTail(readBytes(source, headerBytes + header.pageCount * pageBytes, header.tailBytes), header);
    return new IndexedSymbols(header, tail.facts, new IndexPages(source, tail.pageCrcs, cache));
  } catch (error) {
    source.close();
    throw error;
  }
}

function readBytes(source: IndexSource, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, source.sizeBytes - position)));
  let done = 0;
  for (let count = 1; done < bytes.length && count > 0; done += count)
    count = source.read(bytes.subarray(done), position + done);
  return bytes.subarray(0, done);
}

/** Lookups in a compiled index (stackwalker.md §6). */
export class IndexedSymbols implements ModuleSymbols {
  readonly facts: SymFacts;
  readonly sourceSha256: string;
  damage: string | null = null;
  readonly #sections: Readonly<Record<SectionName, Section>>;
  readonly #pages: IndexPages;
  #names = new Map<number, string>();
  #lastRva = -1;
  #lastFunction = -1;

  constructor(header: IndexHeader, facts: SymFacts, pages: IndexPages) {
    this.facts = facts;
    this.sourceSha256 = header.sourceSha256;
    this.#sections = header.sections;
    this.#pages = pages;
  }

  hasFunction(rva: number): boolean {
    return this.#guard(false, () => this.#functionAt(rva) >= 0 || this.#publicAt(rva) >= 0);
  }

  findFunction(rva: number): FunctionSymbol | null {
    return this.#guard(null, () => this.#functionSymbol(rva) ?? this.#publicSymbol(rva));
  }

  findLine(rva: number): SourceLine | null {
    return this.#guard(null, () => this.#lineAt(this.#functionAt(rva), rva));
  }

  findOuterLine(rva: number): SourceLine | null {
    return this.#guard(null, () => {
      const f = this.#functionAt(rva);
      const [outermost] = this.#inlinesAt(f, rva);
      const line = this.#lineAt(f, rva);
      return outermost ? this.#callSite(outermost, line) : line;
    });
  }

  findInlines(rva: number): InlinedCall[] {
    return this.#guard([], () => {
      const f = this.#functionAt(rva);
      const inlines = this.#inlinesAt(f, rva);
      if (inlines.length === 0) return [];
      const line = this.#lineAt(f, rva);
      const calls = inlines.map((inline, depth) => {
        const next = inlines[depth + 1];
        const position = next ? this.#callSite(next, line) : line;
        const name = inline.name === 0 ? null : this.#text(inline.name) || omittedName;
        return { function: name, file: position?.file ?? null, line: position?.line ?? null };
      });
      // An origin id without its record has no name to show: that call is left out, its neighbours stay.
      return calls.filter((call): call is InlinedCall => call.function !== null).reverse();
    });
  }

  findCfi(rva: number): CfiRecord | null {
    return this.#guard(null, () => {
      const at = this.#covering('cfiStarts', 'cfiInits', 3, rva);
      if (at < 0) return null;
      const first = this.#word('cfiInits', at, 3, 2);
      const last = Math.min(this.#word('cfiInits', at + 1, 3, 2), first + symbolLimits.cfiDeltasPerLookupMax.value);
      const deltas: CfiDelta[] = [];
      for (let i = first; i < last; i++) {
        const address = this.#word('cfiDeltas', i, 2, 0);
        if (address > rva) break;
        deltas.push({ address, rules: this.#text(this.#word('cfiDeltas', i, 2, 1)) });
      }
      return {
        address: this.#word('cfiStarts', at, 1, 0),
        size: this.#word('cfiInits', at, 3, 0),
        initRules: this.#text(this.#word('cfiInits', at, 3, 1)),
        deltas,
      };
    });
  }

  findWin(rva: number): WinRecord | null {
    return this.#guard(
      null,
      () =>
        this.#winRecord('frame_data', 'winFrameDataStarts', 'winFrameData', rva) ??
        this.#winRecord('fpo', 'winFpoStarts', 'winFpo', rva),
    );
  }

  close(): void {
    this.damage ??= closedDamage;
    this.#pages.close();
    this.#names.clear();
  }

  /** A page that fails its checksum must spoil this module only, never the walk. */
  #guard<T>(nothing: T, find: () => T): T {
    if (this.damage !== null) return nothing;
    try {
      return find();
    } catch (error) {
      this.damage = errorText(error);
      this.#pages.close();
      return nothing;
    }
  }

  #word(section: SectionName, record: number, width: number, word: number): number {
    return this.#pages.word(this.#sections[section].wordOffset + record * width + word);
  }

  /** The last record that starts at or before `address`, or -1. */
  #lastAtOrBefore(section: SectionName, address: number): number {
    const { wordOffset, count } = this.#sections[section];
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#pages.word(wordOffset + middle) <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The record covering `address`, or -1; the first word of `records` is the size. */
  #covering(starts: SectionName, records: SectionName, width: number, address: number): number {
    const at = this.#lastAtOrBefore(starts, address);
    if (at < 0) return -1;
    return address < this.#word(starts, at, 1, 0) + this.#word(records, at, width, 0) ? at : -1;
  }

  #functionAt(rva: number): number {
    // A frame asks for its function, line, outer line and inlines one after another.
    if (rva !== this.#lastRva) {
      this.#lastFunction = this.#covering('functionStarts', 'functions', 5, rva);
      this.#lastRva = rva;
    }
    return this.#lastFunction;
  }

  #functionSymbol(rva: number): FunctionSymbol | null {
    const at = this.#functionAt(rva);
    if (at < 0) return null;
    const parameters = this.#word('functions', at, 5, 1);
    const win = this.findWin(rva);
    return {
      name: this.#text(this.#word('functions', at, 5, 2)) || omittedName,
      address: this.#word('functionStarts', at, 1, 0),
      size: this.#word('functions', at, 5, 0),
      parameterSize: win?.parameterSize ?? parameters % multipleFlag,
      isPublic: false,
      isMultiple: parameters >= multipleFlag,
    };
  }

  /** The last PUBLIC at or before the address, unless a FUNC starts between the two: then it ended before. */
  #publicAt(rva: number): number {
    const at = this.#lastAtOrBefore('publicStarts', rva);
    if (at < 0 || rva >= 2 ** 32) return -1;
    const f = this.#lastAtOrBefore('functionStarts', rva);
    return f >= 0 && this.#word('functionStarts', f, 1, 0) >= this.#word('publicStarts', at, 1, 0) ? -1 : at;
  }

  #publicSymbol(rva: number): FunctionSymbol | null {
    const at = this.#publicAt(rva);
    if (at < 0) return null;
    const parameters = this.#word('publics', at, 2, 0);
    return {
      name: this.#text(this.#word('publics', at, 2, 1)) || omittedName,
      address: this.#word('publicStarts', at, 1, 0),
      size: 0,
      parameterSize: parameters % multipleFlag,
      isPublic: true,
      isMultiple: parameters >= multipleFlag,
    };
  }

  #lineAt(f: number, rva: number): SourceLine | null {
    if (f < 0) return null;
    let low = this.#word('functions', f, 5, 3);
    let high = this.#word('functions', f + 1, 5, 3);
    const first = low;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#word('lines', middle, 4, 0) <= rva) low = middle + 1;
      else high = middle;
    }
    const at = low - 1;
    if (at < first || rva >= this.#word('lines', at, 4, 0) + this.#word('lines', at, 4, 1)) return null;
    return sourceLine(this.#fileName(this.#word('lines', at, 4, 3)), this.#word('lines', at, 4, 2));
  }

  /** Outermost first: for each depth the record covering the address, up to the first depth without one. */
  #inlinesAt(f: number, rva: number): CoveringInline[] {
    const found: CoveringInline[] = [];
    if (f < 0) return found;
    const first = this.#word('functions', f, 5, 4);
    const end = this.#word('functions', f + 1, 5, 4);
    for (let depth = 0; depth < symbolLimits.inlineDepthMax.value && first < end; depth++) {
      const at = this.#inlineAtDepth(first, end, depth, rva);
      if (at < 0) break;
      found.push({
        callLine: this.#word('inlines', at, 6, 3),
        callFile: this.#word('inlines', at, 6, 4),
        name: this.#word('inlines', at, 6, 5),
      });
    }
    return found;
  }

  #inlineAtDepth(first: number, end: number, depth: number, rva: number): number {
    let low = first;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#word('inlines', middle, 6, 0);
      if (other < depth || (other === depth && this.#word('inlines', middle, 6, 1) <= rva)) low = middle + 1;
      else high = middle;
    }
    const at = low - 1;
    if (at < first || this.#word('inlines', at, 6, 0) !== depth) return -1;
    return rva < this.#word('inlines', at, 6, 1) + this.#word('inlines', at, 6, 2) ? at : -1;
  }

  /** Old files give no file for call sites: then that of the line record, as Breakpad does. */
  #callSite({ callFile, callLine }: CoveringInline, line: SourceLine | null): SourceLine {
    return sourceLine(callFile === noFileId ? (line?.file ?? null) : this.#fileName(callFile), callLine);
  }

  #winRecord(kind: WinRecord['kind'], starts: SectionName, records: SectionName, rva: number): WinRecord | null {
    const at = this.#covering(starts, records, 8, rva);
    if (at < 0) return null;
    const field = (word: number) => this.#word(records, at, 8, word);
    return {
      kind,
      address: this.#word(starts, at, 1, 0),
      size: field(0),
      prologueSize: field(1),
      epilogueSize: field(2),
      parameterSize: field(3),
      savedRegisterSize: field(4),
      localSize: field(5),
      maxStackSize: field(6),
      program: kind === 'frame_data' ? this.#text(field(7)) : null,
      allocatesBasePointer: kind === 'fpo' && field(7) === 1,
    };
  }

  #fileName(offset: number): string | null {
    return offset === 0 ? null : this.#text(offset) || null;
  }

  #text(offset: number): string {
    const known = this.#names.get(offset);
    if (known !== undefined) return known;
    const base = this.#sections.texts.wordOffset * 4 + offset;
    const length = new DataView(this.#pages.bytes(base, 4).buffer).getUint32(0, true);
    const text = shown(utf8.decode(this.#pages.bytes(base + 4, Math.min(length, symbolLimits.symLineBytesMax.value))));
    if (this.#names.size >= symbolLimits.nameCacheEntriesMax.value) this.#names = new Map();
    this.#names.set(offset, text);
    return text;
  }
}

function sourceLine(file: string | null, line: number): SourceLine {
  return { file, line: line === 0 ? null : line };
}

/** Names go to terminals, JSON and PostgreSQL, which refuses NUL: control characters become U+FFFD. */
function shown(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, '\ufffd');
}
