// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../src/lib/errors.ts';
import { bytesSource, dumpDocument, dumpLines, type Minidump, openMinidump } from '../src/minidump/minidump.ts';
import { noSymbols, type SymbolProvider } from '../src/symbols/symbols.ts';
import { stackwalk, stackwalkBrief, stackwalkText } from '../src/unwind/unwind.ts';

/** Numbers in [0, 1) from a seed, the same on every machine (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const interesting = [
  0, 1, 2, 3, 4, 7, 8, 12, 16, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
];

type Random = () => number;

const below = (random: Random, end: number): number => Math.floor(random() * end);
const pick = <T>(random: Random, values: readonly T[]): T => values[below(random, values.length)] as T;

/**
 * A changed copy of a dump. Mutations know where header, directory entries and the beginnings of streams are, because
 * changes elsewhere mostly hit stack bytes that nothing interprets.
 */
export function mutateDump(seed: Uint8Array, random: Random): Uint8Array {
  let bytes = Uint8Array.from(seed);
  const count = 1 + below(random, 4);
  for (let index = 0; index < count; index++) bytes = pick(random, mutations)(bytes, random);
  return bytes;
}

type Mutation = (bytes: Uint8Array<ArrayBuffer>, random: Random) => Uint8Array<ArrayBuffer>;

const u32At = (bytes: Uint8Array, at: number): number =>
  at + 4 <= bytes.length ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true) : 0;

function setU32(bytes: Uint8Array, at: number, value: number): void {
  if (at >= 0 && at + 4 <= bytes.length) new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, value, true);
}

const someNumber = (bytes: Uint8Array, random: Random): number =>
  pick(random, [
    () => pick(random, interesting),
    () => below(random, bytes.length),
    () => bytes.length - below(random, 64),
    () => u32At(bytes, below(random, bytes.length)),
    () => below(random, 0x100000000),
  ])();

function entryAt(bytes: Uint8Array, random: Random): number {
  return u32At(bytes, 12) + 12 * below(random, Math.max(1, Math.min(u32At(bytes, 8), 64)));
}

const mutations: readonly Mutation[] = [
  function flipBits(bytes, random) {
    const at = below(random, bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
    return bytes;
  },
  function setHeaderField(bytes, random) {
    setU32(bytes, 4 * below(random, 8), someNumber(bytes, random));
    return bytes;
  },
  function setDirectoryField(bytes, random) {
    setU32(bytes, entryAt(bytes, random) + 4 * below(random, 3), someNumber(bytes, random));
    return bytes;
  },
  function setStreamField(bytes, random) {
    const start = u32At(bytes, entryAt(bytes, random) + 8);
    setU32(bytes, start + 4 * below(random, 32), someNumber(bytes, random));
    return bytes;
  },
  function setStreamCount(bytes, random) {
    const start = u32At(bytes, entryAt(bytes, random) + 8);
    setU32(bytes, start + pick(random, [0, 0, 4, 8]), pick(random, [0xffffffff, 0x10000000, 0xffff, 2, 0]));
    return bytes;
  },
  function changeStreamType(bytes, random) {
    setU32(bytes, entryAt(bytes, random), u32At(bytes, entryAt(bytes, random)));
    return bytes;
  },
  function pointElsewhere(bytes, random) {
    const other = entryAt(bytes, random);
    const entry = entryAt(bytes, random);
    setU32(bytes, entry + 4, u32At(bytes, other + 4));
    setU32(bytes, entry + 8, u32At(bytes, other + 8) + pick(random, [0, 4, 1, -4]));
    return bytes;
  },
  function copyBytes(bytes, random) {
    const length = below(random, 256);
    const from = below(random, bytes.length);
    return bytes.copyWithin(below(random, bytes.length), from, from + length);
  },
  function cutOff(bytes, random) {
    return bytes.slice(0, below(random, bytes.length + 1));
  },
  function fillBytes(bytes, random) {
    const at = below(random, bytes.length);
    return bytes.fill(pick(random, [0, 0xff, 0x41]), at, at + below(random, 64));
  },
];

/** Reads what walking the stacks of a dump may leave alone. */
function readAll(dump: Minidump): void {
  for (const thread of dump.threads)
    for (const value of thread.context?.registers.values() ?? []) {
      dump.memory.readPointer(value);
      dump.moduleAt(value);
      dump.mappedRangeAt(value);
      dump.unloadedModulesAt(value);
      thread.stack?.readUint(value, 4);
    }
  for (const region of dump.memory.regions.slice(0, 64)) {
    region.readUint(region.base, 8);
    region.read(region.base + BigInt(Math.max(region.sizeBytes - 4, 0)), 4);
  }
}

/**
 * Opens, walks and prints one dump, every public function once. Answers the slug of a typed error or `walked`; throws
 * anything else.
 */
export async function tryDump(bytes: Uint8Array, symbols: SymbolProvider = noSymbols): Promise<string> {
  try {
    const dump = openMinidump(bytesSource(bytes));
    readAll(dump);
    dumpLines(dump);
    JSON.stringify(dumpDocument(dump));
    const walk = await stackwalk(dump, symbols);
    JSON.stringify(walk);
    stackwalkText(walk);
    stackwalkBrief(walk, { isColoured: true, showsAllThreads: true });
    return 'walked';
  } catch (error) {
    if (error instanceof SalvageError) return error.slug;
    throw error;
  }
}

export interface FuzzResult {
  readonly mutations: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Processor time, which other work on the machine does not change. */
  readonly slowestMs: number;
  readonly rssGrowthBytes: number;
  /** Set for the first mutation that threw something untyped: which seed and which number, to repeat it. */
  readonly failure: { readonly seedName: string; readonly index: number; readonly error: string } | null;
}

/** Mutates the seeds in turn; the same `randomSeed` gives the same mutations. */
export async function fuzzDumps(
  seeds: ReadonlyMap<string, Uint8Array>,
  options: {
    readonly mutations: number;
    readonly randomSeed: number;
    readonly symbols?: SymbolProvider;
    readonly onFailure?: (bytes: Uint8Array) => void;
  },
): Promise<FuzzResult> {
  const random = seededRandom(options.randomSeed);
  const names = [...seeds.keys()];
  const outcomes: Record<string, number> = {};
  const rssBefore = process.memoryUsage.rss();
  let slowestMs = 0;
  for (let index = 0; index < options.mutations; index++) {
    const seedName = names[index % names.length] as string;
    const bytes = mutateDump(seeds.get(seedName) as Uint8Array, random);
    const started = process.cpuUsage();
    try {
      const outcome = await tryDump(bytes, options.symbols);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      options.onFailure?.(bytes);
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { mutations: index, outcomes, slowestMs, rssGrowthBytes: 0, failure: { seedName, index, error: text } };
    }
    slowestMs = Math.max(slowestMs, process.cpuUsage(started).user / 1000);
  }
  const rssGrowthBytes = process.memoryUsage.rss() - rssBefore;
  return { mutations: options.mutations, outcomes, slowestMs, rssGrowthBytes, failure: null };
}
