// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// How many crashes one core of Salvage takes through fetch, walk, sign and save (files and PostgreSQL), and where the
// time goes. PostgreSQL's own CPU is counted apart. The floor in the same run is the bare walk of the same dump by the
// same pool; the peer, where there is one, a minidump-stackwalk process for each crash (--peer PATH).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ownSiglistDirectory, readSiglists } from '../src/bin/siglist-directory.ts';
import { makeCrashId } from '../src/crash/crash-id.ts';
import { dumpFromBytes } from '../src/crash/dump.ts';
import { mainDumpName } from '../src/crash/raw-crash.ts';
import { systemClock } from '../src/lib/clock.ts';
import { nodeFiles } from '../src/lib/files.ts';
import { nullLogger } from '../src/lib/log.ts';
import { MemoryMetrics, nullMetrics } from '../src/lib/metrics.ts';
import { defaultsOf } from '../src/lib/options.ts';
import { EmbeddedPostgres } from '../src/lib/postgres/embedded.ts';
import { migrate } from '../src/lib/postgres/migrations.ts';
import { makePool } from '../src/lib/postgres/pool.ts';
import { makeIndexDestination } from '../src/processor/index-destination.ts';
import { processorLimits } from '../src/processor/limits.ts';
import { MemoryOutbox } from '../src/processor/memory-outbox.ts';
import { nullMissingSymbols } from '../src/processor/missing-symbols.ts';
import { capWalks, makePoolWalker } from '../src/processor/pool-walker.ts';
import { makeProcessor, type Processor } from '../src/processor/processor.ts';
import { noProductIds } from '../src/processor/product-ids.ts';
import { makePipelines } from '../src/processor/rule-sets.ts';
import { noVersions } from '../src/processor/version-source.ts';
import { MemoryQueue } from '../src/queue/memory-queue.ts';
import { PostgresSearch } from '../src/search/postgres-search.ts';
import { FsStorage } from '../src/storage/fs-storage.ts';
import { symbolOptions } from '../src/symbols/options.ts';
import { WalkerPool } from '../src/unwind/unwind.ts';
import { type CrashShape, makeDump, shapes, writeSymbols } from './processor-cases.ts';

const { values: options } = parseArgs({
  options: {
    crashes: { type: 'string', default: '120' },
    rounds: { type: 'string', default: '3' },
    concurrency: { type: 'string', default: '4' },
    walkers: { type: 'string', default: '2' },
    peer: { type: 'string' },
  },
});
const [crashCount, rounds] = [Number(options.crashes), Number(options.rounds)];
const concurrency = Number(options.concurrency);
/** Crashes before the measurements, and one at a time after them. */
const [warmUps, alones] = [30, 40];

const ticksPerS = 100;

/** CPU seconds of a process so far, its threads included; 0 when it is gone. */
function cpuSecondsOf(pid: number): number {
  try {
    const fields = fs
      .readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerS;
  } catch {
    return 0;
  }
}

/** CPU seconds of PostgreSQL: the server, its live children, and those it has reaped. */
function cpuSecondsOfServer(pid: number): number {
  const fields = fs
    .readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const own = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) / ticksPerS;
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.reduce((sum, child) => sum + cpuSecondsOf(Number(child)), own);
}

function summary(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const round = (value: number | undefined) => Number((value ?? 0).toPrecision(4));
  return { median: round(sorted[sorted.length >> 1]), min: round(sorted[0]), max: round(sorted.at(-1)) };
}

interface Bench {
  readonly processor: Processor;
  readonly pool: WalkerPool;
  readonly metrics: MemoryMetrics;
  readonly ids: readonly string[];
  readonly dumpPath: string;
  readonly serverPid: number;
}

