// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, isCrashId } from '../crash/crash-id.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import { chunksOf } from '../lib/chunks.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { CrashQueue } from '../queue/crash-queue.ts';
import { processorErrors } from './errors.ts';
import type { Pipelines } from './rule-sets.ts';

/** Which crashes to reprocess: these ids, or all that meet every condition given. */
export interface ReprocessFilter {
  readonly crashIds?: readonly string[];
  readonly signature?: string;
  readonly product?: string;
  readonly since?: Date;
  /** Code file or debug id of a module whose symbols were missing, or a part of it. */
  readonly missingSymbols?: string;
}

/** Finds crashes by what the index knows. */
export interface CrashFinder {
  /** Ids, each once, newest first. */
  findCrashes(filter: Omit<ReprocessFilter, 'crashIds'>): AsyncIterable<CrashId>;
}

export interface ReprocessProgress {
  readonly done: number;
  readonly failed: number;
  /** Dry run: how many would get another signature. */
  readonly changed: number;
}

/** A crash whose signature would change. */
export interface SignatureChange {
  readonly crashId: CrashId;
  readonly before: string | null;
  readonly after: string;
}

export interface ReprocessParts {
  readonly finder: CrashFinder;
  readonly queue: CrashQueue;
  readonly pipelines: Pipelines;
  /** Called after each chunk, and at the end. */
  readonly onProgress?: (progress: ReprocessProgress) => void;
  readonly signal?: AbortSignal;
}

/** Ids published at once: a queue commits a batch in about the time of one. */
const chunkItems = 100;

/**
 * Puts crashes into the reprocessing queue, which never holds up new ones. Streams: a million crashes take no memory.
 * An id is published once; one that cannot be published is counted and told, and the rest goes on.
 */
export async function reprocess(
  filter: ReprocessFilter,
  ruleset: string,
  parts: ReprocessParts,
): Promise<ReprocessProgress & { readonly errors: readonly string[] }> {
  checkRuleset(ruleset, parts.pipelines);
  const errors: string[] = [];
  let [done, failed] = [0, 0];
  const message = ruleset === 'default' ? {} : { ruleset };
  for await (const chunk of chunksOf(chosenCrashes(filter, parts.finder), chunkItems, parts.signal)) {
    const results = await Promise.allSettled(
      chunk.map((crashId) => parts.queue.publish('reprocessing', { crashId, ...message }, parts.signal)),
    );
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') done++;
      else {
        failed++;
        if (errors.length < 10) errors.push(`${chunk[index]}: ${errorText(result.reason)}`);
      }
    }
    parts.onProgress?.({ done, failed, changed: 0 });
  }
  return { done, failed, changed: 0, errors };
}

export interface DryRunParts extends Omit<ReprocessParts, 'queue' | 'pipelines'> {
  /** The processed crash as storage has it. */
  readonly getProcessed: (crashId: CrashId) => Promise<ProcessedCrash>;
  /** What the signature would be: made anew from the stored walk, saved nowhere. */
  readonly newSignatureOf: (processed: ProcessedCrash) => string;
  readonly onChange?: (change: SignatureChange) => void;
}

/** Says how many signatures would change without touching anything. */
export async function reprocessDryRun(filter: ReprocessFilter, parts: DryRunParts): Promise<ReprocessProgress> {
  let [done, failed, changed] = [0, 0, 0];
  for await (const crashId of chosenCrashes(filter, parts.finder)) {
    if (parts.signal?.aborted) break;
    try {
      const processed = await parts.getProcessed(crashId);
      const before = typeof processed['signature'] === 'string' ? processed['signature'] : null;
      const after = parts.newSignatureOf(processed);
      done++;
      if (before !== after) {
        changed++;
        parts.onChange?.({ crashId, before, after });
      }
    } catch {
      failed++;
    }
    if ((done + failed) % chunkItems === 0) parts.onProgress?.({ done, failed, changed });
  }
  parts.onProgress?.({ done, failed, changed });
  return { done, failed, changed };
}

function checkRuleset(ruleset: string, pipelines: Pipelines): void {
  if (!pipelines.has(ruleset))
    throw new SalvageError(
      processorErrors.unknown_ruleset,
      `no rule set ${JSON.stringify(ruleset)}; there are ${[...pipelines.keys()].join(', ')}`,
    );
}

/**
 * The ids that a filter names, cleaned and each once; empty when it has conditions instead. A filter that has neither
 * or both is `bad_reprocess_filter`, an id that is none `bad_crash_id`.
 */
export function namedCrashIds({ crashIds = [], ...conditions }: ReprocessFilter): ReadonlySet<CrashId> {
  const ids = crashIds.map((id) => id.trim().replace(/^bp-/, '').toLowerCase());
  const bad = ids.find((id) => !isCrashId(id));
  if (bad !== undefined) throw new SalvageError(processorErrors.bad_crash_id, `${JSON.stringify(bad)} is no crash id`);
  const hasConditions = Object.values(conditions).some((value) => value !== undefined);
  if (ids.length === 0 && !hasConditions) throw new SalvageError(processorErrors.bad_reprocess_filter);
  if (ids.length > 0 && hasConditions)
    throw new SalvageError(processorErrors.bad_reprocess_filter, 'give either crash ids or conditions');
  return new Set(ids);
}

async function* chosenCrashes(filter: ReprocessFilter, finder: CrashFinder): AsyncIterable<CrashId> {
  const named = namedCrashIds(filter);
  const { crashIds: _named, ...conditions } = filter;
  if (named.size > 0) yield* named;
  else yield* finder.findCrashes(conditions);
}
