// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import {
  type CrashQueue,
  type DeadLetter,
  type QueueDepth,
  type QueuedCrash,
  type QueueMessage,
  type QueueName,
  queueNames,
} from './crash-queue.ts';
import { queueErrors } from './errors.ts';
import { FairChoice, type QueueWeights } from './fair-choice.ts';
import { queueLimits } from './limits.ts';
import { formatMessageBody } from './message-body.ts';
import { settleOnce } from './settle-once.ts';
import { Slots } from './slots.ts';

/** A message that somebody has. The token names this very lease: a later one of the same message has another. */
export interface Lease {
  readonly queue: QueueName;
  readonly message: QueueMessage;
  readonly attempt: number;
  readonly token: string;
}

/** Where the messages of a LeasedQueue are. Times are ms since 1970. Each step is one atomic change. */
export interface MessageStore {
  check(): Promise<void>;
  /** Durable, as far as the store is, when it resolves. */
  add(queue: QueueName, message: QueueMessage, nowMs: number): Promise<void>;
  hasDue(queue: QueueName, nowMs: number): Promise<boolean>;
  /** Leases the oldest due message and counts the attempt; null when there is none. */
  take(queue: QueueName, nowMs: number, deadlineMs: number): Promise<Lease | null>;
  /** These three do nothing and return false or null when the lease is no longer held. */
  drop(lease: Lease): Promise<boolean>;
  putBack(lease: Lease, dueMs: number): Promise<boolean>;
  extend(lease: Lease, deadlineMs: number): Promise<Lease | null>;
  expired(nowMs: number): Promise<readonly Lease[]>;
  addDead(lease: Lease, reason: string, diedAt: Date): Promise<void>;
  dead(limit: number): Promise<readonly (DeadLetter & { readonly token: string })[]>;
  dropDead(token: string): Promise<void>;
  /** Messages that wait or are leased. */
  held(): Promise<readonly QueueMessage[]>;
  depths(nowMs: number): Promise<readonly QueueDepth[]>;
  /** The port's error for what a call of the store threw. */
  failure(error: unknown, doing: string): unknown;
}

export interface LeasedQueueOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly weights?: QueueWeights;
  readonly leaseMs?: number;
  readonly attemptsMax?: number;
  readonly pollMs?: number;
  /** How long a crash rests after its nth failure. */
  readonly retryWaitMs?: (attempt: number) => number;
}

/** Leases, attempts, fairness and dead letters over any store of messages. */
export class LeasedQueue implements CrashQueue {
  readonly name: string;
  readonly #store: MessageStore;
  readonly #options: LeasedQueueOptions;
  readonly #logger: Logger;
  readonly #leaseMs: number;
  readonly #attemptsMax: number;
  readonly #consumers = new Set<Slots>();

  constructor(name: string, store: MessageStore, options: LeasedQueueOptions) {
    this.name = name;
    this.#store = store;
    this.#options = options;
    this.#logger = options.logger.named(`salvage.queue.${name}`);
    this.#leaseMs = options.leaseMs ?? queueLimits.leaseMs.value;
    this.#attemptsMax = options.attemptsMax ?? queueLimits.attemptsMax.value;
  }

  async check(): Promise<void> {
    await this.#guard('checking the queue', () => this.#store.check());
  }

  async publish(queue: QueueName, message: QueueMessage): Promise<void> {
    formatMessageBody(message);
    await this.#guard('publishing', () => this.#store.add(queue, message, this.#nowMs()));
    this.#wakeAll();
  }

