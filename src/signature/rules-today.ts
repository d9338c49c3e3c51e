// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { collapseBlanks, compareCodePoints, integerOf, trim } from '../lib/python-text.ts';
import { crashingThreadOf, fieldOf, isFilled, threadOf } from './crash-data.ts';
import { generateFrom, signatureGenerationRule } from './first-signature.ts';
import { signatureLimits } from './limits.ts';
import { addNote, type RuleContext, RuleFailure, type SignatureRule } from './rule.ts';
import { cutCodePoints, dropUnprintable, isLongerThan, valueText } from './text.ts';

const valueAt = (context: RuleContext, key: string): JsonValue => fieldOf(context.crashData, key);

function prepend(context: RuleContext, word: string): void {
  context.draft.signature = `${word} | ${context.draft.signature}`;
}

/** Says with the walker's status why there are no frames. */
export const stackwalkerErrorRule: SignatureRule = {
  name: 'StackwalkerErrorSignatureRule',
  applies: (context) => context.draft.signature.startsWith('EMPTY') && isFilled(valueAt(context, 'mdsw_status_string')),
  apply: (context) => {
    context.draft.signature += `; ${valueText(valueAt(context, 'mdsw_status_string'))}`;
  },
};

const badHardwareRule: SignatureRule = {
  name: 'BadHardware',
  applies: (context) => contains(valueAt(context, 'reason'), 'STATUS_DEVICE_DATA_ERROR'),
  apply: (context) => prepend(context, 'bad hardware'),
};

const oomWords = [
  'NS_ABORT_OOM',
  'mozalloc_handle_oom',
  'CrashAtUnhandlableOOM',
  'AutoEnterOOMUnsafeRegion',
  'alloc::oom::oom',
];
const oomErrors = ['ERROR_COMMITMENT_LIMIT', 'ERROR_NOT_ENOUGH_MEMORY'];
const oomReasons = ['STATUS_FATAL_MEMORY_EXHAUSTION', 'STATUS_NO_MEMORY'];
/** Bytes up to which an allocation that failed counts as small: the machine, not the request, is to blame. */
export const smallAllocationBytesMax = 256 * 1024;

const oomRule: SignatureRule = {
  name: 'OOMSignature',
  applies: (context) => {
    if (isFilled(valueAt(context, 'oom_allocation_size'))) return true;
    if (context.draft.signature === '') return false;
    if (oomWords.some((word) => context.draft.signature.includes(word))) return true;
    const thread = threadOf(context.crashData, crashingThreadOf(context.crashData));
    return (
      oomErrors.includes(fieldOf(thread, 'last_error_value') as string) ||
      oomReasons.includes(valueAt(context, 'reason') as string) ||
      valueAt(context, 'js_large_allocation_failure') === 'Reporting'
    );
  },
  apply: (context) => {
    const size = valueAt(context, 'oom_allocation_size');
    if (valueAt(context, 'js_large_allocation_failure') === 'Reporting') return prepend(context, 'OOM | large');
    if (size === null || typeof size === 'object') return prepend(context, 'OOM | unknown');
    const bytes = integerOf(size);
    if (bytes === null) throw new RuleFailure('the allocation size is not a whole number');
    if (bytes <= smallAllocationBytesMax) context.draft.signature = 'OOM | small';
    else prepend(context, 'OOM | large');
  },
};

const abortMark = '###!!! ABORT:';
const fontMessage = 'unable to find a usable font';

const abortRule: SignatureRule = {
  name: 'AbortSignature',
  applies: (context) => isFilled(valueAt(context, 'abort_message')),
  apply: (context) => {
    const message = abortText(valueAt(context, 'abort_message'));
    if (message.includes(`${abortMark} file `)) return prepend(context, 'Abort');
    const shown = trim(dropUnprintable(withoutFont(betweenMarks(message))));
    prepend(context, `Abort | ${shown.length > 80 ? `${shown.slice(0, 77)}...` : shown}`);
  },
};

function abortText(message: JsonValue): string {
  if (typeof message === 'string') return cutCodePoints(message, signatureLimits.jsonTextCharactersMax.value);
  if (Array.isArray(message)) return abortText(message.filter((part) => typeof part === 'string').join(''));
  throw new RuleFailure('the abort message is not text');
}

/** What an abort message says, without process id, mark, file and line. */
export function betweenMarks(message: string): string {
  const mark = message.indexOf(abortMark);
  const rest = mark < 0 ? message : message.slice(mark + abortMark.length);
  const file = rest.indexOf(': file ');
  return file < 0 ? rest : rest.slice(0, file);
}

/** The name of the missing font, in parentheses, would split one crash into thousands of groups. */
function withoutFont(message: string): string {
  if (!message.includes(fontMessage)) return message;
  const [open, close] = [message.indexOf('('), message.lastIndexOf(')')];
  return open < 0 || close < 0 ? message : message.slice(0, open) + message.slice(close + 1);
}

const shutdownTimeoutRule: SignatureRule = {
  name: 'SignatureShutdownTimeout',
  applies: (context) => isFilled(valueAt(context, 'async_shutdown_timeout')),
  apply: (context) => {
    const { draft } = context;
    const parts = ['AsyncShutdownTimeout'];
    try {
      const timeout = parseTimeout(valueAt(context, 'async_shutdown_timeout'));
      const phase = fieldOf(timeout, 'phase');
      parts.push(typeof phase === 'string' ? phase : '(unknown)');
      parts.push(conditionNames(fieldOf(timeout, 'conditions')));
    } catch (error) {
      if (!(error instanceof TimeoutUnreadable)) throw error;
      addNote(draft, 'SignatureShutdownTimeout', `Error parsing AsyncShutdownTimeout: ${error.message}`);
      parts.push('UNKNOWN');
    }
    addNote(
      draft,
      'SignatureShutdownTimeout',
      `Signature replaced with a Shutdown Timeout signature, was: "${cutCodePoints(draft.signature, signatureLimits.valueCharactersMax.value)}"`,
    );
    draft.signature = parts.join(' | ');
  },
};

