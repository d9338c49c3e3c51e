// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Mutates `.sym` texts with knowledge of their structure and asks every lookup of what comes out.
// `node fuzz/symbols.ts [--mutations N] [--seed N] [FILE.sym …]`: more files join the built-in ones as seeds.
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { SalvageError } from '../src/lib/errors.ts';
import { moduleSymbolsFromSym } from '../src/symbols/symbols.ts';
import { largeSym, makeRandom, SymBuilder } from '../test/builders/sym-builder.ts';

export interface FuzzResult {
  readonly mutations: number;
  readonly refused: number;
  readonly lookups: number;
  readonly slowestMs: number;
  readonly rssGrowthMiB: number;
}

/** One mutation of a small file must never take longer than this; a quadratic step would. */
const mutationMsMax = 5_000;
const extremes = [
  '0',
  '-1',
  'ffffffff',
  '100000000',
  'ffffffffffffffff',
  '11112222333344445',
  '4294967295',
  'm',
  '',
  '%',
  '\0',
  'zz',
];
const junk = [
  'FUNC ',
  'INLINE 0 1 2 3',
  'STACK CFI ',
  'STACK WIN 4 ',
  'MODULE a b C d',
  '\r\r',
  '\0'.repeat(9),
  'x'.repeat(200_000),
];

/** Throws if a mutation makes parser or lookups throw anything but a SalvageError, hang, or answer out of range. */
export function fuzzSymbols(seeds: readonly string[], mutations: number, seed: number): FuzzResult {
  const random = makeRandom(seed);
  const rssBefore = process.memoryUsage.rss();
  let [refused, lookups, slowestMs] = [0, 0, 0];
  for (let i = 0; i < mutations; i++) {
    const text = mutated(seeds[i % seeds.length]!, random);
    const startedMs = performance.now();
    try {
      lookups += askEverything(text, random);
    } catch (error) {
      if (!(error instanceof SalvageError)) throw new Error(`seed ${seed}, mutation ${i}`, { cause: error });
      refused++;
    }
    slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    if (slowestMs > mutationMsMax) throw new Error(`seed ${seed}, mutation ${i}: ${slowestMs} ms`);
  }
  const rssGrowthMiB = Math.round((process.memoryUsage.rss() - rssBefore) / 1024 ** 2);
  return { mutations, refused, lookups, slowestMs: Math.round(slowestMs), rssGrowthMiB };
}

/** The seeds that need no file: every record kind, and a slice of a browser engine's file. */
export function builtInSeeds(): string[] {
  const all = new SymBuilder().module().file(0, 'a.c').file(1, 'b.c').origin(0, 'inner()').origin(1, 'outer()');
  for (let i = 0; i < 20; i++) {
    const at = 0x1000 + i * 0x100;
    all.func(at, 0xf0, `ns::f${i}(int)`, 8, i % 3 === 0).inline(0, 5, 0, 1, [at + 4, 0x40]);
    all.inline(1, 6, 1, 0, [at + 8, 8], [at + 0x20, 8]);
    for (let line = 0; line < 6; line++) all.line(at + line * 0x28, 0x28, 10 + line, line % 2);
    all.cfiInit(at, 0xf0, '.cfa: $rsp 8 + .ra: .cfa -8 + ^').cfi(at + 1, '.cfa: $rsp 16 +');
    all
      .win(4, at, 0x80, [1, 2, 4, 8, 16, 0], '$T0 $ebp = $eip $T0 4 + ^ =')
      .win(0, at + 0x80, 0x70, [1, 2, 4, 8, 16, 0], '1');
  }
  all.public(0x4000, 'exported', 4).public(0x4100, 'shared', 0, true);
  const slice = Buffer.concat([...largeSym({ functions: 40, linesPerFunction: 6, publics: 5 })]);
  return [all.text(), all.text('\r\n'), slice.toString()];
}

function mutated(text: string, random: () => number): string {
  const lines = text.split('\n');
  const pick = (length: number) => Math.floor(random() * length);
  for (let changes = 1 + pick(6); changes > 0; changes--) {
    const at = pick(lines.length);
    const words = (lines[at] ?? '').split(' ');
    const kind = pick(9);
    if (kind === 0) lines.splice(at, 1 + pick(3));
    else if (kind === 1) lines.splice(at, 0, lines[pick(lines.length)] ?? '');
    else if (kind === 2) [lines[at], lines[0]] = [lines[0] ?? '', lines[at] ?? ''];
    else if (kind === 3) words.splice(pick(words.length), 1);
    else if (kind === 4) words[pick(words.length)] = extremes[pick(extremes.length)]!;
    else if (kind === 5) words.splice(pick(words.length), 0, pick(2 ** 32).toString(16));
    else if (kind === 6) lines[at] = flipped(lines[at] ?? '', random);
    else if (kind === 7) lines[at] = junk[pick(junk.length)]! + (random() < 0.5 ? lines[at] : '');
    else lines.length = Math.max(1, at);
    if (kind >= 3 && kind <= 5) lines[at] = words.join(' ');
  }
  return lines.join(random() < 0.1 ? '\r\n' : '\n');
}

function flipped(line: string, random: () => number): string {
  const bytes = Buffer.from(line);
  if (bytes.length > 0) bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
  return bytes.toString('latin1');
}

function askEverything(text: string, random: () => number): number {
  const symbols = moduleSymbolsFromSym(text);
  let lookups = 0;
  for (let i = 0; i < 12; i++) {
    const rva = i < 8 ? 0x1000 + Math.floor(random() * 0x3200) : Math.floor(random() * 2 ** 33) - 5;
    const found = symbols.findFunction(rva);
    if (found && (found.address > rva || (!found.isPublic && rva >= found.address + found.size)))
      throw new Error(`a function that does not cover ${rva}`);
    if ((found !== null) !== symbols.hasFunction(rva)) throw new Error('hasFunction and findFunction differ');
    symbols.findLine(rva);
    symbols.findOuterLine(rva);
    symbols.findInlines(rva);
    const cfi = symbols.findCfi(rva);
    if (cfi?.deltas.some(({ address }) => address > rva)) throw new Error('a delta beyond the address');
    symbols.findWin(rva);
    lookups += 7;
  }
  if (symbols.damage !== null) throw new Error(`damage in memory: ${symbols.damage}`);
  symbols.close();
  return lookups;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: {
      mutations: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Date.now()) },
    },
    allowPositionals: true,
  });
  const seeds = [...builtInSeeds(), ...positionals.map((file) => fs.readFileSync(file, 'latin1'))];
  const seed = Number(values.seed);
  console.log(JSON.stringify({ seed, ...fuzzSymbols(seeds, Number(values.mutations), seed) }));
}
