// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { type ProcessedCrash, publicCrashOf } from '../crash/processed-crash.ts';
import type { RawCrash } from '../crash/raw-crash.ts';
import type { Metrics } from '../lib/metrics.ts';
import { processorMetrics } from './metrics.ts';

/** Where a processed crash is saved beside storage: a search index, an export, a counter. Every CrashStorage is one. */
export interface Destination {
  /** As in metrics and the outbox. */
  readonly name: string;
  /** Idempotent by crash id; never changes its input. Anything it throws makes a debt. */
  saveProcessedCrash(
    crashId: CrashId,
    processed: ProcessedCrash,
    rawCrash: RawCrash,
    signal?: AbortSignal,
  ): Promise<void>;
}

/** Counts processed crashes by product. */
export function makeCountingDestination(metrics: Metrics): Destination {
  return {
    name: 'statsd',
    async saveProcessedCrash(_crashId, { product }) {
      metrics.incr(processorMetrics.saveProcessedCount, { product: typeof product === 'string' ? product : 'unknown' });
    },
  };
}

/** Names under which the telemetry export has some fields too (processor.md §5.3). */
const telemetryAliases: readonly (readonly [string, string])[] = [
  ['build', 'build_id'],
  ['date_processed', 'date'],
  ['os_pretty_version', 'platform_pretty_version'],
  ['os_name', 'platform'],
  ['os_version', 'platform_version'],
];

/**
 * Hands a target the public part of each crash, and of its public part only the fields of the allow list, with the
 * names that telemetry knows. The raw crash is withheld.
 */
export function makeExportDestination(
  name: string,
  target: Destination,
  allowedFields: ReadonlySet<string> | null,
): Destination {
  return {
    name,
    saveProcessedCrash: (crashId, processed, _rawCrash, signal) =>
      target.saveProcessedCrash(crashId, exportedCrashOf(processed, allowedFields), {}, signal),
  };
}

/** `allowedFields`: null = every public field. */
export function exportedCrashOf(processed: ProcessedCrash, allowedFields: ReadonlySet<string> | null): ProcessedCrash {
  const { document } = publicCrashOf(processed);
  const exported: ProcessedCrash = {};
  for (const [key, value] of Object.entries(document))
    if (!allowedFields || allowedFields.has(key)) exported[key] = value;
  for (const [field, alias] of telemetryAliases) if (exported[field] !== undefined) exported[alias] = exported[field];
  return exported;
}
