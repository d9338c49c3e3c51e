// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Any value that JSON can carry. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** A JSON object. Objects built from hostile keys must have a null prototype. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** True for a plain JSON object, false for arrays, null and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * True if nothing stands within more than `depth` lists and objects. Reading JSON takes any depth, but writing and
 * copying recurse: what is nested some thousand deep overflows the stack there.
 */
export function isNestedAtMost(value: JsonValue, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth <= 0) return false;
  const children = Array.isArray(value) ? value : Object.values(value);
  return children.every((child) => isNestedAtMost(child, depth - 1));
}
