// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { dateOf } from '../crash/crash-id.ts';
import { wasDeferred } from '../crash/was-deferred.ts';
import type { Clock } from '../lib/clock.ts';
import { eachConcurrently } from '../lib/each-concurrently.ts';
import { isErrorOf } from '../lib/errors.ts';
import type { CrashQueue, DeadLetter, QueueName } from '../queue/crash-queue.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { storageErrors } from '../storage/errors.ts';
import { moverLimits } from './limits.ts';

/**
 * `unannounced`: stored, not processed, and in no queue. `unprocessed`: stored and not processed, and the queue cannot
 * tell whether it has the id. `given_up`: not processed, its id is a dead letter. `absent`: announced, and not stored.
 */
export type FindingKind = 'unannounced' | 'unprocessed' | 'given_up' | 'absent';

export interface Finding {
  readonly kind: FindingKind;
  readonly crashId: CrashId;
  /** For people: why, or since when. */
  readonly detail: string;
  /** Its id was published again. */
  readonly isRepaired: boolean;
}

export interface ReconcileParts {
  /** Raw crashes; must list. */
  readonly storage: CrashStorage;
  /** Processed crashes; often the same store. */
  readonly processed: CrashStorage;
  readonly queue: CrashQueue;
  /** `YYYYMMDD`, one after the other. */
  readonly days: readonly string[];
  /** Younger crashes are still on their way. */
  readonly graceMs: number;
  readonly repairs: boolean;
  readonly concurrency: number;
  /** Announced ids held at a time; that of the limits by default. */
  readonly idsMax?: number;
  readonly clock: Clock;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress?: (counts: ReconcileCounts) => void;
  readonly signal?: AbortSignal;
}

export interface ReconcileCounts {
  readonly stored: number;
  readonly processed: number;
  /** In a queue, or too young to be missed. */
  readonly pending: number;
  readonly deferred: number;
  readonly unannounced: number;
  readonly unprocessed: number;
  readonly given_up: number;
  readonly absent: number;
  readonly repaired: number;
}

/**
 * Compares what is stored with what was announced and what was processed, day by day, in bounded memory. With `repairs`
 * the ids of stored crashes that nobody will process are published again; a crash that is processed twice has the same
 * outcome. An outage ends the run with its error: what cannot be asked is not missing.
 */
export async function reconcile(parts: ReconcileParts): Promise<ReconcileCounts> {
  const run = new Reconciliation(parts, await deadLettersOf(parts));
  for (const day of parts.days) await run.compare(day, '');
  return run.counts;
}

/** All of them: an id whose dead letter is not seen would be published again, whatever the reason says. */
async function deadLettersOf({ queue, days }: ReconcileParts): Promise<Map<CrashId, DeadLetter>> {
  const letters = await queue.deadLetters({ limit: moverLimits.deadLettersReconciledMax.value });
  return new Map(
    letters.filter(({ crashId }) => days.includes(dateOf(crashId))).map((letter) => [letter.crashId, letter]),
  );
}

class Reconciliation {
  readonly counts: { -readonly [K in keyof ReconcileCounts]: number } = {
    stored: 0,
    processed: 0,
    pending: 0,
    deferred: 0,
    unannounced: 0,
    unprocessed: 0,
    given_up: 0,
    absent: 0,
    repaired: 0,
  };
  readonly #parts: ReconcileParts;
  readonly #dead: ReadonlyMap<CrashId, DeadLetter>;

  constructor(parts: ReconcileParts, dead: ReadonlyMap<CrashId, DeadLetter>) {
    this.#parts = parts;
    this.#dead = dead;
  }

  /** One day, or the part of it whose ids begin with the prefix. */
  async compare(date: string, prefix: string): Promise<void> {
    const { storage, concurrency, signal } = this.#parts;
    const announced = await this.#announced(date, prefix);
    if (announced === 'too many') {
      for (const digit of '0123456789abcdef') await this.compare(date, prefix + digit);
      return;
    }
    const listing = storage.listCrashIds({ date, prefix }, signal);
    const seen = new Set<CrashId>();
    const look = async (crashId: CrashId) => {
      this.counts.stored += 1;
      if (announced?.has(crashId)) seen.add(crashId);
      await this.#lookAt(crashId, announced);
      this.#parts.onProgress?.(this.counts);
    };
    await eachConcurrently(listing, concurrency, look, signal);
    if (signal?.aborted) return;
    const dead = [...this.#dead.keys()].filter((crashId) => isIn(crashId, date, prefix));
    for (const crashId of new Set([...(announced ?? []), ...dead]))
      if (!seen.has(crashId)) await this.#lookForAbsent(crashId);
  }

  /** Null where the queue cannot tell. */
  async #announced(date: string, prefix: string): Promise<Set<CrashId> | 'too many' | null> {
    const { queue, idsMax } = this.#parts;
    if (!queue.listCrashIds) return null;
    const announced = new Set<CrashId>();
    for await (const crashId of queue.listCrashIds()) {
      if (isIn(crashId, date, prefix)) announced.add(crashId);
      if (announced.size > (idsMax ?? moverLimits.reconciledIdsMax.value)) return 'too many';
    }
    return announced;
  }

