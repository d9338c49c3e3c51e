// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { compareCodePoints, integerOf } from '../lib/python-text.ts';
import { fieldOf, isFilled, threadOf } from './crash-data.ts';
import { joinFrames } from './first-signature.ts';
import { listFrames2015, walkFrames2015 } from './frames-2015.ts';
import { signatureOfJavaStackTrace } from './java.ts';
import { signatureLimits } from './limits.ts';
import { addNote, type RuleContext, RuleFailure, type SignatureRule } from './rule.ts';
import {
  betweenMarks,
  cutSignature,
  ipcErrorCharactersMax,
  ipcMessageNameRule,
  parseTimeout,
  smallAllocationBytesMax,
} from './rules-today.ts';
import { cutCodePoints, isLongerThan, valueText } from './text.ts';
import type { Walked } from './walk-frames.ts';

const valueAt = (context: RuleContext, key: string): JsonValue => fieldOf(context.crashData, key);

const generationRule: SignatureRule = {
  name: 'SignatureGenerationRule',
  applies: () => true,
  apply: (context) => generateFrom2015(context, threadOf2015(context)),
};

/** A hang of the whole browser is the fault of thread 0, whichever thread was dumped. Unknown stays unknown. */
function threadOf2015(context: RuleContext): number | null {
  return valueAt(context, 'hang_type') === 1 ? 0 : integerOf(valueAt(context, 'crashing_thread'));
}

function generateFrom2015(context: RuleContext, thread: number | null): void {
  const { draft, options } = context;
  const walked = isFilled(valueAt(context, 'java_stack_trace')) ? javaOf2015(context) : nativeOf2015(context, thread);
  for (const note of walked.notes) draft.notes.push(note);
  const quoted = options.escapesSingleQuotes === false ? walked.signature : walked.signature.replaceAll("'", "''");
  draft.signature = quoted;
  if (isLongerThan(quoted, signatureLimits.signatureCharactersMax.value)) {
    draft.signature = cutSignature(quoted);
    draft.notes.push('SignatureTool: signature truncated due to length');
  }
  draft.protoSignature = joinFrames(draft.frames);
}

function javaOf2015({ crashData, draft }: RuleContext): Walked {
  draft.source = 'java_stack_trace';
  return signatureOfJavaStackTrace(fieldOf(crashData, 'java_stack_trace'));
}

function nativeOf2015({ crashData, draft, options }: RuleContext, thread: number | null): Walked {
  draft.source = 'native';
  draft.thread = thread;
  draft.frames = thread === null ? [] : listFrames2015(crashData, thread, options);
  if (thread !== null && threadOf(crashData, thread) === null)
    draft.notes.push(`No crashing frames found because of missing thread ${thread}`);
  const explanations = draft.frames.map(({ explanation }) => explanation);
  draft.protoSignature = joinFrames(draft.frames);
  return walkFrames2015(explanations, thread, fieldOf(crashData, 'hang_type'), options.lists);
}

const stackwalkerErrorRule: SignatureRule = {
  name: 'StackwalkerErrorSignatureRule',
  applies: ({ draft }) => draft.signature.startsWith('EMPTY'),
  apply: (context) => {
    context.draft.signature += `; ${valueText(valueAt(context, 'mdsw_status_string'))}`;
  },
};

const oomWords = ['NS_ABORT_OOM', 'mozalloc_handle_oom', 'CrashAtUnhandlableOOM', 'AutoEnterOOMUnsafeRegion'];

const oomRule: SignatureRule = {
  name: 'OOMSignature',
  applies: (context) =>
    valueAt(context, 'oom_allocation_size') !== null || oomWords.some((word) => context.draft.signature.includes(word)),
  apply: (context) => {
    const { draft } = context;
    const size = valueAt(context, 'oom_allocation_size');
    const bytes = integerOf(size);
    if (size !== null && bytes === null) throw new RuleFailure('the allocation size is not a whole number');
    draft.originalSignature = draft.signature;
    if (bytes === null) draft.signature = `OOM | unknown | ${draft.signature}`;
    else if (bytes <= smallAllocationBytesMax) draft.signature = 'OOM | small';
    else draft.signature = `OOM | large | ${draft.signature}`;
  },
};

