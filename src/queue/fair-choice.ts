// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type QueueName, queueNames } from './crash-queue.ts';

/** Shares of the pulls while every queue has messages, e.g. 8 : 4 : 1. Whole numbers, at least 1. */
export type QueueWeights = Readonly<Record<QueueName, number>>;

export const defaultQueueWeights: QueueWeights = { priority: 8, standard: 4, reprocessing: 1 };

/** Most urgent first. */
const urgency: readonly QueueName[] = ['priority', 'standard', 'reprocessing'];

/**
 * Chooses the queue of the next pull: priority first, yet a queue that has messages gets one pull in every
 * `waitMax(queue)`, whatever the others hold (crashstorage.md §5: sustained priority traffic starved both others).
 * What the lower queues are not due goes to the most urgent one that has messages.
 */
export class FairChoice {
  readonly #dueAfter: Readonly<Record<QueueName, number>>;
  #waited: Record<QueueName, number> = { priority: 0, standard: 0, reprocessing: 0 };

  constructor(weights: QueueWeights = defaultQueueWeights) {
    const total = queueNames.reduce((sum, queue) => sum + weights[queue], 0);
    const due = (queue: QueueName) => Math.ceil(total / weights[queue]);
    this.#dueAfter = { priority: due('priority'), standard: due('standard'), reprocessing: due('reprocessing') };
  }

  /** In any run of that many pulls a queue that has messages all the while is served at least once. */
  waitMax(queue: QueueName): number {
    // Two others can become due at the same pull.
    return this.#dueAfter[queue] + queueNames.length - 1;
  }

  /** The queue to pull from now among those for which `hasMessages` is true; null when there is none. Counts the pull. */
  next(hasMessages: (queue: QueueName) => boolean): QueueName | null {
    const chosen = this.choose(hasMessages);
    this.record(chosen, hasMessages);
    return chosen;
  }

  /** As `next`, but counts nothing. */
  choose(hasMessages: (queue: QueueName) => boolean): QueueName | null {
    const candidates = urgency.filter(hasMessages);
    return this.#mostOverdue(candidates) ?? candidates[0] ?? null;
  }

  /** Counts a pull from `served` while the queues for which `isWaiting` is true had, or may have had, messages. */
  record(served: QueueName | null, isWaiting: (queue: QueueName) => boolean): void {
    for (const queue of queueNames) {
      this.#waited[queue] = queue === served || !isWaiting(queue) ? 0 : this.#waited[queue] + 1;
    }
  }

  /** How many of the next `pulls` each of the `queues` gets if all of them have enough; changes nothing. */
  plan(pulls: number, queues: readonly QueueName[]): Record<QueueName, number> {
    const before = { ...this.#waited };
    const counts: Record<QueueName, number> = { priority: 0, standard: 0, reprocessing: 0 };
    for (let pull = 0; pull < pulls; pull++) {
      const queue = this.next((one) => queues.includes(one));
      if (queue) counts[queue]++;
    }
    this.#waited = before;
    return counts;
  }

  #mostOverdue(candidates: readonly QueueName[]): QueueName | null {
    let chosen: QueueName | null = null;
    let most = 1;
    for (const queue of candidates) {
      const overdue = (this.#waited[queue] + 1) / this.#dueAfter[queue];
      if (overdue > most || (overdue === most && chosen === null)) [chosen, most] = [queue, overdue];
    }
    return chosen;
  }
}
