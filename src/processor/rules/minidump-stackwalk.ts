// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { mainDumpName } from '../../crash/raw-crash.ts';
import { isJsonObject, type JsonObject } from '../../lib/json.ts';
import type { DumpFile } from '../dump-files.ts';
import { processorLimits } from '../limits.ts';
import { processorMetrics } from '../metrics.ts';
import type { Rule, RuleContext } from '../rule.ts';
import type { WalkOutcome } from '../walker.ts';

const logLinesMax = 10;

/** The notes of a walk, which differ between the eras. */
export interface WalkWording {
  notJson(walkerName: string, characters: number): string;
  notObject(text: string): string;
  readonly killed: string;
  readonly aborted?: string;
  failed(dumpName: string, exitCode: number, status: string): string;
}

const wordingOfToday: WalkWording = {
  notJson: (walkerName, characters) => `${walkerName}: non-json output: not valid json (${characters} characters)`,
  notObject: (text) => `MinidumpStackwalkRule: minidump-stackwalk produced unexpected output: ${text.slice(0, 200)}`,
  killed: 'MinidumpStackwalkRule: minidump-stackwalk: timeout (SIGKILL)',
  aborted: 'MinidumpStackwalkRule: minidump-stackwalk: timeout (SIGABRT)',
  failed: (_dumpName, exitCode, status) => `MinidumpStackwalkRule: minidump-stackwalk: failed: ${exitCode}: ${status}`,
};

export const minidumpStackwalk: Rule = {
  name: 'MinidumpStackwalkRule',
  doc: 'Walks every dump whose name starts with `upload_file_minidump`, all of a crash at once; sets `json_dump` and what goes with it.',
  async action(context) {
    await walkAllDumps(context, wordingOfToday);
  },
};

/** Walks the dumps of a crash concurrently; notes and results come in the order of the dumps all the same. */
export async function walkAllDumps(context: RuleContext, wording: WalkWording): Promise<void> {
  const { dumps, processed } = context;
  const additional = Array.isArray(processed['additional_minidumps']) ? processed['additional_minidumps'] : [];
  const files = [...dumps.values()].filter(({ name }) => name.startsWith(mainDumpName));
  const walks = await Promise.all(files.map((file) => walkDump(file, context, wording)));
  for (const [index, file] of files.entries()) {
    const { fields, notes } = walks[index] as DumpResult;
    for (const note of notes) context.notes.add(note);
    if (file.name === mainDumpName) {
      Object.assign(processed, fields);
    } else {
      const earlier = processed[file.name];
      processed[file.name] = { ...(isJsonObject(earlier) ? earlier : {}), ...fields };
      if (!additional.includes(file.name)) additional.push(file.name);
    }
  }
  processed['additional_minidumps'] = additional;
}

interface DumpResult {
  readonly fields: JsonObject;
  readonly notes: readonly string[];
}

async function walkDump(file: DumpFile, context: RuleContext, wording: WalkWording): Promise<DumpResult> {
  const { raw, folder, signal, services, isReprocessing } = context;
  if (file.sizeBytes === 0)
    return {
      fields: { mdsw_status_string: 'EmptyMinidump', mdsw_stderr: 'Shortcut for 0-bytes minidump.' },
      notes: [`MinidumpStackwalkRule: ${file.name} is empty--skipping minidump processing`],
    };
  const outcome = await services.walker.walk(
    { crashId: String(raw['uuid']), dumpName: file.name, dumpPath: file.path, rawCrash: raw, folder, isReprocessing },
    signal,
  );
  const result = resultOf(outcome, file.name, services.walker, wording);
  services.metrics.incr(processorMetrics.walkRun, {
    outcome: result.fields['success'] ? 'success' : 'fail',
    exitcode: String(outcome.exitCode),
  });
  return result;
}

/** Reads the outcome of a walk into fields and notes (processor.md §3.2, §3.3). */
export function resultOf(
  outcome: WalkOutcome,
  dumpName: string,
  walker: { readonly name: string; readonly version: string },
  wording: WalkWording,
): DumpResult {
  const notes: string[] = [];
  const dump = outcome.exitCode === 0 && outcome.output ? parseOutput(outcome.output, walker.name, wording, notes) : {};
  let status = typeof dump['status'] === 'string' ? dump['status'] : 'unknown error';
  const success = status === 'OK';
  if (outcome.exitCode === -9) notes.push(wording.killed);
  else if (outcome.exitCode === -6 && wording.aborted) notes.push(wording.aborted);
  else if (outcome.exitCode !== 0 || !success) notes.push(wording.failed(dumpName, outcome.exitCode, status));

  const { tail, errorWord } = readLog(outcome.log.slice(0, processorLimits.walkLogBytesMax.value));
  if (errorWord !== null && (status === 'OK' || status === 'unknown error')) {
    status = errorWord;
    notes.push(`MinidumpStackwalkRule: processing ${dumpName} had error; stomped on mdsw_status_string`);
  }
  return {
    fields: {
      json_dump: dump,
      mdsw_return_code: outcome.exitCode,
      mdsw_status_string: status,
      success,
      stackwalk_version: walker.version,
      mdsw_stderr: tail,
    },
    notes,
  };
}

function parseOutput(output: Uint8Array, walkerName: string, wording: WalkWording, notes: string[]): JsonObject {
  if (output.length > processorLimits.walkOutputBytesMax.value) {
    notes.push(`${walkerName}: ${output.length} bytes of output are more than the limit`);
    return {};
  }
  const text = Buffer.from(output.buffer, output.byteOffset, output.byteLength).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
    notes.push(wording.notObject(text));
  } catch {
    notes.push(wording.notJson(walkerName, text.length));
  }
  return {};
}

/** The last ten lines, and the second word of the first of them if that is an error line. */
function readLog(log: string): { readonly tail: string; readonly errorWord: string | null } {
  const lines = log.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const last = lines.slice(-logLinesMax);
  const word = /^ERROR\s+(\S{1,100})/.exec(last[0] ?? '')?.[1] ?? null;
  const tail = lines.length > logLinesMax ? `...\n${last.join('\n')}` : log;
  return { tail, errorWord: word };
}
