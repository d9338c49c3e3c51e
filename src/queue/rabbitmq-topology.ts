// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { QueueName } from './crash-queue.ts';
import { queueLimits } from './limits.ts';

/** Names and kind of the queues in the broker. */
export interface QueueTopology {
  readonly queueNames: Readonly<Record<QueueName, string>>;
  readonly deadQueueName: string;
  readonly isQuorum: boolean;
  /** False when somebody else declares the queues, all of them, with properties of his own. */
  readonly declares: boolean;
}

export const defaultTopology: QueueTopology = {
  queueNames: { standard: 'socorro.normal', priority: 'socorro.priority', reprocessing: 'socorro.reprocessing' },
  deadQueueName: 'socorro.dead',
  isQuorum: false,
  declares: true,
};

/** How often the crash was given back before, over all copies of its message. */
export const attemptsHeader = 'x-salvage-attempts';

interface Declaration {
  queue: string;
  durable?: boolean;
  passive?: boolean;
  arguments?: Record<string, string | number>;
}

/** What is declared in the broker. */
export interface BrokerQueues {
  readonly consumed: Readonly<Record<QueueName, { queue: string; queueOptions: Declaration }>>;
  /** Queues from which a message returns to its work queue when its time is over. */
  readonly resting: Readonly<Record<QueueName, string>>;
  /** A queue of one message for start-up checks. */
  readonly check: string;
  readonly declared: readonly Declaration[];
}

/** Declarations with the same arguments everywhere: the broker refuses a second one that differs. */
export function brokerQueues(topology: QueueTopology): BrokerQueues {
  const { queueNames, deadQueueName, isQuorum, declares } = topology;
  const kind: Record<string, string | number> = isQuorum
    ? { 'x-queue-type': 'quorum', 'x-delivery-limit': queueLimits.brokerDeliveriesMax.value }
    : {};
  const work = (queue: string): Declaration =>
    declares ? { queue, durable: true, arguments: kind } : { queue, passive: true };
  const rest = (queue: string): Declaration => ({
    queue: `${queue}.resting`,
    durable: true,
    // The copy goes back to the default exchange, which routes by queue name.
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue },
  });
  const check: Declaration = { queue: `${deadQueueName}.check`, durable: true, arguments: { 'x-max-length': 1 } };
  const consumed = (queue: string) => ({ queue, queueOptions: work(queue) });
  return {
    consumed: {
      standard: consumed(queueNames.standard),
      priority: consumed(queueNames.priority),
      reprocessing: consumed(queueNames.reprocessing),
    },
    resting: {
      standard: `${queueNames.standard}.resting`,
      priority: `${queueNames.priority}.resting`,
      reprocessing: `${queueNames.reprocessing}.resting`,
    },
    check: check.queue,
    declared: declares
      ? [...Object.values(queueNames).map(work), work(deadQueueName), ...Object.values(queueNames).map(rest), check]
      : [],
  };
}
