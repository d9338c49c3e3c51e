// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { completeRawCrashJson, findDumps } from '../crash/find-dumps.ts';
import type { CrashReport, RawCrash } from '../crash/raw-crash.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { endsWithin } from '../lib/ends-within.ts';
import { errorText, isErrorOf } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics, MetricTags } from '../lib/metrics.ts';
import { defaultsOf } from '../lib/options.ts';
import type { CrashQueue } from '../queue/crash-queue.ts';
import { spoolErrors } from '../spool/errors.ts';
import type { Spool, SpoolEntry } from '../spool/spool.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { BackEndGate } from './back-end-gate.ts';
import { Burst } from './burst.ts';
import { moverLimits } from './limits.ts';
import { type MoverMetricNames, moverMetrics } from './metrics.ts';
import { moverOptions } from './options.ts';

export interface MoverParts {
  readonly spool: Spool;
  readonly storage: CrashStorage;
  readonly queue: CrashQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly options?: {
    readonly concurrency?: number;
    /** Wait after the nth failure, of one crash or of a back end; the seeds' back-off by default. */
    readonly retryWaitMs?: (failures: number) => number;
    readonly metricNames?: MoverMetricNames;
    /** Crashes wait while the process is busy with taking others: answers in a burst come before its storing. */
    readonly letsIntakeGoFirst?: boolean;
  };
}

/** The stage behind the spool: storage, then queue, then the entry goes. Starts at once. */
export interface Mover {
  /** Back ends that do not answer at the moment. */
  readonly down: readonly ('storage' | 'queue')[];
  /**
   * Goes on until the spool is empty but for crashes that were tried once more, a back end is down or the time is over,
   * then stops. What is left stays in the spool for the next start. Close the intake first and the spool after.
   */
  drain(timeoutMs: number): Promise<void>;
}

export function makeMover(parts: MoverParts): Mover {
  return new SpoolMover(parts);
}

const savedStep = 'saved';
const drainPollMs = 20;

class SpoolMover implements Mover {
  readonly #parts: MoverParts;
  readonly #names: MoverMetricNames;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  readonly #gates: Record<'storage' | 'queue', BackEndGate>;
  readonly #failures = new Map<CrashId, number>();
  readonly #burst: Burst | null;
  readonly #workers: Promise<void>;
  #inFlight = 0;
  /** Crashes that failed since the drain began: their next try is the next start's. Null before. */
  #failedInDrain: Set<CrashId> | null = null;

