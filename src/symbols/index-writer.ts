// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { crc32 } from 'node:zlib';
import type { RecordTable } from './columns.ts';
import { encodeHeader, encodeTail, headerBytes, type Section, type SectionName } from './index-format.ts';
import type { SymFacts } from './module-symbols.ts';
import { type PageTarget, PageWriter } from './page-writer.ts';
import { keptWithoutOverlap, orderOf } from './record-order.ts';
import { noFileId, type SymCollector } from './sym-collector.ts';
import type { SymLineCounts } from './sym-sink.ts';

type Written = Record<SectionName, Section>;

/** A section whose records belong in ranges to those of another. */
interface RangedSection {
  readonly section: Section;
  readonly firsts: Uint32Array;
}

/** Where an index is written: an empty header first, pages and tail behind it, and the true header last. */
export interface IndexTarget extends PageTarget {
  writeHeader(header: Uint8Array): void;
}

/**
 * Sorts what was collected, drops overlaps (stackwalker.md §6) and writes the index. One pass over the functions per
 * section, since a section must be whole before the next begins.
 */
export function writeIndex(
  collected: SymCollector,
  lineCounts: SymLineCounts,
  sourceSha256: string,
  target: IndexTarget,
): SymFacts {
  target.append(new Uint8Array(headerBytes));
  const pages = new PageWriter(target);
  const functions = keptWithoutOverlap(collected.functions);
  const lines = writeLines(pages, collected, functions);
  const inlines = writeInlines(pages, collected, functions);
  const cfiInits = keptWithoutOverlap(collected.cfiInits);
  const cfiDeltas = writeCfiDeltas(pages, collected, cfiInits);
  const [winFrameDataStarts, winFrameData] = writeWin(pages, collected.winFrameData);
  const [winFpoStarts, winFpo] = writeWin(pages, collected.winFpo);
  const written: Written = {
    functionStarts: writeStarts(pages, collected.functions, functions),
    functions: writeFunctions(pages, collected, functions, lines.firsts, inlines.firsts),
    lines: lines.section,
    inlines: inlines.section,
    ...writePublics(pages, collected),
    cfiStarts: writeStarts(pages, collected.cfiInits, cfiInits),
    cfiInits: writeCfiInits(pages, collected.cfiInits, cfiInits, cfiDeltas.firsts),
    cfiDeltas: cfiDeltas.section,
    winFrameDataStarts,
    winFrameData,
    winFpoStarts,
    winFpo,
    texts: writeTexts(pages, collected.texts.bytes),
  };
  pages.finish();
  const facts = collected.facts(lineCounts, {
    functions: written.functionStarts.count,
    lineRecords: written.lines.count,
    inlines: written.inlines.count,
    publics: written.publics.count,
    cfiInits: written.cfiStarts.count,
    cfiDeltas: written.cfiDeltas.count,
    winFrameData: written.winFrameData.count,
    winFpo: written.winFpo.count,
  });
  const tail = encodeTail(pages.pageCrcs, facts);
  target.append(tail);
  target.writeHeader(
    encodeHeader({
      pageCount: pages.pageCrcs.length,
      sourceSha256,
      sections: written,
      tailBytes: tail.length,
      tailCrc: crc32(tail),
    }),
  );
  return facts;
}

function writeStarts(pages: PageWriter, table: RecordTable, kept: Uint32Array): Section {
  pages.beginSection();
  for (const record of kept) {
    const at = pages.claim(1);
    pages.words[at] = table.words[record * table.width]!;
  }
  return pages.endSection(1);
}

/** Line records of each kept function. `firsts[i]` is the place of the first one of kept function i, and one more. */
function writeLines(pages: PageWriter, collected: SymCollector, functions: Uint32Array): RangedSection {
  pages.beginSection();
  const { words } = collected.lines;
  const firsts = new Uint32Array(functions.length + 1);
  let written = 0;
  for (let f = 0; f < functions.length; f++) {
    const [from, to] = rangeOf(collected.functions, functions[f]!, 4, collected.lines.length);
    const order = orderOf(words, 4, from, to, 0);
    for (let i = from, end = 0; i < to; i++) {
      const source = (order === null ? i : order[i - from]!) * 4;
      const start = words[source]!;
      if (start < end) continue;
      end = start + words[source + 1]!;
      const at = pages.claim(4);
      pages.words[at] = start;
      pages.words[at + 1] = words[source + 1]!;
      pages.words[at + 2] = words[source + 2]!;
      pages.words[at + 3] = collected.files.get(words[source + 3]!);
      written++;
    }
    firsts[f + 1] = written;
  }
  return { section: pages.endSection(4), firsts };
}

