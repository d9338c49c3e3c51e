// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { tmpdir } from 'node:os';
import type { CrashId } from '../../src/crash/crash-id.ts';
import { type Dump, dumpFromBytes } from '../../src/crash/dump.ts';
import type { ProcessedCrash } from '../../src/crash/processed-crash.ts';
import type { RawCrash } from '../../src/crash/raw-crash.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { makeMemoryLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import type { Destination } from '../../src/processor/destinations.ts';
import { CrashFolder, type DumpFile } from '../../src/processor/dump-files.ts';
import { MemoryOutbox } from '../../src/processor/memory-outbox.ts';
import { nullMissingSymbols } from '../../src/processor/missing-symbols.ts';
import { Notes } from '../../src/processor/notes.ts';
import type { ProcessorParts } from '../../src/processor/processor-parts.ts';
import { noProductIds } from '../../src/processor/product-ids.ts';
import type { RuleContext, RuleServices } from '../../src/processor/rule.ts';
import { makePipelines } from '../../src/processor/rule-sets.ts';
import { noVersions } from '../../src/processor/version-source.ts';
import type { Walker } from '../../src/processor/walker.ts';
import type { CrashQueue, QueuedCrash } from '../../src/queue/crash-queue.ts';
import { parseSiglists } from '../../src/signature/signature.ts';
import type { CrashStorage } from '../../src/storage/crash-storage.ts';
import { storageErrors } from '../../src/storage/errors.ts';
import { temporaryFolder } from '../services/temporary-folder.ts';

export const crashId = '11111111-2222-4333-8444-555550261120';
export const anotherId = '11111111-2222-4333-8444-666660261120';

/** Time that moves only when told to. Sleepers wake in order. */
export class FakeClock implements Clock {
  nowMs: number;
  readonly #sleepers: { untilMs: number; wake: () => void }[] = [];

  constructor(start = '2026-11-20T06:30:15Z') {
    this.nowMs = Date.parse(start);
  }

  now(): Date {
    return new Date(this.nowMs);
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      this.#sleepers.push({ untilMs: this.nowMs + ms, wake: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  /** Moves time on, letting everything that becomes due run between the steps. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await settled(15);
      const next = this.#sleepers
        .filter((sleeper) => sleeper.untilMs <= untilMs)
        .sort((a, b) => a.untilMs - b.untilMs)[0];
      if (!next) break;
      this.nowMs = Math.max(this.nowMs, next.untilMs);
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
      next.wake();
    }
    this.nowMs = untilMs;
    await settled();
  }
}

/**
 * Lets file work and promise chains that are under way come to rest: so many turns without a file request in flight,
 * however long each of those takes on a busy machine.
 */
export async function settled(turns = 100): Promise<void> {
  for (let quiet = 0; quiet < turns; quiet++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (process.getActiveResourcesInfo().some((name) => /^(FSReq|CloseReq)/.test(name))) quiet = 0;
  }
}

export const notFound = () => new SalvageError(storageErrors.crash_not_found);
export const outage = () => new SalvageError(storageErrors.storage_outage);
export const corrupt = () => new SalvageError(storageErrors.storage_corrupt);

/** Storage in memory whose calls can be made to fail, and which notes the order of calls. */
export class FakeStorage implements CrashStorage {
  readonly name = 'memory';
  readonly capabilities = {
    readsRaw: true,
    writesRaw: true,
    readsProcessed: true,
    writesProcessed: true,
    lists: true,
    deletes: true,
  };
  readonly raw = new Map<CrashId, RawCrash>();
  readonly dumps = new Map<CrashId, readonly Dump[]>();
  readonly processed = new Map<CrashId, ProcessedCrash>();
  readonly calls: string[] = [];
  /** Called before each call; may throw. */
  before: (call: string) => void | Promise<void> = () => {};

