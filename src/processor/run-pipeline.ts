// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ProcessedCrash } from '../crash/processed-crash.ts';
import type { JsonValue } from '../lib/json.ts';
import { applyRuleSet } from './apply-rules.ts';
import { processorLimits } from './limits.ts';
import type { RuleContext } from './rule.ts';
import type { Pipeline } from './rule-sets.ts';
import { isoDate } from './rules/dates-and-times.ts';

/** What a pass tells beside the processed crash. */
export interface PassResult {
  /** Names of rules that threw. */
  readonly failedRules: readonly string[];
}

/**
 * One processing pass over a crash (processor.md §1.5): all sets of the pipeline in order, each rule given its chance.
 * Fills `context.processed`; never throws on account of a rule.
 */
export async function runPipeline(pipeline: Pipeline, context: RuleContext, hostname: string): Promise<PassResult> {
  const { processed, notes, services } = context;
  const startedAt = isoDate(Math.floor(services.clock.now().getTime() / 1000));
  const failedRules: string[] = [];
  rememberEarlierNotes(processed);
  processed['success'] = false;
  processed['started_datetime'] = startedAt;
  processed['signature'] = 'EMPTY: crash failed to process';
  notes.add(`>>> Start processing: ${startedAt} (${hostname})`);

  for (const ruleSet of pipeline.sets) {
    const { failedRules: failed } = await applyRuleSet(ruleSet, context, pipeline.name);
    failedRules.push(...failed);
  }

  // `success` also was the walker's word on the main dump until here; `mdsw_status_string` keeps that.
  processed['success'] = true;
  processed['processor_notes'] = notes.lines.join('\n');
  processed['completed_datetime'] = isoDate(Math.floor(services.clock.now().getTime() / 1000));
  return { failedRules };
}

/** Notes of the pass before become the newest entry of the history, which is bounded in number and size. */
function rememberEarlierNotes(processed: ProcessedCrash): void {
  const notes = processed['processor_notes'];
  const history: JsonValue[] = Array.isArray(processed['processor_history']) ? processed['processor_history'] : [];
  const kept: string[] = [];
  let characters = 0;
  for (const entry of typeof notes === 'string' ? [notes, ...history] : history) {
    if (typeof entry !== 'string') continue;
    characters += entry.length;
    if (kept.length >= processorLimits.historyMax.value || characters > processorLimits.historyCharactersMax.value)
      break;
    kept.push(entry);
  }
  processed['processor_history'] = kept;
  delete processed['processor_notes'];
}
