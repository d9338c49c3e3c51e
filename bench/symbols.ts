// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Compiling and using a browser engine's symbol file (212 MB, 6.5 M lines, stackwalker.md §12), against a floor in the
// same run: reading the file and splitting it into lines. `npm run bench:symbols [-- --functions N --runs N
// --breakpad PATH --dump FILE --sym FILE]`; with Breakpad's minidump_stackwalk, a dump and the small .sym of its main
// module, that tool runs over the same large file too.
import { execFileSync, fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compileSym, fileSource, readChunks } from '../src/symbols/compile-sym.ts';
import { openIndex } from '../src/symbols/index-reader.ts';
import { PageCache } from '../src/symbols/page-cache.ts';
import type { ModuleSymbols } from '../src/symbols/symbols.ts';
import { browserEngine, largeSym, makeRandom } from '../test/builders/sym-builder.ts';

const { values: options } = parseArgs({
  options: {
    functions: { type: 'string', default: String(browserEngine.functions) },
    runs: { type: 'string', default: '5' },
    breakpad: { type: 'string' },
    dump: { type: 'string' },
    sym: { type: 'string' },
    /** Internal: do this to a file in a process of its own and report its peak memory. */
    child: { type: 'string' },
    task: { type: 'string' },
  },
});

interface Spread {
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const round = (ms: number) => Number(ms.toPrecision(4));
  return {
    medianMs: round(sorted[sorted.length >> 1]!),
    minMs: round(sorted[0]!),
    maxMs: round(sorted.at(-1)!),
  };
}

async function timed(samples: number[], task: () => unknown): Promise<void> {
  const startedMs = performance.now();
  await task();
  samples.push(performance.now() - startedMs);
}

/** The floor: what any reader of text must do. */
async function splitLines(file: string): Promise<number> {
  const decoder = new TextDecoder('latin1');
  let rest = '';
  let count = 0;
  for await (const chunk of readChunks(file)) {
    const lines = (rest + decoder.decode(chunk)).split('\n');
    rest = lines.pop() ?? '';
    count += lines.length;
  }
  return count;
}

/** The lookups of one crash: 60 frames spread over the module, each with name, line, inlines and unwind rules. */
function oneCrash(symbols: ModuleSymbols, seed: number, span: number): void {
  const random = makeRandom(seed);
  for (let frame = 0; frame < 60; frame++) {
    const rva = 0x1000000 + Math.floor(random() * span);
    symbols.findFunction(rva);
    symbols.findOuterLine(rva);
    symbols.findInlines(rva);
    symbols.findCfi(rva);
  }
}

/** `compile` the file, or `walk` 200 crashes in ten indexes of its size that are open at once. */
async function peakMemoryMiB(task: 'compile' | 'walk', file: string): Promise<number> {
  const child = fork(import.meta.filename, ['--task', task, '--child', file, '--functions', options.functions], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise((resolve) => child.once('message', (peak) => resolve(peak as number)));
}

async function main(): Promise<void> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'salvage-bench-symbols-'));
  try {
    console.log(JSON.stringify(await bench(directory), null, 2));
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

async function bench(directory: string): Promise<object> {
  const functions = Number(options.functions);
  const shape = { ...browserEngine, functions, publics: Math.ceil(functions / 8.5), baseAddress: 0x1000000 };
  const small = options.sym ? fs.readFileSync(options.sym, 'utf8') : null;
  const [, , , debugId, debugFile] = small?.split(/\s/, 5) ?? [];
  const prefix =
    small === null ? {} : { debugId: debugId!, debugFile: debugFile!, prefix: small.slice(small.indexOf('\n') + 1) };
  const file = path.join(directory, 'large.sym');
  const handle = fs.openSync(file, 'w');
  for (const chunk of largeSym({ ...shape, ...prefix })) fs.writeSync(handle, chunk);
  fs.closeSync(handle);
  const index = path.join(directory, 'large.salvidx');
  const [floor, compile, firstCrash, warmCrash, breakpad]: number[][] = [[], [], [], [], []];
  const span = functions * 320;
  let records = {};
  for (let run = 0; run < Number(options.runs); run++) {
    fs.rmSync(index, { force: true });
    await timed(floor!, () => splitLines(file));
    await timed(compile!, async () => {
      records = (await compileSym(readChunks(file), directory, () => 'large.salvidx')).facts.counts;
    });
    let symbols: ModuleSymbols | null = null;
    await timed(firstCrash!, () => {
      symbols = openIndex(fileSource(index), new PageCache());
      oneCrash(symbols, run, span);
    });
    await timed(warmCrash!, () => oneCrash(symbols!, run, span));
    symbols!.close();
    if (options.breakpad && options.dump && debugFile)
      await timed(breakpad!, () => runBreakpad(directory, file, debugFile!, debugId!));
  }
  const peakMiB = await peakMemoryMiB('compile', file);
  const tenFilesPeakMiB = await peakMemoryMiB('walk', index);
  return {
    bench: 'symbols',
    node: process.version,
    cpus: os.availableParallelism(),
    runs: Number(options.runs),
    symBytes: fs.statSync(file).size,
    indexBytes: fs.statSync(index).size,
    records,
    floorSplitLines: spreadOf(floor!),
    compile: { ...spreadOf(compile!), overFloor: ratio(compile!, floor!), peakMiB },
    firstCrashOf60Frames: spreadOf(firstCrash!),
    warmCrashOf60Frames: spreadOf(warmCrash!),
    tenFilesInUse: { crashes: 200, peakMiB: tenFilesPeakMiB },
    ...(breakpad!.length === 0
      ? {}
      : { breakpadOneDump: { ...spreadOf(breakpad!), compileOverBreakpad: ratio(compile!, breakpad!) } }),
  };
}

function runBreakpad(directory: string, file: string, debugFile: string, debugId: string): void {
  const folder = path.join(directory, 'breakpad', debugFile, debugId);
  fs.mkdirSync(folder, { recursive: true });
  fs.rmSync(path.join(folder, `${debugFile}.sym`), { force: true });
  fs.linkSync(file, path.join(folder, `${debugFile}.sym`));
  execFileSync(options.breakpad!, ['-m', options.dump!, path.join(directory, 'breakpad')], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
}

/** Ratio of the medians, with the least and greatest of the pairs of one run each. */
function ratio(ours: readonly number[], theirs: readonly number[]): { median: number; min: number; max: number } {
  const pairs = ours.map((ms, i) => ms / theirs[i]!).sort((a, b) => a - b);
  const round = (value: number) => Number(value.toFixed(2));
  return { median: round(pairs[pairs.length >> 1]!), min: round(pairs[0]!), max: round(pairs.at(-1)!) };
}

if (options.child && options.task === 'compile')
  await compileSym(readChunks(options.child), path.dirname(options.child), () => 'child.salvidx');
else if (options.child) {
  const cache = new PageCache();
  const open = Array.from({ length: 10 }, () => openIndex(fileSource(options.child!), cache));
  for (let crash = 0; crash < 200; crash++)
    for (const symbols of open) oneCrash(symbols, crash, Number(options.functions) * 320);
} else await main();
if (options.child) process.send?.(Math.round(process.resourceUsage().maxRSS / 1024), () => process.disconnect());