  async #call(call: string): Promise<void> {
    this.calls.push(call);
    await this.before(call);
  }

  add(id: CrashId, raw: RawCrash, dumps: Readonly<Record<string, Uint8Array>> = {}): void {
    this.raw.set(id, { uuid: id, submitted_timestamp: '2026-11-20T06:30:00+00:00', ...raw });
    this.dumps.set(
      id,
      Object.entries(dumps).map(([name, bytes]) => dumpFromBytes(name, bytes)),
    );
  }

  async check(): Promise<void> {
    await this.#call('check');
  }

  async getRawCrash(id: CrashId): Promise<RawCrash> {
    await this.#call('getRawCrash');
    const raw = this.raw.get(id);
    if (!raw) throw notFound();
    return raw;
  }

  async getRawCrashJson(id: CrashId): Promise<Uint8Array> {
    return Buffer.from(JSON.stringify(await this.getRawCrash(id)));
  }

  async getDumpNames(id: CrashId): Promise<readonly string[]> {
    await this.#call('getDumpNames');
    return (this.dumps.get(id) ?? []).map(({ name }) => name).sort();
  }

  async getDump(id: CrashId, name: string): Promise<Dump> {
    await this.#call(`getDump ${name}`);
    const dump = (this.dumps.get(id) ?? []).find((one) => one.name === name);
    if (!dump) throw notFound();
    return dump;
  }

  async getProcessedCrash(id: CrashId): Promise<ProcessedCrash> {
    await this.#call('getProcessedCrash');
    const processed = this.processed.get(id);
    if (!processed) throw notFound();
    return structuredClone(processed);
  }

  async saveProcessedCrash(id: CrashId, processed: ProcessedCrash): Promise<void> {
    await this.#call('saveProcessedCrash');
    this.processed.set(id, structuredClone(processed));
  }

  async saveRawCrash(): Promise<void> {}
  async deleteCrash(): Promise<void> {}
  async *listCrashIds(): AsyncIterable<CrashId> {
    yield* this.raw.keys();
  }
  async close(): Promise<void> {}
}

/** What became of a message. */
export interface Settled {
  readonly crashId: string;
  readonly how: 'ack' | 'nack' | 'bury';
  readonly reason: string;
}

/** A queue fed by the test; tells what became of each message. */
export class FakeQueue implements CrashQueue {
  readonly name = 'memory';
  readonly settled: Settled[] = [];
  readonly extended: string[] = [];
  /** Called before a message is settled; may throw. */
  beforeSettle: (how: Settled['how']) => void = () => {};
  readonly #waiting: QueuedCrash[] = [];
  #wake: () => void = () => {};

