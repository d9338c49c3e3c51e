// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type DeadLetter, type QueueDepth, type QueueMessage, type QueueName, queueNames } from './crash-queue.ts';
import { type Lease, LeasedQueue, type LeasedQueueOptions, type MessageStore } from './leased-queue.ts';

/** A queue in memory, without a limit and gone with its process: for tests and short-lived tools. */
export class MemoryQueue extends LeasedQueue {
  constructor(options: LeasedQueueOptions) {
    super('memory', new MemoryMessageStore(), options);
  }
}

interface Waiting {
  readonly message: QueueMessage;
  readonly attempts: number;
  readonly dueMs: number;
}

class MemoryMessageStore implements MessageStore {
  readonly #waiting: Record<QueueName, Waiting[]> = { standard: [], priority: [], reprocessing: [] };
  readonly #leased = new Map<string, { lease: Lease; deadlineMs: number }>();
  readonly #dead = new Map<string, DeadLetter & { readonly token: string }>();
  #tokens = 0;

  async check(): Promise<void> {}

  async add(queue: QueueName, message: QueueMessage, nowMs: number): Promise<void> {
    this.#insert(queue, { message, attempts: 0, dueMs: nowMs });
  }

  async hasDue(queue: QueueName, nowMs: number): Promise<boolean> {
    const first = this.#waiting[queue][0];
    return first !== undefined && first.dueMs <= nowMs;
  }

  async take(queue: QueueName, nowMs: number, deadlineMs: number): Promise<Lease | null> {
    if (!(await this.hasDue(queue, nowMs))) return null;
    const { message, attempts } = this.#waiting[queue].shift() as Waiting;
    return this.#hold({ queue, message, attempt: attempts + 1, token: this.#newToken() }, deadlineMs);
  }

  async drop(lease: Lease): Promise<boolean> {
    return this.#leased.delete(lease.token);
  }

  async putBack(lease: Lease, dueMs: number): Promise<boolean> {
    if (!this.#leased.delete(lease.token)) return false;
    this.#insert(lease.queue, { message: lease.message, attempts: lease.attempt, dueMs });
    return true;
  }

  async extend(lease: Lease, deadlineMs: number): Promise<Lease | null> {
    return this.#leased.has(lease.token) ? this.#hold(lease, deadlineMs) : null;
  }

  async expired(nowMs: number): Promise<readonly Lease[]> {
    return [...this.#leased.values()].filter(({ deadlineMs }) => deadlineMs <= nowMs).map(({ lease }) => lease);
  }

  async addDead(lease: Lease, reason: string, diedAt: Date): Promise<void> {
    const token = this.#newToken();
    this.#dead.set(token, { ...lease.message, queue: lease.queue, reason, attempts: lease.attempt, diedAt, token });
  }

  async dead(limit: number): Promise<readonly (DeadLetter & { readonly token: string })[]> {
    return [...this.#dead.values()].slice(0, limit);
  }

  async dropDead(token: string): Promise<void> {
    this.#dead.delete(token);
  }

  async held(): Promise<readonly QueueMessage[]> {
    const waiting = queueNames.flatMap((queue) => this.#waiting[queue].map(({ message }) => message));
    return [...waiting, ...[...this.#leased.values()].map(({ lease }) => lease.message)];
  }

  async depths(nowMs: number): Promise<readonly QueueDepth[]> {
    return queueNames.map((queue) => {
      const oldest = this.#waiting[queue][0];
      return {
        queue,
        waiting: this.#waiting[queue].length,
        leased: [...this.#leased.values()].filter(({ lease }) => lease.queue === queue).length,
        oldestAgeS: oldest ? Math.max(0, (nowMs - oldest.dueMs) / 1000) : null,
      };
    });
  }

  failure(error: unknown): unknown {
    return error;
  }

  #newToken(): string {
    this.#tokens += 1;
    return String(this.#tokens);
  }

  #hold(lease: Lease, deadlineMs: number): Lease {
    this.#leased.set(lease.token, { lease, deadlineMs });
    return lease;
  }

  /** Behind everything that is due no later. */
  #insert(queue: QueueName, entry: Waiting): void {
    const list = this.#waiting[queue];
    const index = list.findLastIndex((each) => each.dueMs <= entry.dueMs) + 1;
    list.splice(index, 0, entry);
  }
}
