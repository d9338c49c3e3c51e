// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { errorText, isErrorOf } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { storageErrors } from '../storage/errors.ts';
import type { Debt, Outbox } from '../storage/outbox.ts';
import type { Destination } from './destinations.ts';
import { processorMetrics } from './metrics.ts';

export interface DebtParts {
  readonly storage: CrashStorage;
  readonly destinations: readonly Destination[];
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const debtsAtOnce = 100;
const idleMs = 5_000;

/** Pays what destinations are owed, from storage, until the signal is aborted. */
export async function settleDebts(parts: DebtParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let paid = 0;
    try {
      paid = await settleDueDebts(parts, signal);
    } catch (error) {
      parts.logger.warning(`the outbox cannot be read: ${errorText(error)}`, { error });
    }
    // Right on while there is more; else rest.
    if (paid < debtsAtOnce) await parts.clock.sleep(idleMs, signal).catch(() => {});
  }
}

/** One round; returns how many debts were paid. */
export async function settleDueDebts(parts: DebtParts, signal: AbortSignal): Promise<number> {
  const { outbox, destinations, clock, metrics } = parts;
  let paid = 0;
  const names = destinations.map(({ name }) => name);
  for (const debt of await outbox.due(clock.now(), debtsAtOnce, names)) {
    const destination = destinations.find(({ name }) => name === debt.destination);
    if (signal.aborted || !destination) break;
    if (await pay(debt, destination, parts, signal)) paid++;
  }
  for (const [destination, count] of await outbox.counts())
    metrics.gauge(processorMetrics.debts, count, { destination });
  return paid;
}

async function pay(debt: Debt, destination: Destination, parts: DebtParts, signal: AbortSignal): Promise<boolean> {
  const { storage, outbox, clock, logger } = parts;
  const { crashId, attempts } = debt;
  try {
    const processed = await storage.getProcessedCrash(crashId, signal);
    const rawCrash = await storage.getRawCrash(crashId, signal);
    await destination.saveProcessedCrash(crashId, processed, rawCrash, signal);
  } catch (error) {
    if (isErrorOf(error, storageErrors.crash_not_found)) {
      logger.warning(`${debt.destination} is owed a crash that storage no longer has`, { crash_id: crashId });
    } else {
      const dueAt = new Date(clock.now().getTime() + backoffMs(attempts));
      await outbox.postpone(debt, errorText(error), dueAt);
      return false;
    }
  }
  await outbox.settle(debt.destination, crashId);
  return true;
}
