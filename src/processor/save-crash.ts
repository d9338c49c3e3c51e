// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import type { RawCrash } from '../crash/raw-crash.ts';
import type { Clock } from '../lib/clock.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Outbox } from '../storage/outbox.ts';
import type { Destination } from './destinations.ts';
import { processorErrors } from './errors.ts';
import { processorMetrics } from './metrics.ts';

export interface SaveParts {
  /** The system of record. */
  readonly storage: Destination;
  readonly destinations: readonly Destination[];
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Saves to storage, then to every destination at once, whichever of them fails. When it returns, storage holds the
 * processed crash and each destination holds it too or is owed it durably: only then may the message be acked.
 * Returns the names of those that are owed.
 */
export async function saveCrash(
  crashId: CrashId,
  processed: ProcessedCrash,
  rawCrash: RawCrash,
  parts: SaveParts,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { storage, destinations, outbox, logger, metrics } = parts;
  await saveTimed(storage, crashId, processed, rawCrash, parts, signal);
  const owed: string[] = [];
  await Promise.all(
    destinations.map(async (destination) => {
      try {
        await saveTimed(destination, crashId, processed, rawCrash, parts, signal);
      } catch (error) {
        logger.error(`${destination.name} could not save, owing it: ${errorText(error)}`, { crash_id: crashId, error });
        await owe(outbox, destination.name, crashId, error);
        owed.push(destination.name);
      }
    }),
  );
  metrics.incr(processorMetrics.saveProcessedCrash);
  return owed;
}

async function owe(outbox: Outbox, destination: string, crashId: CrashId, reason: unknown): Promise<void> {
  try {
    await outbox.owe(destination, crashId, errorText(reason));
  } catch (cause) {
    throw new SalvageError(processorErrors.outbox_failed, `could not owe ${destination} a crash`, { cause });
  }
}

async function saveTimed(
  destination: Destination,
  crashId: CrashId,
  processed: ProcessedCrash,
  rawCrash: RawCrash,
  { clock, metrics }: SaveParts,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = clock.monotonicMs();
  let result = 'failed';
  try {
    await destination.saveProcessedCrash(crashId, processed, rawCrash, signal);
    result = 'saved';
  } finally {
    metrics.timing(processorMetrics.saveDestination, clock.monotonicMs() - startedMs, {
      destination: destination.name,
      result,
    });
  }
}
