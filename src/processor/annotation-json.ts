// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isNestedAtMost, type JsonValue } from '../lib/json.ts';
import { processorLimits } from './limits.ts';

/** The value of an annotation that holds JSON, or why it has none. */
export type AnnotationJson =
  | { readonly value: JsonValue }
  | { readonly problem: 'not valid json' | 'too long' | 'nested too deeply' };

/** Reads JSON text; a client whose report is JSON itself may send the value as it is. */
export function annotationJson(annotation: JsonValue): AnnotationJson {
  let value = annotation;
  if (typeof annotation === 'string') {
    if (annotation.length > processorLimits.jsonAnnotationCharactersMax.value) return { problem: 'too long' };
    try {
      value = JSON.parse(annotation) as JsonValue;
    } catch {
      return { problem: 'not valid json' };
    }
  }
  return isNestedAtMost(value, processorLimits.jsonDepthMax.value) ? { value } : { problem: 'nested too deeply' };
}
