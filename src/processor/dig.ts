// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';

/** The value under a dotted path, or undefined as soon as something on the way is no object. */
export function dig(value: JsonValue | undefined, path: string): JsonValue | undefined {
  for (const key of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** Only the objects of a list; an empty list for anything else. */
export function objectsIn(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** The frames of a thread by index; a negative index counts from the end, as in Python. Empty when there is none. */
export function framesOf(jsonDump: JsonValue | undefined, index: unknown): JsonObject[] {
  const threads = dig(jsonDump, 'threads');
  if (!Array.isArray(threads) || typeof index !== 'number' || !Number.isInteger(index)) return [];
  return objectsIn(dig(threads.at(index), 'frames'));
}

/** The text under a path, or the fallback when there is none. */
export function textAt(value: JsonValue | undefined, path: string, fallback = ''): string {
  const found = dig(value, path);
  return typeof found === 'string' ? found : fallback;
}
