// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { computedFields } from './processed-computed-fields.ts';
import { copiedFields } from './processed-copied-fields.ts';
import { type FieldPermission, hasTypeOf, type ProcessedField, type SchemaNode } from './processed-schema.ts';
import { additionalDumpShape } from './processed-shapes.ts';

/**
 * The processor's output: snake_case keys as on the wire (processor.md §5). Every field is optional for readers: older
 * processors, failed rules and foreign stores leave some out. `processedFields` describes each.
 */
export type ProcessedCrash = JsonObject;

/**
 * Every top-level field, sorted by name. CopyFromRawCrashRule, docs/processed-crash.md, what readers may see, and the
 * search fields are all derived from this table.
 */
export const processedFields: readonly ProcessedField[] = [...copiedFields, ...computedFields].sort((a, b) =>
  a.name < b.name ? -1 : 1,
);

const fieldsByName: ReadonlyMap<string, ProcessedField> = new Map(processedFields.map((field) => [field.name, field]));

/** Names of the fields that hold the walks of further dumps, e.g. `upload_file_minidump_browser`. */
const additionalDumpName = /^upload_file_minidump_[A-Za-z0-9_-]{1,64}$/;

const additionalDumpField: ProcessedField = {
  name: 'upload_file_minidump_*',
  permission: 'public',
  description: 'Walk of a further dump; `additional_minidumps` lists the names.',
  ...additionalDumpShape,
};

/** The description of a top-level field, or null for a key that the schema does not know. */
export function processedFieldOf(name: string): ProcessedField | null {
  return fieldsByName.get(name) ?? (additionalDumpName.test(name) ? additionalDumpField : null);
}

/** A processed crash as far as a reader may see it. */
export interface ReducedCrash {
  readonly document: ProcessedCrash;
  /** Dotted paths that were left out because their value is not of the type that the schema says. */
  readonly refused: readonly string[];
}

/**
 * Reduces a processed crash to what a reader with these permissions may see. Fails closed: unknown keys, values of
 * another type than described, and whatever needs a permission that the reader lacks are left out. Never changes its
 * input.
 */
export function reduceProcessedCrash(
  processed: ProcessedCrash,
  permissions: ReadonlySet<FieldPermission>,
): ReducedCrash {
  const refused: string[] = [];
  const document: ProcessedCrash = {};
  for (const [name, value] of Object.entries(processed)) {
    const field = processedFieldOf(name);
    if (!field || !permissions.has(field.permission)) continue;
    const reduced = reduceValue(value, field, name, permissions, refused);
    if (reduced !== undefined) document[name] = reduced;
  }
  return { document, refused };
}

/** What everybody who may read crashes sees. */
export function publicCrashOf(processed: ProcessedCrash): ReducedCrash {
  return reduceProcessedCrash(processed, new Set(['public']));
}

function reduceValue(
  value: JsonValue,
  node: SchemaNode,
  path: string,
  permissions: ReadonlySet<FieldPermission>,
  refused: string[],
): JsonValue | undefined {
  if (node.permission && !permissions.has(node.permission)) return undefined;
  if (!hasTypeOf(node, value)) {
    refused.push(path);
    return undefined;
  }
  if (node.types.includes('any')) return value;
  if (Array.isArray(value)) {
    const items = node.items;
    if (!items) return [];
    // A refused item becomes null, so that indexes into the array (the crashing thread) still hold.
    return value.map((item, index) => reduceValue(item, items, `${path}[${index}]`, permissions, refused) ?? null);
  }
  if (!isJsonObject(value)) return value;
  const reduced: JsonObject = {};
  for (const [key, child] of Object.entries(value)) {
    const childNode = node.properties && Object.hasOwn(node.properties, key) ? node.properties[key] : node.others;
    // Assigning `__proto__` would change the object's prototype instead of adding a key.
    if (!childNode || key === '__proto__') continue;
    const childValue = reduceValue(child, childNode, `${path}.${key}`, permissions, refused);
    if (childValue !== undefined) reduced[key] = childValue;
  }
  return reduced;
}