class TimeoutUnreadable extends Error {}

export function parseTimeout(text: JsonValue): JsonObject {
  if (typeof text !== 'string') throw new RuleFailure('AsyncShutdownTimeout is not text');
  if (text.length > signatureLimits.jsonTextCharactersMax.value) throw new TimeoutUnreadable('too long');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new TimeoutUnreadable('not JSON');
  }
  if (!isJsonObject(parsed)) throw new RuleFailure('AsyncShutdownTimeout is not a JSON object');
  return parsed;
}

/** Names of the conditions that were waited for, in order of code points. Text and objects count by character and key. */
function conditionNames(conditions: JsonValue): string {
  if (!isFilled(conditions)) return '(none)';
  if (typeof conditions !== 'object' && typeof conditions !== 'string')
    throw new RuleFailure('the conditions of AsyncShutdownTimeout are not a list');
  const items = isJsonObject(conditions) ? Object.keys(conditions) : [...(conditions as Iterable<JsonValue>)];
  return items.map(conditionName).sort(compareCodePoints).join(',');
}

function conditionName(condition: JsonValue): string {
  if (!isJsonObject(condition)) return valueText(condition);
  if (!Object.hasOwn(condition, 'name')) throw new TimeoutUnreadable('a condition has no name');
  return valueText(condition['name']);
}

/** A watchdog that kills a hung shutdown is not the culprit: thread 0 is. Earlier prefixes are lost on purpose. */
export const runWatchDogRule: SignatureRule = {
  name: 'SignatureRunWatchDog',
  applies: (context) => context.draft.signature.includes('RunWatchdog'),
  apply: (context) => {
    generateFrom(context, 0);
    prepend(context, 'shutdownhang');
  },
};

export const ipcErrorCharactersMax = 100;

const ipcChannelErrorRule: SignatureRule = {
  name: 'SignatureIPCChannelError',
  applies: (context) => isFilled(valueAt(context, 'ipc_channel_error')),
  apply: (context) => {
    const dumps = valueAt(context, 'additional_minidumps');
    const side = isFilled(dumps) && contains(dumps, 'upload_file_minidump_browser') ? 'browser' : 'content';
    const error = cutCodePoints(valueText(valueAt(context, 'ipc_channel_error')), ipcErrorCharactersMax);
    context.draft.signature = `IPCError-${side} | ${error}`;
    addNote(context.draft, 'SignatureIPCChannelError', 'IPC Channel Error stomped on signature');
  },
};

export const ipcMessageNameRule: SignatureRule = {
  name: 'SignatureIPCMessageName',
  applies: (context) => isFilled(valueAt(context, 'ipc_message_name')),
  apply: (context) => {
    context.draft.signature += ` | IPC_Message_Name=${valueText(valueAt(context, 'ipc_message_name'))}`;
  },
};

const stackOverflowRule: SignatureRule = {
  name: 'StackOverflowSignature',
  applies: (context) => valueAt(context, 'reason') === 'EXCEPTION_STACK_OVERFLOW',
  apply: (context) => prepend(context, 'stackoverflow'),
};

const hungProcessRule: SignatureRule = {
  name: 'HungProcess',
  applies: (context) => valueAt(context, 'hang') !== null,
  apply: (context) => prepend(context, `hang: ${valueText(valueAt(context, 'hang'))}`),
};

const printableCharsRule: SignatureRule = {
  name: 'SigPrintableCharsOnly',
  applies: () => true,
  apply: ({ draft }) => {
    const printable = dropUnprintable(trim(draft.signature));
    if (printable !== draft.signature) addNote(draft, 'SigPrintableCharsOnly', 'unprintable characters removed');
    draft.signature = printable;
  },
};

const fixWhitespaceRule: SignatureRule = {
  name: 'SigFixWhitespace',
  applies: () => true,
  apply: ({ draft }) => {
    draft.signature = collapseBlanks(draft.signature);
  },
};

const truncateRule: SignatureRule = {
  name: 'SigTruncate',
  applies: ({ draft }) => isLongerThan(draft.signature, signatureLimits.signatureCharactersMax.value),
  apply: ({ draft }) => {
    draft.signature = cutSignature(draft.signature);
    addNote(draft, 'SigTruncate', 'SigTrunc: signature truncated due to length');
  },
};

/** The first 252 code points and three dots. */
export function cutSignature(signature: string): string {
  return `${cutCodePoints(signature, signatureLimits.signatureCharactersMax.value - 3)}...`;
}

/** True if text holds the word, a list has it as an item, or an object as a key. */
function contains(value: JsonValue, word: string): boolean {
  if (typeof value === 'string' || Array.isArray(value)) return value.includes(word);
  return isJsonObject(value) && Object.hasOwn(value, word);
}

/** The rules of today in their order (processor.md §4.2). */
export const rulesOfToday: readonly SignatureRule[] = [
  signatureGenerationRule,
  stackwalkerErrorRule,
  badHardwareRule,
  oomRule,
  abortRule,
  shutdownTimeoutRule,
  runWatchDogRule,
  ipcChannelErrorRule,
  ipcMessageNameRule,
  stackOverflowRule,
  hungProcessRule,
  printableCharsRule,
  fixWhitespaceRule,
  truncateRule,
];
