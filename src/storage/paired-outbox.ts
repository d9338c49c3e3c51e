// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Debt, Outbox } from './outbox.ts';

/**
 * Debts in the first outbox, and in the second while the first is away: a table, and files for when the database itself
 * is what failed (decisions.md 20). Debts of both are paid.
 */
export class PairedOutbox implements Outbox {
  readonly #first: Outbox;
  readonly #second: Outbox;

  constructor(first: Outbox, second: Outbox) {
    this.#first = first;
    this.#second = second;
  }

  async owe(destination: string, crashId: CrashId, reason: string): Promise<void> {
    try {
      await this.#first.owe(destination, crashId, reason);
    } catch {
      await this.#second.owe(destination, crashId, reason);
    }
  }

  async due(now: Date, limit: number, destinations: readonly string[]): Promise<readonly Debt[]> {
    const second = await this.#second.due(now, limit, destinations);
    if (second.length >= limit) return second;
    // While the first is away, what the second holds can still be paid.
    const first = await this.#first.due(now, limit - second.length, destinations).catch((error: unknown) => {
      if (second.length === 0) throw error;
      return [];
    });
    return [...second, ...first];
  }

  async settle(destination: string, crashId: CrashId): Promise<void> {
    await this.#second.settle(destination, crashId);
    await this.#first.settle(destination, crashId);
  }

  async postpone(debt: Debt, reason: string, dueAt: Date): Promise<void> {
    await this.#second.postpone(debt, reason, dueAt);
    await this.#first.postpone(debt, reason, dueAt);
  }

  async counts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map(await this.#second.counts());
    for (const [destination, count] of await this.#first.counts())
      counts.set(destination, (counts.get(destination) ?? 0) + count);
    return counts;
  }
}
