// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Reading of processed crashes that may hold anything: older processors, foreign stores, hostile clients.
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts';

/** Keys that hostile JSON may shadow are read as own properties only. */
export function valueAt(from: JsonValue | undefined, path: string): JsonValue | undefined {
  // Most paths are one key, and a page reads tens of thousands of them.
  if (!path.includes('.')) return isJsonObject(from) && Object.hasOwn(from, path) ? from[path] : undefined;
  let value = from;
  for (const key of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** A text that says something, or null. */
export function textAt(from: JsonValue | undefined, path: string): string | null {
  const value = valueAt(from, path);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

export function numberAt(from: JsonValue | undefined, path: string): number | null {
  const value = valueAt(from, path);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

export function objectsAt(from: JsonValue | undefined, path: string): readonly JsonObject[] {
  const value = valueAt(from, path);
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** As objectsAt, but what is no object stays in its place as an empty one: indexes into the array still hold. */
export function slotsAt(from: JsonValue | undefined, path: string): readonly JsonObject[] {
  const value = valueAt(from, path);
  return Array.isArray(value) ? value.map((item) => (isJsonObject(item) ? item : {})) : [];
}

export function textsAt(from: JsonValue | undefined, path: string): readonly string[] {
  const value = valueAt(from, path);
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** Any value as a text: what is not text becomes JSON. */
export function shownValue(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
