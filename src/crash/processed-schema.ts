// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonValue } from '../lib/json.ts';

/** Who may read a value: everybody who may read crashes, or only people with the permission for protected data. */
export type FieldPermission = 'public' | 'protected';

export type JsonType = 'string' | 'integer' | 'number' | 'boolean' | 'null' | 'object' | 'array' | 'any';

/**
 * Shape and permission of one value. A key that no node describes is never shown to readers without the protected
 * permission, and a value of another type is left out: the schema fails closed.
 */
export interface SchemaNode {
  /** Types that the value may have; `any` copies whatever is there. */
  readonly types: readonly JsonType[];
  /** Absent = as the parent. */
  readonly permission?: FieldPermission;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** Shape of every key that `properties` does not name. Absent = such keys are dropped. */
  readonly others?: SchemaNode;
  readonly items?: SchemaNode;
  /** Keys without which the object is malformed when it comes in as an annotation; readers do not ask. */
  readonly required?: readonly string[];
}

/** One top-level field of the processed crash. */
export interface ProcessedField extends SchemaNode {
  readonly name: string;
  readonly permission: FieldPermission;
  readonly description: string;
  /** Annotation that CopyFromRawCrashRule copies here; absent = a rule computes it. */
  readonly sourceAnnotation?: string;
  /** Value when the annotation is absent. */
  readonly default?: JsonValue;
  /** Written by the `socorro-2015` preset alone. */
  readonly is2015?: boolean;
}

const node =
  (...types: JsonType[]) =>
  (permission?: FieldPermission): SchemaNode =>
    permission ? { types, permission } : { types };

/** Nodes that may always be null: "assume all fields are optional" is the first rule of the stackwalk document. */
export const text = node('string', 'null');
export const integer = node('integer', 'null');
export const number = node('number', 'null');
export const boolean = node('boolean', 'null');
export const anything = node('any');

export function object(properties: Readonly<Record<string, SchemaNode>>, others?: SchemaNode): SchemaNode {
  return { types: ['object', 'null'], properties, ...(others ? { others } : {}) };
}

export function array(items: SchemaNode): SchemaNode {
  return { types: ['array', 'null'], items };
}

/** The JSON type of a value; integers are told from other numbers. */
export function jsonTypeOf(value: JsonValue): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as JsonType;
}

/** True if the value has one of the node's types. An integer is also a number. */
export function hasTypeOf(node: SchemaNode, value: JsonValue): boolean {
  const type = jsonTypeOf(value);
  return (
    node.types.includes(type) || node.types.includes('any') || (type === 'integer' && node.types.includes('number'))
  );
}
