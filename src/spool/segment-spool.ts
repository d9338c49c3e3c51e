// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { ByteBudget } from '../lib/byte-budget.ts';
import type { Clock } from '../lib/clock.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { Files } from '../lib/files.ts';
import { errorCode } from '../lib/files.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { defaultsOf } from '../lib/options.ts';
import { spoolErrors } from './errors.ts';
import { KnownReports } from './known-reports.ts';
import { spoolLimits } from './limits.ts';
import { spoolMetrics } from './metrics.ts';
import { spoolOptions } from './options.ts';
import { ReleasedEntries } from './released-entries.ts';
import type { Spool, SpoolEntry, SpoolStage, SpoolStatus } from './spool.ts';
import type { ReadEntry } from './spool-directory.ts';
import { SpoolRoots } from './spool-roots.ts';
import { SpooledEntry } from './spooled-entry.ts';
import { RequestStage } from './stage.ts';

export interface SegmentSpoolParts {
  /** Holds the numbered directories, one an intake process. Made when missing. */
  readonly directory: string;
  /** Takes what `directory` refuses. */
  readonly fallbackDirectory?: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly options?: Partial<SegmentSpoolOptions>;
  /** Adopt directories without an owner before this resolves; else a sibling that restarts has some seconds' grace. */
  readonly adoptsAtOnce?: boolean;
}

export interface SegmentSpoolOptions {
  readonly memoryBytesMax: number;
  readonly inlineBodyBytesMax: number;
  readonly freeBytesMin: number;
  /** 0 = no limit. */
  readonly sizeBytesMax: number;
}

const tickMs = 1000;
const ticksPerLook = 10;
/** The first look comes early: what another process left behind should not wait for nothing. */
const firstLookTick = 3;

/**
 * Opens the spool: owns one numbered directory, scans what earlier runs left, adopts directories without an owner.
 * Throws `spool_failed` when neither the directory nor the fallback can be used.
 */
export async function makeSegmentSpool(parts: SegmentSpoolParts): Promise<Spool> {
  const spool = new SegmentSpool(parts);
  await spool.open();
  return spool;
}

/** The spool as an append-only segment log with group commit; docs/adr/spool-segment-log.md says why. */
class SegmentSpool implements Spool {
  readonly #parts: SegmentSpoolParts;
  readonly #options: SegmentSpoolOptions;
  readonly #budget: ByteBudget;
  readonly #roots: SpoolRoots;
  readonly #released = new ReleasedEntries();
  readonly #stopping = new AbortController();
  committedCount = 0;
  #known: KnownReports | null = null;
  readonly #inHands = new Map<string, number>();
  #wake: () => void = () => {};
  #ticking: Promise<void> = Promise.resolve();

  constructor(parts: SegmentSpoolParts) {
    this.#parts = parts;
    this.#options = { ...defaultsOf(spoolOptions), ...parts.options };
    this.#budget = new ByteBudget(this.#options.memoryBytesMax);
    this.#roots = new SpoolRoots(parts, () => this.#wake());
  }

