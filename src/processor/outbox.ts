// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';

/** A processed crash that storage holds and a destination still lacks. */
export interface Debt {
  readonly destination: string;
  readonly crashId: CrashId;
  /** Why the last try failed. */
  readonly reason: string;
  /** Tries so far. */
  readonly attempts: number;
}

/**
 * Remembers durably which destination lacks which crash, so that a queue message may be acked while a destination is
 * away (decisions: one table in PostgreSQL, else files). One debt a destination and crash: owing twice is owing once.
 */
export interface Outbox {
  /** Durable when the promise resolves. */
  owe(destination: string, crashId: CrashId, reason: string): Promise<void>;
  /** Debts whose next try is due, oldest first. */
  due(now: Date, limit: number): Promise<readonly Debt[]>;
  /** The destination has the crash now. */
  settle(destination: string, crashId: CrashId): Promise<void>;
  /** A try failed: the next is due at `dueAt`. */
  postpone(debt: Debt, reason: string, dueAt: Date): Promise<void>;
  /** Debts by destination. */
  counts(): Promise<ReadonlyMap<string, number>>;
}

interface MemoryDebt extends Debt {
  readonly dueAtMs: number;
}

/** Forgets everything at exit: for tests and for processors whose only destination is storage. */
export class MemoryOutbox implements Outbox {
  readonly #debts = new Map<string, MemoryDebt>();

  async owe(destination: string, crashId: CrashId, reason: string): Promise<void> {
    this.#debts.set(`${destination} ${crashId}`, { destination, crashId, reason, attempts: 1, dueAtMs: 0 });
  }

  async due(now: Date, limit: number): Promise<readonly Debt[]> {
    return [...this.#debts.values()].filter(({ dueAtMs }) => dueAtMs <= now.getTime()).slice(0, limit);
  }

  async settle(destination: string, crashId: CrashId): Promise<void> {
    this.#debts.delete(`${destination} ${crashId}`);
  }

  async postpone(debt: Debt, reason: string, dueAt: Date): Promise<void> {
    const { destination, crashId, attempts } = debt;
    const key = `${destination} ${crashId}`;
    // Settled or owed anew meanwhile by another processor: that is the newer word.
    if (!this.#debts.has(key)) return;
    this.#debts.set(key, { destination, crashId, reason, attempts: attempts + 1, dueAtMs: dueAt.getTime() });
  }

  async counts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { destination } of this.#debts.values()) counts.set(destination, (counts.get(destination) ?? 0) + 1);
    return counts;
  }
}