function writeInlines(pages: PageWriter, collected: SymCollector, functions: Uint32Array): RangedSection {
  pages.beginSection();
  const { words } = collected.inlines;
  const firsts = new Uint32Array(functions.length + 1);
  let written = 0;
  for (let f = 0; f < functions.length; f++) {
    const [from, to] = rangeOf(collected.functions, functions[f]!, 5, collected.inlines.length);
    const order = orderOf(words, 6, from, to, 0, 1);
    for (let i = from; i < to; i++) {
      const source = (order === null ? i : order[i - from]!) * 6;
      const at = pages.claim(6);
      for (let word = 0; word < 4; word++) pages.words[at + word] = words[source + word]!;
      const file = words[source + 4]!;
      pages.words[at + 4] = file === noFileId ? noFileId : collected.files.get(file);
      pages.words[at + 5] = collected.origins.get(words[source + 5]!);
      written++;
    }
    firsts[f + 1] = written;
  }
  return { section: pages.endSection(6), firsts };
}

function writeFunctions(
  pages: PageWriter,
  { functions: table }: SymCollector,
  functions: Uint32Array,
  firstLines: Uint32Array,
  firstInlines: Uint32Array,
): Section {
  pages.beginSection();
  for (let f = 0; f <= functions.length; f++) {
    const at = pages.claim(5);
    const isClosing = f === functions.length;
    for (let word = 0; word < 3; word++)
      pages.words[at + word] = isClosing ? 0 : table.words[functions[f]! * table.width + 1 + word]!;
    pages.words[at + 3] = firstLines[f]!;
    pages.words[at + 4] = firstInlines[f]!;
  }
  return pages.endSection(5);
}

/** Of several PUBLICs at one address the last by name counts, as in rust-minidump. */
function writePublics(pages: PageWriter, { publics, texts }: SymCollector): Pick<Written, 'publicStarts' | 'publics'> {
  const { words, length } = publics;
  const order = orderOf(words, 3, 0, length, 0);
  const kept = new Uint32Array(length);
  let count = 0;
  for (let i = 0; i < length; i++) {
    const record = order === null ? i : order[i]!;
    const previous = count > 0 ? kept[count - 1]! : -1;
    if (previous < 0 || words[previous * 3] !== words[record * 3]) kept[count++] = record;
    else if (texts.compare(words[previous * 3 + 2]!, words[record * 3 + 2]!) < 0) kept[count - 1] = record;
  }
  const publicStarts = writeStarts(pages, publics, kept.subarray(0, count));
  pages.beginSection();
  for (const record of kept.subarray(0, count)) {
    const at = pages.claim(2);
    pages.words[at] = words[record * 3 + 1]!;
    pages.words[at + 1] = words[record * 3 + 2]!;
  }
  return { publicStarts, publics: pages.endSection(2) };
}

function writeCfiDeltas(pages: PageWriter, { cfiInits, cfiDeltas }: SymCollector, inits: Uint32Array): RangedSection {
  pages.beginSection();
  const { words } = cfiDeltas;
  const firsts = new Uint32Array(inits.length + 1);
  let written = 0;
  for (let n = 0; n < inits.length; n++) {
    const [from, to] = rangeOf(cfiInits, inits[n]!, 3, cfiDeltas.length);
    const order = orderOf(words, 2, from, to, 0);
    for (let i = from; i < to; i++) {
      const source = (order === null ? i : order[i - from]!) * 2;
      const at = pages.claim(2);
      pages.words[at] = words[source]!;
      pages.words[at + 1] = words[source + 1]!;
      written++;
    }
    firsts[n + 1] = written;
  }
  return { section: pages.endSection(2), firsts };
}

function writeCfiInits(pages: PageWriter, table: RecordTable, inits: Uint32Array, firstDeltas: Uint32Array): Section {
  pages.beginSection();
  for (let n = 0; n <= inits.length; n++) {
    const at = pages.claim(3);
    const isClosing = n === inits.length;
    pages.words[at] = isClosing ? 0 : table.words[inits[n]! * table.width + 1]!;
    pages.words[at + 1] = isClosing ? 0 : table.words[inits[n]! * table.width + 2]!;
    pages.words[at + 2] = firstDeltas[n]!;
  }
  return pages.endSection(3);
}

function writeWin(pages: PageWriter, table: RecordTable): [starts: Section, records: Section] {
  const kept = keptWithoutOverlap(table);
  const starts = writeStarts(pages, table, kept);
  pages.beginSection();
  for (const record of kept) {
    const at = pages.claim(8);
    for (let word = 0; word < 8; word++) pages.words[at + word] = table.words[record * table.width + 1 + word]!;
  }
  return [starts, pages.endSection(8)];
}

function writeTexts(pages: PageWriter, bytes: Uint8Array): Section {
  pages.beginSection();
  pages.writeBytes(bytes);
  return pages.endSection(1, bytes.length);
}

/** Records of another table that belong to `record`: from its word `word` to the same word of the next in the file. */
function rangeOf(table: RecordTable, record: number, word: number, total: number): [from: number, to: number] {
  const from = table.words[record * table.width + word]!;
  const isLast = record + 1 === table.length;
  return [from, isLast ? total : table.words[(record + 1) * table.width + word]!];
}
