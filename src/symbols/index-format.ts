// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { crc32 } from 'node:zlib';
import { SalvageError } from '../lib/errors.ts';
import { symbolErrors } from './errors.ts';
import { symbolLimits } from './limits.ts';
import type { SymFacts } from './module-symbols.ts';

/**
 * A compiled symbol index, one file per `.sym` (stackwalker.md §12):
 *
 *     header    4096 bytes, its last word a CRC-32 of the rest
 *     pages     of 16 KiB: the sections, each 64-byte aligned, back to back; zeros to the page end
 *     tail      CRC-32 of each page, then the facts as JSON
 *
 * All numbers are 32 bits in the byte order of the machine, which the mark shows; a foreign order is compiled anew.
 * Any change of layout or meaning raises the version.
 */
export const indexVersion = 1;
export const headerBytes = 4096;
export const pageBytes = symbolLimits.indexPageBytes.value;
export const pageWords = pageBytes / 4;

const magic = [0x564c4153, 0x4d595358] as const;
const endiannessMark = 0x01020304;
const sectionsAt = 16;
const headerCrcAt = headerBytes / 4 - 1;
const sectionAlign = 64;

/**
 * The sections and the words of their records. Search keys (`…Starts`) stand apart from the rest of their records, so
 * that a binary search touches few pages and a hit one more. Text offsets point into `texts`; 0 = none.
 */
export const sections = [
  /** Start of each function, ascending, without overlaps. */
  { name: 'functionStarts', width: 1 },
  /** size, parameter size | multiple flag, name, first line, first inline; one closing record with the totals. */
  { name: 'functions', width: 5 },
  /** start, size, line, file text; ascending within a function. */
  { name: 'lines', width: 4 },
  /** depth, start, size, call line, call file text, name; ascending by depth, then start, within a function. */
  { name: 'inlines', width: 6 },
  { name: 'publicStarts', width: 1 },
  /** parameter size | multiple flag, name. */
  { name: 'publics', width: 2 },
  { name: 'cfiStarts', width: 1 },
  /** size, rules, first delta; one closing record with the total. */
  { name: 'cfiInits', width: 3 },
  /** address, rules; ascending within an INIT. */
  { name: 'cfiDeltas', width: 2 },
  { name: 'winFrameDataStarts', width: 1 },
  /** size, prologue, epilogue, parameters, saved registers, locals, max stack, program text. */
  { name: 'winFrameData', width: 8 },
  { name: 'winFpoStarts', width: 1 },
  /** As winFrameData, the last word 1 if the base pointer is allocated. */
  { name: 'winFpo', width: 8 },
  /** Length (u32) and bytes of each distinct text; the first four bytes unused. Width in bytes. */
  { name: 'texts', width: 0.25 },
] as const;

export type SectionName = (typeof sections)[number]['name'];

export interface Section {
  /** First word, counted from the start of the first page. */
  readonly wordOffset: number;
  /** Records; bytes for `texts`. */
  readonly count: number;
}

export interface IndexHeader {
  readonly pageCount: number;
  /** Lower-case hex SHA-256 of the `.sym` text. */
  readonly sourceSha256: string;
  readonly sections: Readonly<Record<SectionName, Section>>;
  readonly tailBytes: number;
  readonly tailCrc: number;
}

export interface IndexTail {
  readonly pageCrcs: Uint32Array;
  readonly facts: SymFacts;
}

export function encodeHeader(header: IndexHeader): Uint8Array {
  const words = new Uint32Array(headerBytes / 4);
  words.set([...magic, indexVersion, endiannessMark, header.pageCount, header.tailBytes, header.tailCrc]);
  const bytes = new Uint8Array(words.buffer);
  bytes.set(Buffer.from(header.sourceSha256, 'hex').subarray(0, 32), 32);
  for (const [i, { name }] of sections.entries()) {
    const section = header.sections[name];
    words[sectionsAt + 2 * i] = (section.wordOffset * 4) / sectionAlign;
    words[sectionsAt + 2 * i + 1] = section.count;
  }
  words[headerCrcAt] = crc32(bytes.subarray(0, headerCrcAt * 4));
  return bytes;
}

/** Throws `symbol_index_damaged`. `fileBytes` is the length of the whole file. */
export function decodeHeader(source: Uint8Array, fileBytes: number): IndexHeader {
  if (source.length < headerBytes) throw damaged('shorter than its header');
  const bytes = source.slice(0, headerBytes);
  const words = new Uint32Array(bytes.buffer);
  if (words[0] !== magic[0] || words[1] !== magic[1]) throw damaged('not a symbol index');
  if (words[2] !== indexVersion || words[3] !== endiannessMark) throw damaged('another version or byte order');
  if (words[headerCrcAt] !== crc32(bytes.subarray(0, headerCrcAt * 4))) throw damaged('checksum of the header');
  const [pageCount, tailBytes, tailCrc] = [words[4]!, words[5]!, words[6]!];
  if (headerBytes + pageCount * pageBytes + tailBytes !== fileBytes) throw damaged('cut short or grown');
  const found = {} as Record<SectionName, Section>;
  for (const [i, { name, width }] of sections.entries()) {
    const wordOffset = (words[sectionsAt + 2 * i]! * sectionAlign) / 4;
    const count = words[sectionsAt + 2 * i + 1]!;
    if (wordOffset + Math.ceil(count * width) > Math.min(pageCount * pageWords, 2 ** 32))
      throw damaged(`section ${name} beyond the end`);
    found[name] = { wordOffset, count };
  }
  return {
    pageCount,
    tailBytes,
    tailCrc,
    sections: found,
    sourceSha256: Buffer.from(bytes.subarray(32, 64)).toString('hex'),
  };
}

export function encodeTail(pageCrcs: readonly number[], facts: SymFacts): Uint8Array {
  return Buffer.concat([new Uint8Array(Uint32Array.from(pageCrcs).buffer), Buffer.from(JSON.stringify(facts))]);
}

/** Throws `symbol_index_damaged`. */
export function decodeTail(source: Uint8Array, header: IndexHeader): IndexTail {
  if (source.length !== header.tailBytes || crc32(source) !== header.tailCrc) throw damaged('checksum of the tail');
  const crcBytes = header.pageCount * 4;
  return {
    pageCrcs: new Uint32Array(source.slice(0, crcBytes).buffer),
    facts: JSON.parse(Buffer.from(source.subarray(crcBytes)).toString()) as SymFacts,
  };
}

export function damaged(message: string, cause?: unknown): SalvageError {
  return new SalvageError(symbolErrors.symbol_index_damaged, message, { cause });
}
