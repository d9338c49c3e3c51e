// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Time for one crash, from dump file to document: our walker as a warm pool and as a command, against minidump-stackwalk
// and Breakpad's minidump_stackwalk where they are (`--peer PATH --breakpad PATH`, else looked for in ~/.cargo/bin and
// PATH). `npm run bench:stackwalk [-- --rounds N --large-rounds N --functions N --ten]` prints JSON. The participants take turns
// within each round; `large` has a symbol file of 212 MB (stackwalker.md §12).
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { nullLogger } from '../src/lib/log.ts';
import { nullMetrics } from '../src/lib/metrics.ts';
import { defaultsOf } from '../src/lib/options.ts';
import { symbolOptions } from '../src/symbols/options.ts';
import { residentBytesOf } from '../src/unwind/process-memory.ts';
import { WalkerPool } from '../src/unwind/unwind.ts';
import { makeCases, type StackwalkCase, tenLargeFiles } from './stackwalk-cases.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    'large-rounds': { type: 'string', default: '3' },
    functions: { type: 'string', default: '340000' },
    /** Also ten files of the large size in one process: 2 GB of disk, half a minute of compiling. */
    ten: { type: 'boolean', default: false },
    peer: { type: 'string' },
    breakpad: { type: 'string' },
  },
});

const source = path.resolve(import.meta.dirname, '../src');
const testdata = path.join(process.env['SALVAGE_TESTDATA'] ?? '../shared/testdata', 'minidumps');

interface Participant {
  readonly name: string;
  /** One crash; milliseconds, if another measure than the wall time of the call. */
  walk(): Promise<number | undefined>;
  close?(): Promise<void>;
}

function findBinary(name: string, given: string | undefined): string | null {
  const places = [path.join(os.homedir(), '.cargo/bin'), ...(process.env['PATH'] ?? '').split(path.delimiter)];
  return given ?? places.map((place) => path.join(place, name)).find((file) => fs.existsSync(file)) ?? null;
}

function makePool(symbols: string, dataDir: string): WalkerPool {
  const setup = { symbols: { ...defaultsOf(symbolOptions), directories: [symbols] }, dataDir, version: null };
  const entry = path.join(source, 'bin/walker-child.ts');
  return new WalkerPool({ entry, setup, size: 1, logger: nullLogger, metrics: nullMetrics });
}

async function walkOnce(pool: WalkerPool, dumpPath: string): Promise<void> {
  const result = await pool.walk({ dumpPath });
  if (result.status === 'failed') throw new Error(`${result.slug}: ${result.detail}`);
}

const burstWalks = 20;

/** Crashes come in series: time for each of so many in a row. */
async function burst(pool: WalkerPool, dumpPath: string): Promise<number> {
  const startMs = performance.now();
  for (let walk = 0; walk < burstWalks; walk += 1) await walkOnce(pool, dumpPath);
  return (performance.now() - startMs) / burstWalks;
}