  push(id: CrashId, extras: Partial<QueuedCrash> = {}): void {
    const settle = (how: Settled['how']) => async (reason?: string) => {
      this.beforeSettle(how);
      this.settled.push({ crashId: id, how, reason: reason ?? '' });
    };
    this.#waiting.push({
      crashId: id,
      queue: 'standard',
      attempt: 1,
      ack: settle('ack'),
      nack: settle('nack'),
      bury: settle('bury'),
      extendLease: async () => {
        this.extended.push(id);
      },
      ...extras,
    });
    this.#wake();
  }

  /** Resolves once that many messages are settled. */
  async whenSettled(count: number): Promise<void> {
    for (let turn = 0; this.settled.length < count; turn++) {
      if (turn > 5_000) throw new Error(`only ${this.settled.length} of ${count} messages are settled`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async *consume({ signal }: { readonly prefetch: number; readonly signal: AbortSignal }): AsyncIterable<QueuedCrash> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const message = this.#waiting.shift();
      if (message) yield message;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async check(): Promise<void> {}
  async publish(): Promise<void> {}
  async depths() {
    return [];
  }
  async deadLetters() {
    return [];
  }
  async replayDeadLetters() {
    return 0;
  }
  async close(): Promise<void> {}
}

export class FakeDestination implements Destination {
  readonly name: string;
  readonly saved = new Map<CrashId, ProcessedCrash>();
  isAway = false;

  constructor(name = 'search') {
    this.name = name;
  }

  async saveProcessedCrash(id: CrashId, processed: ProcessedCrash): Promise<void> {
    if (this.isAway) throw new Error('the index is away');
    this.saved.set(id, structuredClone(processed));
  }
}

/** Lists without any entry would match every frame. */
export const plainSiglists = parseSiglists({
  'signature_sentinels.txt': 'zzz',
  'irrelevant_signature_re.txt': 'zzz',
  'prefix_signature_re.txt': 'malloc',
  'signatures_with_line_numbers_re.txt': 'zzz',
});

/** A stackwalk document with one thread of these functions. */
export function stackwalkOf(functions: readonly string[]): JsonObject {
  const frames = functions.map((name, frame) => ({ frame, function: name, module: 'app.so', trust: 'cfi' }));
  return {
    status: 'OK',
    pid: 1,
    crash_info: { crashing_thread: 0, type: 'SIGSEGV', address: '0x0' },
    system_info: { os: 'Linux', os_ver: '6.1', cpu_arch: 'amd64', cpu_info: 'family 6', cpu_count: 4 },
    thread_count: 1,
    threads: [{ frames, frame_count: frames.length }],
    modules: [{ filename: 'app.so', debug_file: 'app.so', debug_id: 'AB12', missing_symbols: true }],
  };
}

/** A walker that says the same of every dump. */
export function walkerOf(document: JsonObject): Walker {
  return {
    name: 'fake-walker',
    version: 'fake 1',
    walk: async () => ({ output: Buffer.from(JSON.stringify(document)), exitCode: 0, log: '' }),
  };
}

export function servicesOf(extras: Partial<RuleServices> = {}): RuleServices {
  return {
    walker: walkerOf(stackwalkOf(['malloc', 'App::Crash(int)'])),
    siglists: () => plainSiglists,
    versions: noVersions,
    productIds: noProductIds,
    missingSymbols: nullMissingSymbols,
    memoryReportBytesMax: 1_000_000,
    jitCategorizerPath: '',
    clientIdSalt: '',
    clock: new FakeClock(),
    logger: makeMemoryLogger().logger,
    metrics: new MemoryMetrics(),
    ...extras,
  };
}

export interface ContextParts {
  readonly raw?: RawCrash;
  readonly dumps?: ReadonlyMap<string, DumpFile>;
  readonly processed?: ProcessedCrash;
  readonly services?: Partial<RuleServices>;
  readonly notes?: readonly string[];
}

export function contextOf({
  raw = {},
  dumps = new Map(),
  processed = {},
  services = {},
  notes = [],
}: ContextParts): RuleContext {
  return {
    raw: Object.assign(Object.create(null), structuredClone(raw)),
    dumps,
    processed: structuredClone(processed),
    notes: new Notes(notes),
    isReprocessing: false,
    folder: new CrashFolder(tmpdir(), 'test'),
    signal: new AbortController().signal,
    services: servicesOf(services),
  };
}

export interface FakeParts extends ProcessorParts {
  readonly queue: FakeQueue;
  readonly storage: FakeStorage;
  readonly outbox: MemoryOutbox;
  readonly clock: FakeClock;
  readonly metrics: MemoryMetrics;
  readonly logs: ReturnType<typeof makeMemoryLogger>['records'];
}

export function partsOf(extras: Partial<ProcessorParts> = {}): FakeParts {
  const { logger, records } = makeMemoryLogger();
  const { clock: _clock, logger: _logger, metrics: _metrics, ...services } = servicesOf();
  return {
    queue: new FakeQueue(),
    storage: new FakeStorage(),
    destinations: [],
    outbox: new MemoryOutbox(),
    pipelines: makePipelines('salvage'),
    services,
    clock: new FakeClock(),
    logger,
    metrics: new MemoryMetrics(),
    logs: records,
    ...extras,
    settings: {
      hostname: 'host',
      tmpDir: temporaryFolder('processor-test'),
      concurrency: 4,
      crashTimeMs: 300_000,
      attemptsMax: 3,
      drainMs: 30_000,
      leaseRenewalMs: 20_000,
      outageWaitMs: 300_000,
      ...extras.settings,
    },
  } as FakeParts;
}
