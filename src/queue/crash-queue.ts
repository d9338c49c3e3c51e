// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';

/** The three queues, in RabbitMQ `socorro.normal`, `socorro.priority`, `socorro.reprocessing`. */
export const queueNames = ['standard', 'priority', 'reprocessing'] as const;
export type QueueName = (typeof queueNames)[number];

/** What waits in a queue: body `crashId`, or `crashId:ruleset` (decisions.md 18). */
export interface QueueMessage {
  readonly crashId: CrashId;
  /** Name of a rule set; absent = the default one. */
  readonly ruleset?: string;
}

/** A message that was taken. It stays leased until acked, nacked, or the lease runs out. */
export interface QueuedCrash extends QueueMessage {
  readonly queue: QueueName;
  /** 1 for the first time it was taken; counted when taken. */
  readonly attempt: number;
  /** Work is done and saved: the message goes. */
  ack(): Promise<void>;
  /** Work failed: the message returns, or goes to the dead letters once attempts are used up. */
  nack(reason: string): Promise<void>;
  /** Straight to the dead letters, with the reason. */
  bury(reason: string): Promise<void>;
  /** Keeps the lease while work goes on. */
  extendLease(): Promise<void>;
}

export interface QueueDepth {
  readonly queue: QueueName;
  readonly waiting: number;
  readonly leased: number;
  /** Age of the oldest waiting message in seconds; null when empty or unknown. */
  readonly oldestAgeS: number | null;
}

export interface DeadLetter extends QueueMessage {
  readonly queue: QueueName;
  readonly reason: string;
  readonly attempts: number;
  readonly diedAt: Date | null;
}

/** Where one crash stands in its queue. */
export interface QueuePlace {
  readonly queue: QueueName;
  /** Somebody works on it now. */
  readonly isTaken: boolean;
  /** Messages that come before it in its queue; 0 when it is taken. */
  readonly ahead: number;
  /** How often it was taken so far, this time included. */
  readonly attempts: number;
  /** Why the last attempt failed; null when none has. */
  readonly lastReason: string | null;
}

/**
 * Where crash ids wait. Publishing is durable when the promise resolves. Errors: `queue_outage` (try again),
 * `queue_refused` (for good). A crash may come twice; every stage is idempotent by crash id.
 */
export interface CrashQueue {
  readonly name: string;
  check(signal?: AbortSignal): Promise<void>;
  publish(queue: QueueName, message: QueueMessage, signal?: AbortSignal): Promise<void>;
  /**
   * Messages as they come, priority first, with the fairness bound of `queue/limits.ts`; waits when all are empty, at
   * most `prefetch` out at a time. Ends when the signal is aborted.
   */
  consume(options: { readonly prefetch: number; readonly signal: AbortSignal }): AsyncIterable<QueuedCrash>;
  /**
   * Ids that wait or are leased, each perhaps more than once, in no order; nothing is taken. Absent where a queue cannot
   * tell, such as RabbitMQ.
   */
  listCrashIds?(): AsyncIterable<CrashId>;
  /** Where a crash stands; null when it is in no queue. Absent where a queue cannot tell. */
  placeOf?(crashId: CrashId): Promise<QueuePlace | null>;
  depths(signal?: AbortSignal): Promise<readonly QueueDepth[]>;
  /** The oldest `limit`, by default a page of `queue/limits.ts`. A broker holds them unacknowledged while they are read. */
  deadLetters(options?: { readonly limit?: number }): Promise<readonly DeadLetter[]>;
  /** Puts dead letters back into their queues; all of them, or those of these ids. Returns how many. */
  replayDeadLetters(crashIds?: readonly CrashId[]): Promise<number>;
  close(): Promise<void>;
}