function command(name: string, words: readonly string[], environment: Record<string, string> = {}): Participant {
  const [file = '', ...args] = words;
  return {
    name,
    async walk() {
      const { status, stderr } = spawnSync(file, args, {
        env: { ...process.env, ...environment },
        maxBuffer: 1024 ** 3,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      if (status !== 0) throw new Error(`${name}: ${stderr.toString().slice(-500)}`);
      return undefined;
    },
  };
}

/** New process, new cache directory: what the very first crash of a program costs. */
function coldPool(one: StackwalkCase, folder: string): Participant {
  let count = 0;
  return {
    name: 'pool, no index yet',
    async walk() {
      const dataDir = path.join(folder, `cold-${one.name}-${count++}`);
      const pool = makePool(one.symbols, dataDir);
      const startMs = performance.now();
      await walkOnce(pool, one.dump);
      const ms = performance.now() - startMs;
      await pool.close();
      fs.rmSync(dataDir, { recursive: true });
      return ms;
    },
  };
}

/** New process, compiled indexes on disk. */
function restartedPool(one: StackwalkCase, dataDir: string): Participant {
  return {
    name: 'pool, new process',
    async walk() {
      const pool = makePool(one.symbols, dataDir);
      const startMs = performance.now();
      await walkOnce(pool, one.dump);
      const ms = performance.now() - startMs;
      await pool.close();
      return ms;
    },
  };
}

function participantsOf(one: StackwalkCase, folder: string): { participants: Participant[]; pool: WalkerPool } {
  const dataDir = path.join(folder, `warm-${one.name}`);
  const pool = makePool(one.symbols, dataDir);
  const cli = [process.execPath, path.join(source, 'bin/salvage.ts'), 'stackwalk', one.dump, '--json'];
  const peer = findBinary('minidump-stackwalk', options.peer);
  const breakpad = findBinary('minidump_stackwalk', options.breakpad);
  const participants: Participant[] = [
    { name: 'pool, after a pause', walk: async () => void (await walkOnce(pool, one.dump)) },
    { name: 'pool, warm', walk: () => burst(pool, one.dump) },
    restartedPool(one, dataDir),
    coldPool(one, folder),
    command('command, index on disk', [...cli, '--symbols', one.symbols], { SALVAGE_DATA_DIR: dataDir }),
  ];
  if (peer)
    participants.push(
      command('minidump-stackwalk', [peer, '--json', '--verbose=off', '--symbols-path', one.symbols, one.dump]),
    );
  if (breakpad) participants.push(command('Breakpad', [breakpad, '-m', one.dump, one.symbols]));
  return { participants, pool };
}

interface Spread {
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly rounds: number;
}

function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((left, right) => left - right);
  const round = (ms: number) => Number(ms.toPrecision(4));
  return {
    medianMs: round(sorted[sorted.length >> 1] as number),
    minMs: round(sorted[0] as number),
    maxMs: round(sorted.at(-1) as number),
    rounds: sorted.length,
  };
}

const warmUpWalks = 30;

async function runCase(one: StackwalkCase, folder: string): Promise<object> {
  const { participants, pool } = participantsOf(one, folder);
  try {
    for (let walk = 0; walk < warmUpWalks; walk += 1) await walkOnce(pool, one.dump);
    const samples = new Map<string, number[]>(participants.map(({ name }) => [name, []]));
    for (let round = 0; round < one.rounds; round += 1)
      for (const { name, walk } of participants) {
        const startMs = performance.now();
        const measured = await walk();
        samples.get(name)?.push(measured ?? performance.now() - startMs);
      }
    const spreads = Object.fromEntries([...samples].map(([name, values]) => [name, spreadOf(values)]));
    return { spreads, ratios: ratiosOf(samples), poolResidentMiB: await residentMiB(pool) };
  } finally {
    await pool.close();
  }
}

/** How many times longer each peer takes than the warm pool and the compile, round by round: median, lowest, highest. */
function ratiosOf(samples: ReadonlyMap<string, readonly number[]>): object {
  const ratios: Record<string, object> = {};
  for (const ours of ['pool, warm', 'pool, no index yet'])
    for (const theirs of ['minidump-stackwalk', 'Breakpad']) {
      const pairs = (samples.get(theirs) ?? []).map((ms, round) => ms / (samples.get(ours)?.[round] ?? Number.NaN));
      const sorted = pairs.sort((left, right) => left - right).map((ratio) => Number(ratio.toPrecision(3)));
      if (sorted.length > 0)
        ratios[`${theirs} / ${ours}`] = { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1) };
    }
  return ratios;
}

/** What a process that uses ten files of that size holds: peak while it compiled them, and warm. */
async function runTenLargeFiles(folder: string, functions: number): Promise<object> {
  const { dumps, symbols } = tenLargeFiles(folder, functions);
  const compiler = makePool(symbols, path.join(folder, 'ten-data'));
  const startMs = performance.now();
  await walkOnce(compiler, dumps[0] as string);
  const compileMs = performance.now() - startMs;
  const compilePeakMiB = peakMiB(compiler);
  await compiler.close();
  const pool = makePool(symbols, path.join(folder, 'ten-data'));
  const samples: number[] = [];
  for (const dump of [...dumps, ...dumps]) {
    const walkStartMs = performance.now();
    await walkOnce(pool, dump);
    samples.push(performance.now() - walkStartMs);
  }
  const warm = {
    spread: spreadOf(samples.slice(dumps.length)),
    residentMiB: await residentMiB(pool),
    peakMiB: peakMiB(pool),
  };
  await pool.close();
  return { compileAllMs: Math.round(compileMs), compilePeakMiB, warm };
}

function peakMiB(pool: WalkerPool): number {
  const kibibytes = pool.pids.map((pid) => /VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return Math.round(Math.max(...kibibytes.map(Number)) / 1024);
}

async function residentMiB(pool: WalkerPool): Promise<number> {
  const bytes = await Promise.all(pool.pids.map(residentBytesOf));
  return Math.round(Math.max(...bytes.map((size) => size ?? 0)) / 1024 ** 2);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'salvage-bench-stackwalk-'));
try {
  const cases = makeCases({
    folder,
    testdata,
    functions: Number(options.functions),
    rounds: Number(options.rounds),
    largeRounds: Number(options['large-rounds']),
  });
  const results: Record<string, object> = {};
  for (const one of cases) results[one.name] = await runCase(one, folder);
  if (options.ten) results['ten large files'] = await runTenLargeFiles(folder, Number(options.functions));
  const machine = {
    cpu: os.cpus()[0]?.model,
    cores: os.availableParallelism(),
    loadBefore: os.loadavg()[0],
    node: process.version,
  };
  console.log(JSON.stringify({ machine, results }, null, 2));
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
