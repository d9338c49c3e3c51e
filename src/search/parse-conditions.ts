// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { searchErrors } from './errors.ts';
import { searchLimits } from './limits.ts';
import { translateLuceneRegex } from './lucene-regex.ts';
import { parseSearchDate } from './parse-dates.ts';
import type { FieldKind, SearchField } from './search-fields.ts';
import type { Condition, Operator } from './search-request.ts';

const symbols: readonly (readonly [string, Operator])[] = [
  ['__null__', 'null'],
  ['__true__', 'true'],
  ['>=', 'gte'],
  ['<=', 'lte'],
  ['>', 'gt'],
  ['<', 'lt'],
  ['=', 'is'],
  ['~', 'contains'],
  ['^', 'starts'],
  ['$', 'ends'],
  ['@', 'regex'],
];

/** Which operators a kind takes; any other stays part of the value (web.md §3.1). */
const allowed: Readonly<Record<FieldKind, ReadonlySet<Operator>>> = (() => {
  const texts = new Set<Operator>(['null', 'is', 'contains', 'starts', 'ends', 'regex']);
  const ranges = new Set<Operator>(['null', 'gte', 'lte', 'gt', 'lt']);
  return {
    text: texts,
    identity: texts,
    keyword: texts,
    parts: texts,
    enum: new Set<Operator>(['null', 'is']),
    integer: ranges,
    float: ranges,
    date: ranges,
    boolean: new Set<Operator>(['null', 'true']),
  };
})();

/** Reads one value of a parameter: leading `!`, then the longest operator that the field's kind takes, then the value. */
export function parseCondition(field: SearchField, text: string, now: Date): Condition {
  if (text.length > searchLimits.valueCharactersMax.value)
    throw badValue(field, `longer than ${searchLimits.valueCharactersMax.value} characters`);
  if (text.includes('\0')) throw badValue(field, 'null characters are not allowed');
  const negated = text.startsWith('!');
  const rest = negated ? text.slice(1) : text;
  const found = symbols.find(([symbol, operator]) => rest.startsWith(symbol) && allowed[field.kind].has(operator));
  if (!found) return plainCondition(field, rest, negated, now);
  const [symbol, operator] = found;
  const value = rest.slice(symbol.length);
  if (operator === 'null' || operator === 'true') return { operator, negated, value: null };
  if (operator === 'regex') return { operator, negated, value: translateLuceneRegex(value) };
  return { operator, negated, value: convert(field, value, now) };
}

function plainCondition(field: SearchField, text: string, negated: boolean, now: Date): Condition {
  // A version that ends in `b` means all betas of it: 4.0b finds 4.0b1, 4.0b2 (web.md §3.4).
  if (field.name === 'version' && /\db$/.test(text)) return { operator: 'starts', negated, value: text };
  return { operator: 'matches', negated, value: convert(field, text, now) };
}

function convert(field: SearchField, text: string, now: Date): string | number | boolean {
  switch (field.kind) {
    case 'integer': {
      const number = Number(text.trim());
      if (!/^[+-]?\d{1,18}$/.test(text.trim()) || !Number.isSafeInteger(number))
        throw badValue(field, 'not a valid int');
      return number;
    }
    case 'float': {
      const number = Number(text.trim());
      if (text.trim() === '' || !Number.isFinite(number)) throw badValue(field, 'not a valid float');
      return number;
    }
    case 'boolean':
      return ['true', 't', '1', 'y', 'yes'].includes(text.trim().toLowerCase());
    case 'date': {
      const date = parseSearchDate(text, now);
      if (!date) throw badValue(field, 'not a valid datetime');
      return date.toISOString();
    }
    default:
      return text;
  }
}

function badValue(field: SearchField, why: string): SalvageError {
  return new SalvageError(searchErrors.search_bad_argument, `Bad value for parameter ${field.name}: ${why}`);
}