async function withBench<T>(shape: CrashShape, use: (bench: Bench) => Promise<T>): Promise<T> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-processor-'));
  const [symbols, tmpDir] = ['symbols', 'tmp'].map((name) => path.join(folder, name)) as [string, string];
  for (const directory of [symbols, tmpDir]) fs.mkdirSync(directory);
  writeSymbols(shape, symbols);
  const server = await EmbeddedPostgres.start({ folder: path.join(folder, 'postgres'), logger: nullLogger });
  await migrate(server.url(), nullLogger);
  const database = makePool({
    url: server.url(),
    logger: nullLogger,
    connectionsMax: 4,
    statementTimeoutMs: 60_000,
    applicationName: 'bench',
  });
  const pool = new WalkerPool({
    entry: path.resolve(import.meta.dirname, '../src/bin/walker-child.ts'),
    setup: { symbols: { ...defaultsOf(symbolOptions), directories: [symbols] }, dataDir: folder, version: null },
    size: Number(options.walkers),
    logger: nullLogger,
    metrics: nullMetrics,
  });
  const storage = new FsStorage({ root: path.join(folder, 'crashes'), files: nodeFiles, clock: systemClock });
  const metrics = new MemoryMetrics();
  try {
    const { ids, dumpPath } = await fill(shape, storage, folder);
    const siglists = readSiglists(ownSiglistDirectory);
    const processor = makeProcessor({
      queue: new MemoryQueue({ logger: nullLogger, clock: systemClock }),
      storage,
      destinations: [makeIndexDestination(new PostgresSearch({ pool: database }), systemClock)],
      outbox: new MemoryOutbox(),
      pipelines: makePipelines('salvage'),
      services: {
        walker: capWalks(makePoolWalker(pool, 'bench'), Number(options.walkers)),
        siglists: () => siglists,
        versions: noVersions,
        productIds: noProductIds,
        missingSymbols: nullMissingSymbols,
        memoryReportBytesMax: processorLimits.memoryReportBytesMax.value,
        jitCategorizerPath: '',
        clientIdSalt: 'salt',
      },
      clock: systemClock,
      logger: nullLogger,
      metrics,
      settings: {
        hostname: 'bench',
        tmpDir,
        concurrency,
        crashTimeMs: processorLimits.crashTimeMs.value,
        attemptsMax: processorLimits.attemptsMax.value,
        drainMs: processorLimits.drainMs.value,
        leaseRenewalMs: processorLimits.leaseRenewalMs.value,
        outageWaitMs: processorLimits.outageWaitMs.value,
      },
    });
    return await use({ processor, pool, metrics, ids, dumpPath, serverPid: (await server.pid()) as number });
  } finally {
    await pool.close();
    await database.end();
    await server.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Saves the crashes that are then processed. */
async function fill(shape: CrashShape, storage: FsStorage, folder: string) {
  const bytes = makeDump(shape);
  const dumpPath = path.join(folder, 'sample.dmp');
  fs.writeFileSync(dumpPath, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const ids: string[] = [];
  const now = new Date('2026-11-20T06:30:00Z');
  // Each crash is processed for the first time in one measurement alone.
  for (let number = 0; number < warmUps + rounds * crashCount + alones; number++) {
    const id = makeCrashId(crypto.randomUUID(), 0, now);
    const rawCrash = { ...shape.annotations, uuid: id, submitted_timestamp: now.toISOString() };
    const dumps = [dumpFromBytes(mainDumpName, bytes, sha256)];
    await storage.saveRawCrash({ crashId: id, rawCrash, rawCrashJson: Buffer.from(JSON.stringify(rawCrash)), dumps });
    ids.push(id);
  }
  return { ids, dumpPath };
}

/** Runs over the items with so many at a time. */
async function each<T>(items: readonly T[], atOnce: number, action: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await action(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** One round of something over all crashes: wall and CPU seconds. */
async function measure({ pool, serverPid }: Bench, action: () => Promise<void>) {
  const cpu = () => process.cpuUsage();
  const walkers = () => pool.pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  const before = { main: cpu(), walkers: walkers(), server: cpuSecondsOfServer(serverPid), ms: performance.now() };
  await action();
  const { user, system } = process.cpuUsage(before.main);
  return {
    wallS: (performance.now() - before.ms) / 1000,
    mainS: (user + system) / 1e6,
    systemS: system / 1e6,
    walkersS: walkers() - before.walkers,
    serverS: cpuSecondsOfServer(serverPid) - before.server,
  };
}

/** Share of wall time per step, one crash at a time. */
function sharesOf(metrics: MemoryMetrics): Record<string, number> {
  const sum = (name: string, tag?: readonly [string, string]) =>
    metrics.records
      .filter((record) => record.name === name && (!tag || record.tags[tag[0]] === tag[1]))
      .reduce((total, { value }) => total + value, 0);
  const [act, save] = ['socorro.processor.rule.act.timing', 'socorro.processor.save_destination'];
  const total = sum('socorro.processor.process_crash');
  const walk = sum(act, ['rule', 'MinidumpStackwalkRule']);
  const sign = sum(act, ['rule', 'ProvisionalSignatureGeneratorRule']);
  const steps = {
    walk,
    sign,
    otherRules: sum(act) - walk - sign,
    saveStorage: sum(save, ['destination', 'fs']),
    saveSearch: sum(save, ['destination', 'search']),
  };
  const known = Object.values(steps).reduce((a, b) => a + b, 0);
  const share = (ms: number) => Number((ms / total).toFixed(3));
  return {
    fetchAndRest: share(total - known),
    ...Object.fromEntries(Object.entries(steps).map(([name, ms]) => [name, share(ms)])),
  };
}

function peerSeconds(dumpPath: string, symbols: string): { perCrashMs: number } | null {
  const found = options.peer ?? path.join(os.homedir(), '.cargo/bin/minidump-stackwalk');
  if (!fs.existsSync(found)) return null;
  const times = Array.from({ length: 10 }, () => {
    const started = performance.now();
    spawnSync(found, ['--json', '--symbols-path', symbols, dumpPath], { stdio: 'ignore' });
    return performance.now() - started;
  });
  return { perCrashMs: summary(times).median };
}

async function run(shape: CrashShape) {
  return withBench(shape, async (bench) => {
    const { processor, pool, metrics, ids, dumpPath } = bench;
    // Warm: code compiled, symbol indexes made, partitions there.
    await each(ids.slice(0, warmUps), concurrency, (id) => processor.process(id));
    const [perS, perCoreS, floorPerCoreS, ratios, serverMs] = [[], [], [], [], []] as number[][] as [
      number[],
      number[],
      number[],
      number[],
      number[],
    ];
    for (let round = 0; round < rounds; round++) {
      const fresh = ids.slice(warmUps + round * crashCount, warmUps + (round + 1) * crashCount);
      const whole = await measure(bench, () => each(fresh, concurrency, (id) => processor.process(id)));
      const floor = await measure(bench, () => each(fresh, concurrency, () => pool.walk({ dumpPath })));
      perS.push(crashCount / whole.wallS);
      perCoreS.push(crashCount / (whole.mainS + whole.walkersS));
      floorPerCoreS.push(crashCount / (floor.mainS + floor.walkersS));
      ratios.push((whole.mainS + whole.walkersS) / (floor.mainS + floor.walkersS));
      serverMs.push((whole.serverS / crashCount) * 1000);
    }
    metrics.records.length = 0;
    await each(ids.slice(-alones), 1, (id) => processor.process(id));
    const alone = metrics.records.filter(({ name }) => name === 'socorro.processor.process_crash');
    return {
      case: shape.name,
      crashesPerSecond: summary(perS),
      crashesPerSecondPerCoreOfSalvage: summary(perCoreS),
      bareWalksPerSecondPerCore: summary(floorPerCoreS),
      cpuRatioToBareWalk: summary(ratios),
      postgresCpuMsPerCrash: summary(serverMs),
      oneCrashAloneMs: summary(alone.map(({ value }) => value)),
      shareOfTime: sharesOf(metrics),
      peer: peerSeconds(dumpPath, path.join(path.dirname(dumpPath), 'symbols')),
    };
  });
}

const results = [];
for (const shape of shapes) results.push(await run(shape));
console.log(JSON.stringify({ crashes: crashCount, rounds, concurrency, cpus: os.cpus().length, results }, null, 2));
process.exit(0);
