// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { CircuitBreaker } from '../lib/circuit-breaker.ts';
import type { Clock } from '../lib/clock.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { CrashQueue, DeadLetter, QueueDepth, QueuedCrash, QueueMessage, QueueName } from '../queue/crash-queue.ts';
import { queueErrors } from '../queue/errors.ts';
import { clientLimits } from './limits.ts';
import { siphonMetrics } from './metrics.ts';
import { isSampled } from './sample.ts';

export interface SiphonQueueParts {
  /** Production's own queue: all that is asked of this queue is asked of it. */
  readonly main: CrashQueue;
  /** The stage's queue, which hears of a share of the new crashes. */
  readonly stage: CrashQueue;
  readonly percent: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const failuresMax = 3;
const restMs = 30_000;

/**
 * Feeds a stage environment with a percentage of production's new crash ids (seed REQ 2.5), chosen by crash id. Production
 * comes first: its publish must succeed; a stage that is away misses ids, which is counted, and after a few failures it is
 * left alone for half a minute, so that it never slows production down.
 */
export class SiphonQueue implements CrashQueue {
  readonly name: string;
  readonly listCrashIds?: NonNullable<CrashQueue['listCrashIds']>;
  readonly #parts: SiphonQueueParts;
  readonly #logger: Logger;
  readonly #breaker: CircuitBreaker;

  constructor(parts: SiphonQueueParts) {
    this.#parts = parts;
    this.name = parts.main.name;
    if (parts.main.listCrashIds) this.listCrashIds = parts.main.listCrashIds.bind(parts.main);
    this.#logger = parts.logger.named('salvage.siphon');
    this.#breaker = new CircuitBreaker({
      clock: parts.clock,
      failuresMax,
      restMs,
      isFailure: () => true,
      openError: () => new SalvageError(queueErrors.queue_outage, 'the stage is left alone for a while'),
    });
  }

  /** Says nothing of the stage: production is well without it. */
  check(signal?: AbortSignal): Promise<void> {
    return this.#parts.main.check(signal);
  }

  async publish(queue: QueueName, message: QueueMessage, signal?: AbortSignal): Promise<void> {
    await this.#parts.main.publish(queue, message, signal);
    // What people ask for (priority, reprocessing) is production's own business.
    if (queue === 'standard' && isSampled(message.crashId, this.#parts.percent)) await this.#siphon(message.crashId);
  }

  async #siphon(crashId: CrashId): Promise<void> {
    const { stage, metrics } = this.#parts;
    try {
      await this.#breaker.run(() => {
        const signal = AbortSignal.timeout(clientLimits.siphonTimeoutMs.value);
        return Promise.race([stage.publish('standard', { crashId }, signal), rejectedBy(signal)]);
      });
      metrics.incr(siphonMetrics.siphoned);
    } catch (error) {
      metrics.incr(siphonMetrics.missed);
      this.#logger.warning(`${crashId} was not passed on to the stage: ${errorText(error)}`);
    }
  }

  consume(options: { readonly prefetch: number; readonly signal: AbortSignal }): AsyncIterable<QueuedCrash> {
    return this.#parts.main.consume(options);
  }

  depths(signal?: AbortSignal): Promise<readonly QueueDepth[]> {
    return this.#parts.main.depths(signal);
  }

  deadLetters(options?: { readonly limit?: number }): Promise<readonly DeadLetter[]> {
    return this.#parts.main.deadLetters(options);
  }

  replayDeadLetters(crashIds?: readonly CrashId[]): Promise<number> {
    return this.#parts.main.replayDeadLetters(crashIds);
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#parts.stage.close()]);
    await this.#parts.main.close();
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the stage did not answer in time')), { once: true });
  });
}
