// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, isCrashId } from '../crash/crash-id.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import { SalvageError } from '../lib/errors.ts';
import { isJsonObject } from '../lib/json.ts';
import { unwindErrors } from '../unwind/unwind.ts';
import { CrashFolder } from './dump-files.ts';
import { processorErrors } from './errors.ts';
import { type FetchedCrash, fetchCrash } from './fetch-crash.ts';
import { processorMetrics } from './metrics.ts';
import type { ProcessorParts } from './processor-parts.ts';
import type { Pipeline, Pipelines } from './rule-sets.ts';
import { secondsOf } from './rules/dates-and-times.ts';
import { saveCrash } from './save-crash.ts';
import { transformCrash } from './transform-crash.ts';
import { whileAway } from './while-away.ts';

/** A crash that is saved. */
export interface ProcessOutcome {
  readonly processed: ProcessedCrash;
  /** Destinations that get it later. */
  readonly owed: readonly string[];
}

/**
 * Fetch, transform, save: one crash from its id to every destination. When it returns, storage holds the processed
 * crash and every other debt is durable. It throws what keeps it from that: storage errors (an outage only after
 * waiting for its end), `unknown_ruleset`, `bad_crash_id`, or the signal's reason.
 */
export async function processCrash(
  crashId: CrashId,
  ruleset: string,
  parts: ProcessorParts,
  signal: AbortSignal,
): Promise<ProcessOutcome> {
  const { storage, settings, clock, metrics } = parts;
  if (!isCrashId(crashId)) throw new SalvageError(processorErrors.bad_crash_id, `${JSON.stringify(crashId)}`);
  // Before anything of the crash is touched: an unknown rule set must not cost it its processed crash.
  const pipeline = findPipeline(parts.pipelines, ruleset);
  const startedMs = clock.monotonicMs();
  const folder = new CrashFolder(settings.tmpDir, crashId);
  try {
    const { fetched, processed } = await fetchAndTransform(crashId, pipeline, folder, parts, signal);
    signal.throwIfAborted();
    const owed = await whileAway(
      () => saveCrash(crashId, processed, fetched.rawCrash, { ...parts, storage }, signal),
      parts,
      signal,
    );
    if (fetched.earlier === null) noteIngestion(processed, parts);
    return { processed, owed };
  } finally {
    await folder.remove();
    metrics.timing(processorMetrics.processCrash, clock.monotonicMs() - startedMs, { ruleset });
  }
}

/**
 * Dumps are read where storage has them, so storage may go away between fetch and walk. That is an outage and no fault
 * of the dump: the crash is fetched once more, which waits for storage.
 */
async function fetchAndTransform(
  crashId: CrashId,
  pipeline: Pipeline,
  folder: CrashFolder,
  parts: ProcessorParts,
  signal: AbortSignal,
): Promise<{ readonly fetched: FetchedCrash; readonly processed: ProcessedCrash }> {
  for (let pass = 1; ; pass++) {
    const fetched = await whileAway(() => fetchCrash(parts.storage, crashId, folder, signal), parts, signal);
    const processed = await transformInTime(crashId, fetched, chosen(pipeline, fetched, parts), folder, parts, signal);
    if (pass === 2 || !hasLostDump(processed, fetched)) return { fetched, processed };
    parts.logger.warning(`${crashId}: a dump went away before its walk; fetching again`, { crash_id: crashId });
  }
}

/** A walker could not open a dump that had just been fetched. */
function hasLostDump(processed: ProcessedCrash, { dumps }: FetchedCrash): boolean {
  const { slug } = unwindErrors.dump_unreadable;
  if (processed.mdsw_status_string === slug) return true;
  return [...dumps.keys()].some((name) => {
    const walked = processed[name];
    return isJsonObject(walked) && walked['mdsw_status_string'] === slug;
  });
}

function findPipeline(pipelines: Pipelines, name: string): Pipeline {
  const pipeline = pipelines.get(name);
  if (pipeline) return pipeline;
  const known = [...pipelines.keys()].join(', ');
  throw new SalvageError(processorErrors.unknown_ruleset, `no rule set ${JSON.stringify(name)}; there are ${known}`);
}

/** A rule set that builds on an earlier pass needs one; without it the crash gets its first. */
function chosen(pipeline: Pipeline, fetched: FetchedCrash, { pipelines }: ProcessorParts): Pipeline {
  return pipeline.keepsProcessed && fetched.earlier === null ? findPipeline(pipelines, 'default') : pipeline;
}

/** The rules under the time budget: when it is used up, walks end, the quick rules still run, and the crash is saved. */
async function transformInTime(
  crashId: CrashId,
  fetched: FetchedCrash,
  pipeline: Pipeline,
  folder: CrashFolder,
  parts: ProcessorParts,
  signal: AbortSignal,
): Promise<ProcessedCrash> {
  const { clock, settings, logger, metrics } = parts;
  const budget = new AbortController();
  const done = new AbortController();
  const timer = clock.sleep(settings.crashTimeMs, done.signal).then(
    () => budget.abort(new Error('the time for this crash is used up')),
    () => {},
  );
  try {
    return await transformCrash(crashId, fetched, pipeline, folder, AbortSignal.any([signal, budget.signal]), {
      services: { ...parts.services, clock, logger, metrics },
      hostname: settings.hostname,
    });
  } finally {
    done.abort('done');
    await timer;
  }
}

function noteIngestion({ submitted_timestamp: submitted }: ProcessedCrash, { clock, metrics }: ProcessorParts): void {
  const submittedS = typeof submitted === 'string' ? secondsOf(submitted) : 0;
  if (submittedS > 0) metrics.timing(processorMetrics.ingestion, clock.now().getTime() - submittedS * 1000);
}
