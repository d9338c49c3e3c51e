// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { errorText } from '../lib/errors.ts';
import { Consumer } from './consumer.ts';
import { removeLeftoverFolders } from './dump-files.ts';
import { processorLimits } from './limits.ts';
import { type ProcessOutcome, processCrash } from './process-crash.ts';
import type { ProcessorParts } from './processor-parts.ts';
import { leaveRunMarker } from './run-marker.ts';
import { settleDebts } from './settle-debts.ts';

export interface Processor {
  /**
   * Takes crashes from the queue and pays debts until the signal is aborted; then lets the crashes in work end
   * (`drainMs`) and returns the rest to the queue.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Processes one crash now, without a queue message. Errors of storage come through. */
  process(crashId: CrashId, ruleset?: string, signal?: AbortSignal): Promise<ProcessOutcome>;
  /** Crashes in work. */
  readonly inFlight: number;
}

export function makeProcessor(parts: ProcessorParts): Processor {
  const consumer = new Consumer(parts);
  return {
    async run(signal) {
      await removeLeftovers(parts);
      const marker = await leaveRunMarker(parts.settings.tmpDir);
      await Promise.all([consumer.run(signal, marker.wasKilled), settleDebts(parts, signal)]);
      await marker.remove();
    },
    process: (crashId, ruleset = 'default', signal = new AbortController().signal) =>
      processCrash(crashId, ruleset, parts, signal),
    get inFlight() {
      return consumer.inFlight;
    },
  };
}

async function removeLeftovers({ settings, clock, logger }: ProcessorParts): Promise<void> {
  try {
    const untouchedMs = processorLimits.leftoverFolderMs.value;
    const removed = await removeLeftoverFolders(settings.tmpDir, clock.now(), untouchedMs);
    if (removed > 0) logger.info(`${removed} folders of killed processors were removed`);
  } catch (error) {
    logger.warning(`leftover folders stay: ${errorText(error)}`, { error });
  }
}
