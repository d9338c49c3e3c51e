// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonValue } from '../lib/json.ts';
import { compareCodePoints, jsonString } from '../lib/python-text.ts';

/** `json.dumps(value)` of plain JSON: blanks after comma and colon, ASCII only. */
export function pythonJson(value: JsonValue, { sortKeys = false }: { readonly sortKeys?: boolean } = {}): string {
  if (Array.isArray(value)) return `[${value.map((item) => pythonJson(item, { sortKeys })).join(', ')}]`;
  if (isJsonObject(value)) {
    const entries = Object.entries(value);
    if (sortKeys) entries.sort(([a], [b]) => compareCodePoints(a, b));
    return `{${entries.map(([key, item]) => `${jsonString(key)}: ${pythonJson(item, { sortKeys })}`).join(', ')}}`;
  }
  return typeof value === 'string' ? jsonString(value) : JSON.stringify(value);
}