  async #lookAt(crashId: CrashId, announced: ReadonlySet<CrashId> | null): Promise<void> {
    if (announced?.has(crashId)) {
      this.counts.pending += 1;
      return;
    }
    if (await this.#isProcessed(crashId)) {
      this.counts.processed += 1;
      return;
    }
    const rawCrash = await this.#parts.storage.getRawCrash(crashId, this.#parts.signal).catch(nullIfAbsent);
    // Deleted since it was listed.
    if (rawCrash === null) return;
    if (wasDeferred(crashId, rawCrash)) {
      this.counts.deferred += 1;
      return;
    }
    const receivedMs = Date.parse(String(rawCrash['submitted_timestamp'] ?? ''));
    const isYoung = this.#parts.clock.now().getTime() - receivedMs < this.#parts.graceMs;
    // Asked again: it may have been processed since the queue and the store were listed.
    if (isYoung || (await this.#isProcessed(crashId))) {
      this.counts.pending += 1;
      return;
    }
    await this.#missing(
      crashId,
      announced !== null,
      Number.isNaN(receivedMs) ? '' : new Date(receivedMs).toISOString(),
    );
  }

  async #missing(crashId: CrashId, isQueueKnown: boolean, since: string): Promise<void> {
    const letter = this.#dead.get(crashId);
    // Somebody should read the reason first; `salvage queue replay` sends it back.
    if (letter) return this.#find('given_up', crashId, letter.reason, null);
    if (isQueueKnown) return this.#find('unannounced', crashId, `stored since ${since}`, 'standard');
    return this.#find('unprocessed', crashId, `stored since ${since}`, 'reprocessing');
  }

  async #lookForAbsent(crashId: CrashId): Promise<void> {
    const { storage, signal } = this.#parts;
    // What was stored after the listing is no finding.
    if ((await storage.getRawCrashJson(crashId, signal).catch(nullIfAbsent)) !== null) return;
    const reason = this.#dead.get(crashId)?.reason ?? 'waits in a queue';
    await this.#find('absent', crashId, reason, null);
  }

  async #find(kind: FindingKind, crashId: CrashId, detail: string, repairQueue: QueueName | null): Promise<void> {
    const isRepaired = this.#parts.repairs && repairQueue !== null;
    if (isRepaired) await this.#parts.queue.publish(repairQueue, { crashId }, this.#parts.signal);
    this.counts[kind] += 1;
    if (isRepaired) this.counts.repaired += 1;
    this.#parts.onFinding({ kind, crashId, detail, isRepaired });
  }

  async #isProcessed(crashId: CrashId): Promise<boolean> {
    const { processed, signal } = this.#parts;
    try {
      await processed.getProcessedCrash(crashId, signal);
      return true;
    } catch (error) {
      // One that cannot be read any more is made anew, too.
      if (isErrorOf(error, storageErrors.crash_not_found) || isErrorOf(error, storageErrors.storage_corrupt))
        return false;
      throw error;
    }
  }
}

function isIn(crashId: CrashId, date: string, prefix: string): boolean {
  return dateOf(crashId) === date && crashId.startsWith(prefix);
}

function nullIfAbsent(error: unknown): null {
  if (isErrorOf(error, storageErrors.crash_not_found)) return null;
  throw error;
}

/** The days from `daysBack` days ago until today (UTC), oldest first. */
export function recentDays(now: Date, daysBack: number): string[] {
  return Array.from({ length: daysBack + 1 }, (_, index) =>
    new Date(now.getTime() - (daysBack - index) * 86_400_000).toISOString().slice(0, 10).replaceAll('-', ''),
  );
}