const abortRule: SignatureRule = {
  name: 'AbortSignature',
  applies: (context) => isFilled(valueAt(context, 'abort_message')),
  apply: (context) => {
    const { draft } = context;
    const message = valueAt(context, 'abort_message');
    if (typeof message !== 'string') throw new RuleFailure('the abort message is not text');
    draft.originalSignature = draft.signature;
    if (message.includes('###!!! ABORT: file ')) draft.signature = `Abort | ${draft.signature}`;
    else {
      const text = betweenMarks(message).trim();
      const shown = isLongerThan(text, 80) ? `${cutCodePoints(text, 77)}...` : text;
      draft.signature = `Abort | ${shown} | ${draft.signature}`;
    }
  },
};

const shutdownTimeoutRule: SignatureRule = {
  name: 'SignatureShutdownTimeout',
  applies: (context) => isFilled(valueAt(context, 'async_shutdown_timeout')),
  apply: (context) => {
    const { draft } = context;
    const { parts, problem } = timeoutParts(valueAt(context, 'async_shutdown_timeout'));
    if (problem !== null) draft.notes.push(`Error parsing AsyncShutdownTimeout: ${problem}`);
    draft.notes.push(`Signature replaced with a Shutdown Timeout signature, was: "${shortened(draft.signature)}"`);
    draft.signature = ['AsyncShutdownTimeout', ...parts].join(' | ');
  },
};

/** Phase and conditions were both required. */
function timeoutParts(text: JsonValue): { parts: readonly string[]; problem: string | null } {
  let timeout: JsonObject;
  try {
    timeout = parseTimeout(text);
  } catch (error) {
    return { parts: ['UNKNOWN'], problem: (error as Error).message };
  }
  const [phase, conditions] = [fieldOf(timeout, 'phase'), fieldOf(timeout, 'conditions')];
  if (phase === null || !Array.isArray(conditions))
    return { parts: ['UNKNOWN'], problem: 'phase or conditions are missing' };
  const names = conditions.map((condition) => valueText(isJsonObject(condition) ? condition['name'] : condition));
  return { parts: [valueText(phase), names.sort(compareCodePoints).join(',') || '(none)'], problem: null };
}

const runWatchDogRule: SignatureRule = {
  name: 'SignatureRunWatchDog',
  applies: ({ draft }) => draft.signature.includes('RunWatchdog'),
  apply: (context) => {
    generateFrom2015(context, 0);
    context.draft.signature = `shutdownhang | ${context.draft.signature}`;
  },
};

const ipcChannelErrorRule: SignatureRule = {
  name: 'SignatureIPCChannelError',
  applies: (context) => isFilled(valueAt(context, 'ipc_channel_error')),
  apply: (context) => {
    const { draft } = context;
    const side = isBrowserOnly(valueAt(context, 'additional_minidumps')) ? 'browser' : 'content';
    const error = cutCodePoints(valueText(valueAt(context, 'ipc_channel_error')), ipcErrorCharactersMax);
    draft.notes.push(`Signature replaced with an IPC Channel Error, was: "${shortened(draft.signature)}"`);
    draft.signature = `IPCError-${side} | ${error}`;
  },
};

function shortened(signature: string): string {
  return cutCodePoints(signature, signatureLimits.valueCharactersMax.value);
}

/** The raw crash said `browser`; a processed crash lists the dump's name. */
function isBrowserOnly(dumps: JsonValue): boolean {
  const [only, ...others] = Array.isArray(dumps) ? dumps : [dumps];
  return others.length === 0 && (only === 'browser' || only === 'upload_file_minidump_browser');
}

const truncateRule: SignatureRule = {
  name: 'SigTrunc',
  applies: ({ draft }) => isLongerThan(draft.signature, signatureLimits.signatureCharactersMax.value),
  apply: ({ draft }) => {
    draft.signature = cutSignature(draft.signature);
    addNote(draft, 'SigTrunc', 'signature truncated due to length');
  },
};

/** The rules of 2015 in their order (processor.md §2.4, §4.8), with the two of late 2016. */
export const rulesOf2015: readonly SignatureRule[] = [
  generationRule,
  stackwalkerErrorRule,
  oomRule,
  abortRule,
  shutdownTimeoutRule,
  runWatchDogRule,
  ipcChannelErrorRule,
  ipcMessageNameRule,
  truncateRule,
];
