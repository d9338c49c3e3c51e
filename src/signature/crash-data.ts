// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Stackwalk } from '../crash/stackwalk.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { integerOf } from '../lib/python-text.ts';

/**
 * What a signature is made of (siggen's crash-data schema, spec processor.md §4.1). It comes from crash reports, so no
 * key is sure to be there and no value is sure to have its type.
 */
export type CrashData = JsonObject;

/** The value at `key`, or null if the value is no object or has no such key of its own. */
export function fieldOf(value: unknown, key: string): JsonValue {
  return isJsonObject(value) && Object.hasOwn(value, key) ? (value[key] ?? null) : null;
}

/** Text that is not empty, or null. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** False for null, false, 0, empty text and empty arrays or objects. */
export function isFilled(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isJsonObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

/** Index of the crashing thread; 0 where it is unknown. Negative ones count from the end. */
export function crashingThreadOf(crashData: CrashData): number {
  return integerOf(fieldOf(crashData, 'crashing_thread')) ?? 0;
}

/** The thread at that index, or null. Threads may also be an object with indexes for keys. */
export function threadOf(crashData: CrashData, index: number): JsonValue {
  const threads = fieldOf(crashData, 'threads');
  return (Array.isArray(threads) ? threads.at(index) : fieldOf(threads, String(index))) ?? null;
}

const copied = [
  'hang',
  'js_large_allocation_failure',
  'abort_message',
  'mdsw_status_string',
  'async_shutdown_timeout',
  'ipc_channel_error',
  'ipc_message_name',
] as const;

/** Crash data from a processed crash. Threads are shared with it, not copied. */
export function crashDataFromProcessedCrash(processedCrash: JsonObject): CrashData {
  const crashData: CrashData = {};
  for (const key of copied) crashData[key] = fieldOf(processedCrash, key);
  crashData['oom_allocation_size'] = integerOf(fieldOf(processedCrash, 'oom_allocation_size'));
  crashData['additional_minidumps'] = fieldOf(processedCrash, 'additional_minidumps') ?? [];
  crashData['original_signature'] = fieldOf(processedCrash, 'signature') ?? '';
  if (Object.hasOwn(processedCrash, 'json_dump')) addStack(crashData, processedCrash['json_dump']);
  for (const key of ['java_stack_trace', 'java_exception'])
    if (Object.hasOwn(processedCrash, key)) crashData[key] = fieldOf(processedCrash, key);
  return crashData;
}

/** Crash data from a stackwalk document alone: no annotations, so no rule that needs one applies. */
export function crashDataFromStackwalk(stackwalk: Stackwalk | JsonObject): CrashData {
  const crashData: CrashData = {};
  addStack(crashData, stackwalk);
  crashData['mdsw_status_string'] = fieldOf(stackwalk, 'status');
  return crashData;
}

function addStack(crashData: CrashData, dump: unknown): void {
  const info = fieldOf(dump, 'crash_info');
  crashData['crashing_thread'] = fieldOf(info, 'crashing_thread');
  crashData['reason'] = fieldOf(info, 'type');
  crashData['threads'] = fieldOf(dump, 'threads');
  crashData['os'] = fieldOf(fieldOf(dump, 'system_info'), 'os');
}

const crashDataKeys = new Set([
  ...copied,
  ...['crashing_thread', 'threads', 'os', 'reason', 'java_stack_trace', 'java_exception', 'oom_allocation_size'],
]);

/** What an input turned out to be. */
export type CrashDataShape = 'crash data' | 'processed crash' | 'stackwalk';

/** Crash data from any of the three shapes, told apart by their keys; null if it is none of them. */
export function recogniseCrashData(input: unknown): { shape: CrashDataShape; crashData: CrashData } | null {
  if (!isJsonObject(input)) return null;
  if (['json_dump', 'uuid', 'proto_signature'].some((key) => Object.hasOwn(input, key)))
    return { shape: 'processed crash', crashData: crashDataFromProcessedCrash(input) };
  if (Object.hasOwn(input, 'crash_info') || Object.hasOwn(input, 'system_info'))
    return { shape: 'stackwalk', crashData: crashDataFromStackwalk(input) };
  return Object.keys(input).some((key) => crashDataKeys.has(key)) ? { shape: 'crash data', crashData: input } : null;
}
