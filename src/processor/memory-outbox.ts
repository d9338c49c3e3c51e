// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Debt, Outbox } from '../storage/outbox.ts';

interface MemoryDebt extends Debt {
  readonly dueAtMs: number;
}

/** Forgets everything at exit: for tests and for processors whose only destination is storage. */
export class MemoryOutbox implements Outbox {
  readonly #debts = new Map<string, MemoryDebt>();

  async owe(destination: string, crashId: CrashId, reason: string): Promise<void> {
    this.#debts.set(`${destination} ${crashId}`, { destination, crashId, reason, attempts: 1, dueAtMs: 0 });
  }

  async due(now: Date, limit: number, destinations: readonly string[]): Promise<readonly Debt[]> {
    return [...this.#debts.values()]
      .filter(({ dueAtMs, destination }) => dueAtMs <= now.getTime() && destinations.includes(destination))
      .slice(0, limit);
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
