// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import { mainDumpName, type RawCrash } from '../crash/raw-crash.ts';
import type { CrashFolder } from './dump-files.ts';
import type { FetchedCrash } from './fetch-crash.ts';
import { Notes } from './notes.ts';
import type { RuleContext, RuleServices } from './rule.ts';
import type { Pipeline } from './rule-sets.ts';
import { runPipeline } from './run-pipeline.ts';

/** Carried over from an earlier pass into a fresh document; everything else is computed anew. */
const carriedOver = {
  today: ['processor_notes', 'processor_history'],
  'socorro-2015': ['processor_notes', 'started_datetime'],
} as const;

export interface TransformParts {
  readonly services: RuleServices;
  readonly hostname: string;
}

/** Runs the rules over a fetched crash. Never throws on account of the crash or a rule. */
export async function transformCrash(
  crashId: CrashId,
  fetched: FetchedCrash,
  pipeline: Pipeline,
  folder: CrashFolder,
  signal: AbortSignal,
  { services, hostname }: TransformParts,
): Promise<ProcessedCrash> {
  const context: RuleContext = {
    raw: workingCopyOf(fetched.rawCrash, crashId),
    dumps: fetched.dumps,
    processed: startingDocument(fetched, pipeline),
    notes: new Notes(fetched.notes),
    isReprocessing: fetched.earlier !== null,
    folder,
    signal,
    services,
  };
  const { processed } = context;
  if (fetched.notes.some((note) => note.startsWith(`dump ${mainDumpName} could not`)))
    processed['mdsw_status_string'] = 'DumpUnreadable';
  const { failedRules } = await runPipeline(pipeline, context, hostname);
  if (failedRules.length > 0 || signal.aborted) processed['is_degraded'] = true;
  return processed;
}

/** No prototype: annotation names are hostile, `__proto__` among them. The id is that of the queue, whatever is inside. */
function workingCopyOf(rawCrash: RawCrash, crashId: CrashId): RawCrash {
  const copy: RawCrash = Object.assign(Object.create(null), structuredClone(rawCrash));
  copy['uuid'] = crashId;
  return copy;
}

function startingDocument({ earlier }: FetchedCrash, pipeline: Pipeline): ProcessedCrash {
  if (earlier === null) return {};
  if (pipeline.keepsProcessed) return structuredClone(earlier);
  const document: ProcessedCrash = {};
  for (const key of carriedOver[pipeline.era]) if (earlier[key] !== undefined) document[key] = earlier[key];
  return document;
}
