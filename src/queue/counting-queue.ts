// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Clock } from '../lib/clock.ts';
import { SalvageError } from '../lib/errors.ts';
import type { Metrics } from '../lib/metrics.ts';
import type {
  CrashQueue,
  DeadLetter,
  QueueDepth,
  QueuedCrash,
  QueueMessage,
  QueueName,
  QueuePlace,
} from './crash-queue.ts';
import { queueLimits } from './limits.ts';
import { queueMetrics } from './metrics.ts';

export interface CountingQueueOptions {
  readonly wrapped: CrashQueue;
  readonly metrics: Metrics;
  /** Attempts after which the wrapped queue gives a crash up. */
  readonly attemptsMax: number;
}

/** Counts what goes through a queue. */
export class CountingQueue implements CrashQueue {
  readonly name: string;
  readonly listCrashIds?: () => AsyncIterable<CrashId>;
  readonly placeOf?: (crashId: CrashId) => Promise<QueuePlace | null>;
  readonly #wrapped: CrashQueue;
  readonly #metrics: Metrics;
  readonly #attemptsMax: number;

  constructor({ wrapped, metrics, attemptsMax }: CountingQueueOptions) {
    this.name = wrapped.name;
    if (wrapped.listCrashIds) this.listCrashIds = wrapped.listCrashIds.bind(wrapped);
    if (wrapped.placeOf) this.placeOf = wrapped.placeOf.bind(wrapped);
    this.#wrapped = wrapped;
    this.#metrics = metrics;
    this.#attemptsMax = attemptsMax;
  }

  check(signal?: AbortSignal): Promise<void> {
    return this.#wrapped.check(signal);
  }

  async publish(queue: QueueName, message: QueueMessage, signal?: AbortSignal): Promise<void> {
    let outcome = 'ok';
    try {
      await this.#wrapped.publish(queue, message, signal);
    } catch (error) {
      outcome = error instanceof SalvageError ? error.slug : 'error';
      throw error;
    } finally {
      this.#metrics.incr(queueMetrics.published, { queue, outcome });
    }
  }

  async *consume(options: { readonly prefetch: number; readonly signal: AbortSignal }): AsyncGenerator<QueuedCrash> {
    for await (const crash of this.#wrapped.consume(options)) {
      this.#metrics.incr(queueMetrics.taken, { queue: crash.queue });
      yield this.#counted(crash);
    }
  }

  #counted(crash: QueuedCrash): QueuedCrash {
    const { crashId, ruleset, queue, attempt } = crash;
    let isSettled = false;
    const count = (metric: (typeof queueMetrics)['acked' | 'nacked' | 'dead']) => {
      // Settling again does nothing, whatever it is.
      if (!isSettled) this.#metrics.incr(metric, { queue });
      isSettled = true;
    };
    return {
      crashId,
      ...(ruleset === undefined ? {} : { ruleset }),
      queue,
      attempt,
      ack: () => crash.ack().then(() => count(queueMetrics.acked)),
      nack: (reason) =>
        crash.nack(reason).then(() => count(attempt >= this.#attemptsMax ? queueMetrics.dead : queueMetrics.nacked)),
      bury: (reason) => crash.bury(reason).then(() => count(queueMetrics.dead)),
      extendLease: () => crash.extendLease(),
    };
  }

  depths(signal?: AbortSignal): Promise<readonly QueueDepth[]> {
    return this.#wrapped.depths(signal);
  }

  deadLetters(options?: { readonly limit?: number }): Promise<readonly DeadLetter[]> {
    return this.#wrapped.deadLetters(options);
  }

  replayDeadLetters(crashIds?: readonly CrashId[]): Promise<number> {
    return this.#wrapped.replayDeadLetters(crashIds);
  }

  close(): Promise<void> {
    return this.#wrapped.close();
  }
}

/** Says how deep the queues are, until the signal is aborted. A queue that is away says nothing. */
export async function reportDepths(
  { queue, metrics, clock }: { readonly queue: CrashQueue; readonly metrics: Metrics; readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const depths = await queue.depths(signal).catch((): readonly QueueDepth[] => []);
    for (const { queue: name, waiting, leased, oldestAgeS } of depths) {
      metrics.gauge(queueMetrics.depth, waiting, { queue: name, state: 'waiting' });
      metrics.gauge(queueMetrics.depth, leased, { queue: name, state: 'leased' });
      if (oldestAgeS !== null || waiting === 0) metrics.gauge(queueMetrics.oldestAge, oldestAgeS ?? 0, { queue: name });
    }
    await clock.sleep(queueLimits.depthsEveryMs.value, signal).catch(() => {});
  }
}