  async open(): Promise<void> {
    const { files, clock, logger } = this.#parts;
    const first = await this.#roots.open();
    if (this.#parts.adoptsAtOnce) await this.#roots.lookAround();
    this.#known = new KnownReports(files, first.path, clock, logger);
    await this.#known.load();
    const { entryCount } = this.status();
    if (entryCount > 0) logger.info(`spool: ${entryCount} crashes of earlier runs wait in ${first.path}`);
    this.#ticking = this.#tick();
  }

  refuses(bodySizeBytes: number | null): number | null {
    if (this.#stopping.signal.aborted) return spoolLimits.retryAfterS.value;
    const neededBytes = bodySizeBytes ?? this.#options.inlineBodyBytesMax;
    const isOverSize =
      this.#options.sizeBytesMax > 0 && this.status().sizeBytes + neededBytes > this.#options.sizeBytesMax;
    if (isOverSize) return spoolLimits.retryAfterS.value;
    return this.#roots.canTake(neededBytes + this.#budget.usedBytes + this.#options.freeBytesMin)
      ? null
      : spoolLimits.retryAfterS.value;
  }

  stage(): SpoolStage {
    const { clock, metrics, logger } = this.#parts;
    return new RequestStage({
      monotonicMs: () => clock.monotonicMs(),
      budget: this.#budget,
      inlineBodyBytesMax: this.#options.inlineBodyBytesMax,
      directories: () => {
        if (this.#stopping.signal.aborted) throw new SalvageError(spoolErrors.spool_closed);
        return this.#roots.writable();
      },
      onDirectoryFailed: (directory, error) => {
        directory.sickUntilMs = clock.monotonicMs() + spoolLimits.sickMs.value;
        logger.error(`spool: ${directory.path} refused a write: ${errorText(error)}`, { error });
      },
      onRefused: (error) => metrics.incr(spoolMetrics.failed, { reason: error.slug }),
      onCommitted: (head, directory, tookMs) => {
        this.committedCount += 1;
        metrics.timing(spoolMetrics.commitTime, tookMs);
        if (directory !== this.#roots.primary) metrics.incr(spoolMetrics.fallback);
        if (head.reportKey !== undefined) this.#known?.add(head.reportKey, head.crashId);
      },
    });
  }

  knownReport(reportKey: string): CrashId | undefined {
    return this.#known?.get(reportKey);
  }

  async *entries(signal: AbortSignal): AsyncGenerator<SpoolEntry> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      // Asked for before looking, so that nothing that comes in between is missed.
      const news = this.#nextNews();
      const entry = await this.#nextEntry();
      if (entry) {
        this.#hold(entry);
        yield new SpooledEntry(this.#parts.files, entry, {
          release: (released, delayMs) => this.#release(released, delayMs),
          settled: (settled) => this.#inHands.delete(keyOf(settled)),
        });
        continue;
      }
      await news;
    }
  }

  retryReleased(): void {
    this.#released.makeAllDue();
    this.#wake();
  }

  status(): SpoolStatus {
    let [entryCount, sizeBytes, damagedCount] = [0, 0, 0];
    let oldestMs = Math.min(this.#released.oldestReceivedMs, ...this.#inHands.values());
    for (const directory of this.#roots.all()) {
      const totals = directory.totals();
      entryCount += totals.entryCount;
      sizeBytes += totals.sizeBytes;
      damagedCount += directory.damagedCount;
      oldestMs = Math.min(oldestMs, totals.oldestUnreadMs ?? Number.POSITIVE_INFINITY);
    }
    const ageS = Math.max(0, (this.#parts.clock.now().getTime() - oldestMs) / 1000);
    return { entryCount, sizeBytes, oldestAgeS: entryCount > 0 && Number.isFinite(ageS) ? ageS : null, damagedCount };
  }

  async check(): Promise<void> {
    try {
      await this.#roots.check();
    } catch (error) {
      const isFull = errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT';
      throw new SalvageError(isFull ? spoolErrors.spool_full : spoolErrors.spool_failed, errorText(error), {
        cause: error,
      });
    }
    if (this.refuses(null) !== null)
      throw new SalvageError(spoolErrors.spool_full, 'less free disk space than the reserve');
  }

  async close(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#wake();
    await this.#ticking;
    await this.#known?.close();
    await this.#roots.close();
  }

  /** Released entries that are due come before unread ones: they are older. */
  async #nextEntry(): Promise<ReadEntry | null> {
    const place = this.#released.takeDue(this.#parts.clock.monotonicMs());
    if (place) return place.directory.reread(place);
    if (this.#released.isFull) return null;
    for (const directory of this.#roots.byAge()) {
      const entry = await directory.next();
      if (entry) return entry;
    }
    return null;
  }

  #hold(entry: ReadEntry): void {
    this.#inHands.set(keyOf(entry), entry.place.receivedMs);
  }

  #release(entry: ReadEntry, delayMs: number): void {
    this.#inHands.delete(keyOf(entry));
    this.#released.add(entry.place, this.#parts.clock.monotonicMs() + delayMs);
  }

  /** Resolves at the next commit, release that falls due, or abort. */
  #nextNews(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Once a second: free disk, released entries that fell due; every ten seconds gauges, locks and adoption. */
  async #tick(): Promise<void> {
    const { clock, logger } = this.#parts;
    const { signal } = this.#stopping;
    for (let count = 1; !signal.aborted; count++) {
      await clock.sleep(tickMs, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#roots.measure();
        if (this.#released.hasDue(clock.monotonicMs())) this.#wake();
        if (count % ticksPerLook !== firstLookTick) continue;
        this.#writeGauges();
        await this.#roots.lookAround();
      } catch (error) {
        logger.warning(`spool: ${errorText(error)}`, { error });
      }
    }
  }

  #writeGauges(): void {
    const { metrics } = this.#parts;
    const status = this.status();
    metrics.gauge(spoolMetrics.depth, status.entryCount);
    metrics.gauge(spoolMetrics.size, status.sizeBytes);
    metrics.gauge(spoolMetrics.oldestAge, status.oldestAgeS ?? 0);
    metrics.gauge(spoolMetrics.damaged, status.damagedCount);
    metrics.gauge(spoolMetrics.memory, this.#budget.usedBytes);
  }
}

function keyOf(entry: ReadEntry): string {
  return `${entry.place.segment.name}:${entry.place.offset}`;
}
