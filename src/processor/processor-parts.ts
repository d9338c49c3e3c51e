// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { CrashQueue } from '../queue/crash-queue.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import type { Outbox } from '../storage/outbox.ts';
import type { Destination } from './destinations.ts';
import type { RuleServices } from './rule.ts';
import type { Pipelines } from './rule-sets.ts';

/** What a processor works with. */
export interface ProcessorParts {
  readonly queue: CrashQueue;
  /** Where crashes are fetched from and processed crashes are kept: the system of record. */
  readonly storage: CrashStorage;
  /** Everything else that gets the processed crash: search index, export, counter. */
  readonly destinations: readonly Destination[];
  readonly outbox: Outbox;
  readonly pipelines: Pipelines;
  readonly services: Omit<RuleServices, 'clock' | 'logger' | 'metrics'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly settings: ProcessorSettings;
}

export interface ProcessorSettings {
  /** Stands in the first note of every pass. */
  readonly hostname: string;
  /** Folder for the dumps of crashes in work; must exist. */
  readonly tmpDir: string;
  readonly concurrency: number;
  readonly crashTimeMs: number;
  readonly attemptsMax: number;
  readonly drainMs: number;
  readonly leaseRenewalMs: number;
  readonly outageWaitMs: number;
}