  constructor(parts: MoverParts) {
    this.#parts = parts;
    this.#names = parts.options?.metricNames ?? moverMetrics;
    this.#logger = parts.logger.named('salvage.mover');
    this.#gates = { storage: this.#makeGate('storage'), queue: this.#makeGate('queue') };
    this.#burst = parts.options?.letsIntakeGoFirst
      ? new Burst(parts.clock, this.#stopping.signal, () => parts.spool.committedCount)
      : null;
    this.#workers = this.#run();
  }

  get down(): ('storage' | 'queue')[] {
    return (['storage', 'queue'] as const).filter((name) => this.#gates[name].isDown);
  }

  async drain(timeoutMs: number): Promise<void> {
    const { clock, spool } = this.#parts;
    const endMs = clock.monotonicMs() + timeoutMs;
    const failed = new Set<CrashId>();
    this.#failedInDrain = failed;
    this.#burst?.end();
    // One more try for what waits for its turn.
    spool.retryReleased();
    while (spool.status().entryCount > failed.size && this.down.length === 0 && clock.monotonicMs() < endMs)
      await clock.sleep(drainPollMs);
    this.#stopping.abort(new Error('the mover stops'));
    await endsWithin(this.#workers, moverLimits.settleMsMax.value, clock);
    const left = spool.status().entryCount;
    this.#logger.info(left === 0 ? 'everything moved' : `${left} crashes stay in the spool for the next start`);
  }

  async #run(): Promise<void> {
    const { spool, options } = this.#parts;
    const count = options?.concurrency ?? defaultsOf(moverOptions).concurrency;
    const entries = spool.entries(this.#stopping.signal)[Symbol.asyncIterator]();
    await Promise.all(Array.from({ length: count }, () => this.#work(entries)));
    await entries.return?.();
  }

  /** One of several workers over the same entries; a failure of the spool itself must not end it. */
  async #work(entries: AsyncIterator<SpoolEntry>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#gates.storage.open();
        const next = await entries.next();
        if (next.done) return;
        await this.#burst?.passes(next.value.head.receivedAt);
        await this.#move(next.value);
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.error(`the spool could not be read: ${errorText(error)}`, { error });
        await this.#parts.clock.sleep(1000, signal).catch(() => {});
      }
    }
  }

  /** Save, publish, remove: each only after the one before is durable. */
  async #move(entry: SpoolEntry): Promise<void> {
    const { crashId, result, receivedAt } = entry.head;
    this.#gaugeInFlight(+1);
    try {
      const saved = entry.doneSteps.has(savedStep)
        ? 'done'
        : await this.#try('storage', entry, () => this.#save(entry));
      if (saved === 'failed') this.#giveBack(entry);
      if (saved !== 'done') return;
      if (result === 'accept' && !(await this.#publish(entry))) return;
      this.#failures.delete(crashId);
      this.#failedInDrain?.delete(crashId);
      await entry.remove();
      this.#count('saved');
      this.#time('handlingTime', this.#parts.clock.now().getTime() - receivedAt.getTime());
    } finally {
      this.#gaugeInFlight(-1);
    }
  }

  async #save(entry: SpoolEntry): Promise<void> {
    const startedMs = this.#parts.clock.monotonicMs();
    const report = await reportOf(entry);
    await this.#parts.storage.saveRawCrash(report, this.#stopping.signal);
    this.#time('saveTime', this.#parts.clock.monotonicMs() - startedMs);
    this.#logger.info(`${entry.head.crashId} saved`);
  }

  /** While the queue is down crashes are saved all the same, each noted so that only the publishing is left. */
  async #publish(entry: SpoolEntry): Promise<boolean> {
    const { crashId } = entry.head;
    const published = this.#gates.queue.isDown
      ? 'failed'
      : await this.#try('queue', entry, async () => {
          const startedMs = this.#parts.clock.monotonicMs();
          await this.#parts.queue.publish('standard', { crashId }, this.#stopping.signal);
          this.#time('publishTime', this.#parts.clock.monotonicMs() - startedMs);
          this.#logger.info(`${crashId} published`);
        });
    if (published === 'done') return true;
    if (!entry.doneSteps.has(savedStep)) await entry.noteStep(savedStep);
    if (published === 'failed') this.#giveBack(entry);
    return false;
  }

  /** `over`: the mover stops, or the spool's own bytes are damaged and were set aside. */
  async #try(
    name: 'storage' | 'queue',
    entry: SpoolEntry,
    action: () => Promise<void>,
  ): Promise<'done' | 'failed' | 'over'> {
    const { crashId } = entry.head;
    try {
      await action();
      this.#gates[name].succeeded();
      return 'done';
    } catch (error) {
      if (this.#stopping.signal.aborted) return 'over';
      if (isErrorOf(error, spoolErrors.spool_damaged)) {
        await entry.setAside(error.message);
        return 'over';
      }
      const tag = name === 'storage' ? 'save_crash_exception.count' : 'publish_crash_exception.count';
      const verb = name === 'storage' ? 'saved' : 'published';
      this.#count('retries', { count: tag });
      this.#logger.warning(`${crashId} could not be ${verb}, it is tried again: ${errorText(error)}`, { error });
      this.#gates[name].failed(crashId);
      return 'failed';
    }
  }

  #giveBack(entry: SpoolEntry): void {
    const { crashId } = entry.head;
    this.#failedInDrain?.add(crashId);
    const failures = (this.#failures.get(crashId) ?? 0) + 1;
    this.#failures.delete(crashId);
    this.#failures.set(crashId, failures);
    const oldest = this.#failures.keys().next();
    if (this.#failures.size > moverLimits.rememberedFailuresMax.value && !oldest.done)
      this.#failures.delete(oldest.value);
    entry.release((this.#parts.options?.retryWaitMs ?? backoffMs)(failures));
  }

  #makeGate(name: 'storage' | 'queue'): BackEndGate {
    const { clock, storage, queue, spool, options } = this.#parts;
    return new BackEndGate({
      name: `${name} ${this.#parts[name].name}`,
      clock,
      logger: this.#logger,
      check: (signal) => (name === 'storage' ? storage.check(signal) : queue.check(signal)),
      ...(options?.retryWaitMs ? { waitMs: options.retryWaitMs } : {}),
      signal: this.#stopping.signal,
      onChange: (isDown) => {
        if (this.#names.down) this.#parts.metrics.gauge(this.#names.down, Number(isDown), { back_end: name });
        if (!isDown) spool.retryReleased();
      },
    });
  }

  #gaugeInFlight(change: number): void {
    this.#inFlight += change;
    if (this.#names.inFlight) this.#parts.metrics.gauge(this.#names.inFlight, this.#inFlight);
  }

  #count(name: keyof MoverMetricNames, tags?: MetricTags): void {
    const metric = this.#names[name];
    if (metric) this.#parts.metrics.incr(metric, tags);
  }

  #time(name: keyof MoverMetricNames, ms: number): void {
    const metric = this.#names[name];
    if (metric) this.#parts.metrics.timing(metric, ms);
  }
}

/** The report as storages take it; one that was answered after its head gets its dumps and notes now. */
async function reportOf(entry: SpoolEntry): Promise<CrashReport> {
  const { crashId, rawCrashJson, contentType } = entry.head;
  if (entry.head.dumps) return makeReport(crashId, rawCrashJson, entry.dumps);
  const found = await findDumps(entry.openDecodedBody(), contentType);
  return makeReport(crashId, completeRawCrashJson(rawCrashJson, found), entry.cutDumps(found.dumps));
}

/** The parsed raw crash is made when somebody asks: most storages only write the bytes. */
function makeReport(crashId: CrashId, rawCrashJson: Uint8Array, dumps: CrashReport['dumps']): CrashReport {
  let parsed: RawCrash | null = null;
  return {
    crashId,
    rawCrashJson,
    dumps,
    get rawCrash() {
      parsed ??= JSON.parse(Buffer.from(rawCrashJson).toString('utf8')) as RawCrash;
      return parsed;
    },
  };
}
