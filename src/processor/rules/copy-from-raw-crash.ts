// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { copiedFields } from '../../crash/processed-copied-fields.ts';
import { hasTypeOf, jsonTypeOf, type ProcessedField, type SchemaNode } from '../../crash/processed-schema.ts';
import { isJsonObject, type JsonValue } from '../../lib/json.ts';
import { floatOf, integerOf, trimEnd } from '../../lib/python-text.ts';
import { annotationJson } from '../annotation-json.ts';
import type { Rule, RuleContext } from '../rule.ts';

/** What became of an annotation: a value, or why there is none. */
type Conversion = { readonly value: JsonValue } | { readonly note: string };

export const copyFromRawCrash: Rule = {
  name: 'CopyFromRawCrashRule',
  doc: 'Copies annotations to the fields that name them as their source (docs/processed-crash.md), by type.',
  action(context) {
    for (const field of copiedFields) copyField(field, context);
  },
};

function copyField(field: ProcessedField, { raw, processed, notes }: RuleContext): void {
  const annotation = field.sourceAnnotation as string;
  const value = raw[annotation];
  if (value === undefined) {
    if (field.default !== undefined) processed[field.name] = field.default;
    return;
  }
  const converted = convert(field, annotation, value);
  if ('note' in converted) notes.add(converted.note);
  else processed[field.name] = converted.value;
}

function convert(field: ProcessedField, annotation: string, value: JsonValue): Conversion {
  switch (field.types[0]) {
    case 'boolean':
      return booleanOf(annotation, value);
    case 'integer': {
      const integer = integerOf(value);
      return integer === null ? { note: `${annotation} has a non-int value` } : { value: integer };
    }
    case 'number': {
      const number = floatOf(value);
      return number === null ? { note: `${annotation} has a non-float value` } : { value: number };
    }
    case 'object':
      return objectOf(field, annotation, value);
    default:
      return textOf(annotation, value);
  }
}

function booleanOf(annotation: string, value: JsonValue): Conversion {
  // Python spells null "None"; lower-cased it stands in the notes of a decade.
  const text = value === null ? 'none' : typeof value === 'string' ? value.toLowerCase() : String(value);
  if (text === '1' || text === 'true') return { value: true };
  if (text === '0' || text === 'false') return { value: false };
  return { note: `${annotation} has non-boolean value ${text}` };
}

function textOf(annotation: string, value: JsonValue): Conversion {
  if (typeof value === 'string') return { value: trimEnd(value) };
  if (typeof value === 'number' || typeof value === 'boolean') return { value: String(value) };
  return { note: `${annotation} has a non-text value` };
}

function objectOf(field: ProcessedField, annotation: string, value: JsonValue): Conversion {
  const json = annotationJson(value);
  if ('problem' in json)
    return { note: `${annotation} value is ${json.problem === 'not valid json' ? 'malformed json' : json.problem}` };
  return misfitOf(field, json.value) === null ? json : { note: `${annotation} value is malformed ${field.name}` };
}

/**
 * Null if the value has the described shape, else the value that does not and the types that were wanted there. Keys
 * that the schema does not know are fine: they are kept, and never shown without permission.
 */
export function misfitOf(
  node: SchemaNode,
  value: JsonValue,
): { readonly value: JsonValue; readonly wanted: SchemaNode['types'] } | null {
  if (!hasTypeOf(node, value)) return { value, wanted: node.types };
  if (jsonTypeOf(value) === 'array' && node.items) {
    for (const item of value as JsonValue[]) {
      const misfit = misfitOf(node.items, item);
      if (misfit) return misfit;
    }
  }
  if (isJsonObject(value)) {
    if (node.required?.some((key) => !Object.hasOwn(value, key))) return { value, wanted: node.types };
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      const misfit = Object.hasOwn(value, key) ? misfitOf(child, value[key] as JsonValue) : null;
      if (misfit) return misfit;
    }
  }
  return null;
}
