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

/** How a pass begins and ends its notes and dates; the two eras differ. */
interface Bookkeeping {
  begin(context: RuleContext, startedAt: string, hostname: string): void;
  end(context: RuleContext, completedAt: string): void;
}

/**
 * One processing pass over a crash (processor.md §1.4, §1.5): all sets of the pipeline in order, each rule given its
 * chance. Fills `context.processed`; never throws on account of a rule.
 */
export async function runPipeline(pipeline: Pipeline, context: RuleContext, hostname: string): Promise<PassResult> {
  const { processed, services } = context;
  const now = () => isoDate(Math.floor(services.clock.now().getTime() / 1000));
  const bookkeeping = pipeline.era === 'socorro-2015' ? bookkeepingOf2015 : bookkeepingOfToday;
  const failedRules: string[] = [];
  bookkeeping.begin(context, now(), hostname);
  processed['success'] = false;
  processed['signature'] ??= '';
  if (!pipeline.keepsProcessed) processed['signature'] = 'EMPTY: crash failed to process';

  for (const ruleSet of pipeline.sets) {
    const { failedRules: failed } = await applyRuleSet(ruleSet, context, pipeline.name);
    failedRules.push(...failed);
  }

  // `success` also was the walker's word on the main dump until here; `mdsw_status_string` keeps that.
  processed['success'] = true;
  if (context.signal.aborted) context.notes.add('time for this crash was used up');
  bookkeeping.end(context, now());
  return { failedRules };
}

const bookkeepingOfToday: Bookkeeping = {
  begin({ processed, notes }, startedAt, hostname) {
    rememberEarlierNotes(processed);
    processed['started_datetime'] = startedAt;
    notes.add(`>>> Start processing: ${startedAt} (${hostname})`);
  },
  end({ processed, notes }, completedAt) {
    processed['processor_notes'] = notes.lines.join('\n');
    processed['completed_datetime'] = completedAt;
  },
};

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

/** Processor class of the seed; it stands in the notes. */
const processorClass = 'Processor2015';

/** One text, `; ` between, with the notes of earlier passes at its end. In 2015 it grew for ever; here it is bounded. */
const bookkeepingOf2015: Bookkeeping = {
  begin({ processed, notes }, startedAt, hostname) {
    notes.add(hostname);
    notes.add(processorClass);
    if (typeof processed['processor_notes'] === 'string')
      notes.add(`earlier processing: ${processed['started_datetime'] ?? 'Unknown Date'}`);
    processed['started_datetime'] = startedAt;
    processed['startedDateTime'] = startedAt;
  },
  end({ processed, notes }, completedAt) {
    const earlier = typeof processed['processor_notes'] === 'string' ? processed['processor_notes'].split(';') : [];
    const all = [...notes.lines, ...earlier.map((note) => note.trim())].slice(0, processorLimits.notesMax.value);
    processed['processor_notes'] = all.join('; ');
    processed['completed_datetime'] = completedAt;
    processed['completeddatetime'] = completedAt;
  },
};