  async *consume(options: { readonly prefetch: number; readonly signal: AbortSignal }): AsyncGenerator<QueuedCrash> {
    const { prefetch, signal } = options;
    const slots = new Slots(prefetch);
    const choice = new FairChoice(this.#options.weights);
    this.#consumers.add(slots);
    try {
      while (!signal.aborted) {
        const lease = slots.free > 0 ? await this.#tryTake(choice) : null;
        if (lease && !signal.aborted) {
          slots.take();
          yield this.#handle(lease, slots);
        } else if (lease) {
          await this.#store.putBack({ ...lease, attempt: lease.attempt - 1 }, this.#nowMs());
        } else {
          await slots.wait(this.#options.pollMs ?? queueLimits.pollMs.value, signal);
        }
      }
    } finally {
      this.#consumers.delete(slots);
    }
  }

  async *listCrashIds(): AsyncGenerator<CrashId> {
    for (const { crashId } of await this.#guard('listing the queue', () => this.#store.held())) yield crashId;
  }

  async depths(): Promise<readonly QueueDepth[]> {
    return this.#guard('reading queue depths', () => this.#store.depths(this.#nowMs()));
  }

  async deadLetters(options: { readonly limit?: number } = {}): Promise<readonly DeadLetter[]> {
    const limit = options.limit ?? queueLimits.deadLettersShownMax.value;
    const dead = await this.#guard('reading dead letters', () => this.#store.dead(limit));
    return dead.map(({ token: _, ...letter }) => letter);
  }

  async replayDeadLetters(crashIds?: readonly CrashId[]): Promise<number> {
    return this.#guard('replaying dead letters', async () => {
      const wanted = crashIds && new Set(crashIds);
      let count = 0;
      for (const letter of await this.#store.dead(Number.POSITIVE_INFINITY)) {
        if (wanted && !wanted.has(letter.crashId)) continue;
        const { crashId, ruleset } = letter;
        await this.#store.add(letter.queue, { crashId, ...(ruleset ? { ruleset } : {}) }, this.#nowMs());
        await this.#store.dropDead(letter.token);
        count += 1;
      }
      if (count > 0) this.#wakeAll();
      return count;
    });
  }

  async close(): Promise<void> {}

  #nowMs(): number {
    return this.#options.clock.now().getTime();
  }

  #wakeAll(): void {
    for (const slots of this.#consumers) slots.wake();
  }

  /** An outage while taking is not the consumer's end: it waits and tries again. */
  async #tryTake(choice: FairChoice): Promise<Lease | null> {
    try {
      return await this.#take(choice);
    } catch (error) {
      this.#logger.warning(`cannot take from the queue, trying again: ${errorText(error)}`);
      return null;
    }
  }

  async #take(choice: FairChoice): Promise<Lease | null> {
    const nowMs = this.#nowMs();
    await this.#takeBackExpired(nowMs);
    const due = new Set<QueueName>();
    for (const queue of queueNames) if (await this.#store.hasDue(queue, nowMs)) due.add(queue);
    const queue = choice.next((one) => due.has(one));
    return queue && this.#store.take(queue, nowMs, nowMs + this.#leaseMs);
  }

  async #takeBackExpired(nowMs: number): Promise<void> {
    for (const lease of await this.#store.expired(nowMs)) {
      if (lease.attempt < this.#attemptsMax) {
        await this.#store.putBack(lease, nowMs);
        continue;
      }
      const reason = `the lease ran out at attempt ${lease.attempt}: its processor died or hung each time`;
      this.#logger.error(`${lease.message.crashId} went to the dead letters: ${reason}`);
      await this.#bury(lease, reason);
    }
  }

  #handle(first: Lease, slots: Slots): QueuedCrash {
    let lease = first;
    const once = settleOnce(() => slots.release());
    const settle = (doing: string, action: () => Promise<unknown>) => once(() => this.#guard(doing, action));
    return {
      ...lease.message,
      queue: lease.queue,
      attempt: lease.attempt,
      ack: () => settle('acknowledging', () => this.#store.drop(lease)),
      nack: (reason) =>
        settle('giving back', () =>
          lease.attempt >= this.#attemptsMax ? this.#bury(lease, reason) : this.#putBackLater(lease),
        ),
      bury: (reason) => settle('burying', () => this.#bury(lease, reason)),
      extendLease: async () => {
        const deadlineMs = this.#nowMs() + this.#leaseMs;
        const extended = await this.#guard('extending a lease', () => this.#store.extend(lease, deadlineMs));
        if (!extended)
          throw new SalvageError(queueErrors.queue_lease_lost, `crash ${lease.message.crashId} is no longer leased`);
        lease = extended;
      },
    };
  }

  async #putBackLater(lease: Lease): Promise<void> {
    await this.#store.putBack(lease, this.#nowMs() + (this.#options.retryWaitMs ?? backoffMs)(lease.attempt));
    this.#wakeAll();
  }

  /** The dead letter is safe before the message goes: a kill between the two buries it twice, never loses it. */
  async #bury(lease: Lease, reason: string): Promise<void> {
    await this.#store.addDead(lease, reason.slice(0, queueLimits.reasonCharactersMax.value), this.#options.clock.now());
    await this.#store.drop(lease);
  }

  async #guard<T>(doing: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw error instanceof SalvageError ? error : this.#store.failure(error, doing);
    }
  }
}
