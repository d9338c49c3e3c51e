// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { backoffMs, retry } from '../lib/backoff.ts';
import { errorText, isErrorOf, type SalvageError } from '../lib/errors.ts';
import type { QueuedCrash } from '../queue/crash-queue.ts';
import { queueErrors } from '../queue/errors.ts';
import { storageErrors } from '../storage/errors.ts';
import { processorErrors } from './errors.ts';
import { isDamage } from './fetch-crash.ts';
import { processorLimits } from './limits.ts';
import { processorMetrics } from './metrics.ts';
import { processCrash } from './process-crash.ts';
import type { ProcessorParts } from './processor-parts.ts';
import { isAway } from './while-away.ts';

/** How the work on a message ended: done, back to the queue, or set aside for good. */
type Verdict =
  | { readonly kind: 'saved' }
  | { readonly kind: 'returned'; readonly reason: string; readonly isOutage: boolean }
  | { readonly kind: 'buried'; readonly slug: string; readonly reason: string };

/** Takes messages, has them processed, and settles each with the queue. */
export class Consumer {
  readonly #parts: ProcessorParts;
  /** Work under way by message text, so that a crash that comes twice is processed once. */
  readonly #inFlight = new Map<string, Promise<Verdict>>();
  #workCount = 0;

  constructor(parts: ProcessorParts) {
    this.#parts = parts;
  }

  get inFlight(): number {
    return this.#workCount;
  }

  /**
   * Takes messages until the signal is aborted, then drains. After a violent end the first crashes are taken one at a
   * time: one of those that were in work then did it, and the others shall not be counted out together with it.
   */
  async run(signal: AbortSignal, wasKilled = false): Promise<void> {
    const { settings, logger, clock } = this.#parts;
    const stop = new AbortController();
    const work = new Set<Promise<void>>();
    if (wasKilled) {
      logger.warning('the processor before this one was killed: taking one crash at a time for a while');
      const careful = new AbortController();
      const timer = clock.sleep(processorLimits.carefulMs.value, signal).then(
        () => careful.abort(),
        () => careful.abort(),
      );
      await this.#consume(1, careful.signal, signal, stop.signal, work);
      await timer;
    }
    await this.#consume(settings.concurrency, signal, signal, stop.signal, work);
    await this.#drain(work, stop);
  }

  async #consume(
    prefetch: number,
    signal: AbortSignal,
    closing: AbortSignal,
    stop: AbortSignal,
    work: Set<Promise<void>>,
  ): Promise<void> {
    if (signal.aborted) return;
    for await (const message of this.#parts.queue.consume({ prefetch, signal })) {
      const job = this.#work(message, stop, closing).finally(() => work.delete(job));
      work.add(job);
      // The queue hands out no more than `prefetch`; a queue that does anyway meets this.
      if (work.size >= prefetch) await Promise.race(work);
    }
  }

  /** Gives the crashes in work their time; those that need more go back to the queue. */
  async #drain(work: ReadonlySet<Promise<void>>, stop: AbortController): Promise<void> {
    const { settings, clock, logger } = this.#parts;
    if (work.size === 0) return;
    logger.info(`draining: ${work.size} crashes in work`);
    const drained = new AbortController();
    const deadline = clock.sleep(settings.drainMs, drained.signal).then(
      () => stop.abort(new Error('the processor is shutting down')),
      () => {},
    );
    await Promise.all(work);
    drained.abort('drained');
    await deadline;
  }

  /** One message from its taking to its end. Never throws. */
  async #work(message: QueuedCrash, stop: AbortSignal, closing: AbortSignal): Promise<void> {
    const { metrics, logger } = this.#parts;
    metrics.gauge(processorMetrics.inFlight, ++this.#workCount);
    const ended = new AbortController();
    const lease = this.#keepLease(message, ended.signal);
    try {
      const verdict = await this.#judge(message, stop);
      metrics.incr(processorMetrics.outcome, { outcome: verdict.kind === 'buried' ? verdict.slug : verdict.kind });
      await this.#settle(message, verdict);
      if (verdict.kind === 'returned' && verdict.isOutage) await this.#waitForStorage(closing);
    } catch (error) {
      // Neither ack nor nack got through: the lease runs out and the crash is done once more.
      logger.error(`could not settle ${message.crashId} with the queue: ${errorText(error)}`, { error });
    } finally {
      ended.abort('ended');
      await lease;
      metrics.gauge(processorMetrics.inFlight, --this.#workCount);
    }
  }

  /** Renews the lease until the work has ended. A lease that is lost means the crash is done twice, which is harmless. */
  async #keepLease(message: QueuedCrash, ended: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#parts;
    try {
      for (;;) {
        await clock.sleep(settings.leaseRenewalMs, ended);
        try {
          await message.extendLease();
        } catch (error) {
          logger.warning(`could not extend the lease of ${message.crashId}: ${errorText(error)}`, { error });
          if (isErrorOf(error, queueErrors.queue_lease_lost)) return;
        }
      }
    } catch {
      // The work has ended.
    }
  }

  async #judge(message: QueuedCrash, stop: AbortSignal): Promise<Verdict> {
    const key = `${message.crashId}:${message.ruleset ?? 'default'}`;
    const underWay = this.#inFlight.get(key);
    if (underWay) return underWay;
    const verdict = this.#attempt(message, stop);
    this.#inFlight.set(key, verdict);
    try {
      return await verdict;
    } finally {
      this.#inFlight.delete(key);
    }
  }

  async #attempt(message: QueuedCrash, stop: AbortSignal): Promise<Verdict> {
    const { settings, logger } = this.#parts;
    const { crashId, ruleset = 'default' } = message;
    try {
      if (message.attempt > settings.attemptsMax) return poison(settings.attemptsMax);
      const { owed } = await processCrash(crashId, ruleset, this.#parts, stop);
      logger.info(owed.length === 0 ? `${crashId} saved` : `${crashId} saved, owed to ${owed.join(', ')}`, {
        crash_id: crashId,
      });
      return { kind: 'saved' };
    } catch (error) {
      const verdict = verdictOn(error, stop);
      logger.error(`${crashId} ${verdict.kind}: ${errorText(error)}`, { crash_id: crashId, error });
      return verdict;
    }
  }

  async #settle(message: QueuedCrash, verdict: Verdict): Promise<void> {
    const { clock } = this.#parts;
    // Returning needs no second try: the end of the lease does the same.
    if (verdict.kind === 'returned') return message.nack(verdict.reason);
    await retry(() => (verdict.kind === 'saved' ? message.ack() : message.bury(verdict.reason)), {
      clock,
      attemptsMax: 4,
      isRetryable: (error) => isErrorOf(error, queueErrors.queue_outage),
      waitMs: (failures) => 500 * 2 ** failures,
    });
  }

  /** After an outage nothing new is taken into this place until storage answers: crashes would only lose attempts. */
  async #waitForStorage(closing: AbortSignal): Promise<void> {
    const { storage, clock, logger } = this.#parts;
    for (let failures = 1; !closing.aborted; failures++) {
      try {
        await storage.check(closing);
        return;
      } catch (error) {
        logger.warning(`storage is still away: ${errorText(error)}`);
        await clock.sleep(backoffMs(failures), closing).catch(() => {});
      }
    }
  }
}

function poison(attemptsMax: number): Verdict {
  const { slug, meaning } = processorErrors.poison;
  return { kind: 'buried', slug, reason: `${slug}: taken ${attemptsMax} times. ${meaning}` };
}

/** What is wrong with the crash itself is final; everything else may be better next time. */
function verdictOn(error: unknown, stop: AbortSignal): Verdict {
  const isFinal =
    isDamage(error) ||
    isErrorOf(error, processorErrors.unknown_ruleset) ||
    isErrorOf(error, processorErrors.bad_crash_id);
  if (isFinal) {
    const { slug, message } = error as SalvageError;
    return { kind: 'buried', slug, reason: `${slug}: ${message}` };
  }
  const isOutage = isAway(error) || isErrorOf(error, storageErrors.storage_refused);
  return { kind: 'returned', reason: errorText(error), isOutage: isOutage && !stop.aborted };
}
