// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { IndexValue, ReportRow } from './report-row.ts';
import type { SearchField } from './search-fields.ts';
import type { Condition, Filter, SearchRequest } from './search-request.ts';
import { tokensOf } from './tokens.ts';

/** The value of a field in a row; undefined = missing. */
export function valueIn(row: ReportRow, field: SearchField): IndexValue | undefined {
  return field.name.startsWith('annotation.')
    ? row.annotations[field.name.slice('annotation.'.length)]
    : row.values[field.name];
}

/** True if the row answers the request's filters, dates and products. The plain meaning that every adapter must equal. */
export function matchesRequest(row: ReportRow, request: SearchRequest): boolean {
  const date = Date.parse(row.date);
  const { from, to } = request;
  if (from.inclusive ? date < from.date.getTime() : date <= from.date.getTime()) return false;
  if (to.inclusive ? date > to.date.getTime() : date >= to.date.getTime()) return false;
  if (request.products !== null && !request.products.includes(String(row.values['product'] ?? ''))) return false;
  return request.filters.every((filter) => matchesFilter(valueIn(row, filter.field), filter));
}

const ranges = new Set(['gt', 'gte', 'lt', 'lte']);

export const isRange = (condition: Condition): boolean => ranges.has(condition.operator);

export function matchesFilter(value: IndexValue | undefined, { field, conditions }: Filter): boolean {
  const matches = (condition: Condition) => matchesCondition(value, field, condition);
  if (conditions.some((condition) => condition.negated && matches(condition))) return false;
  const positive = conditions.filter((condition) => !condition.negated);
  if (positive.length === 0) return true;
  const bounds = positive.filter(isRange);
  if (bounds.length > 0 && bounds.every(matches)) return true;
  return positive.some((condition) => !isRange(condition) && matches(condition));
}

function matchesCondition(value: IndexValue | undefined, field: SearchField, condition: Condition): boolean {
  if (condition.operator === 'null') return value === undefined;
  if (value === undefined) return false;
  if (condition.operator === 'true') return value === true;
  if (field.kind === 'parts')
    return (value as readonly string[]).some((part) =>
      matchesText(
        part.toLowerCase(),
        lowered(condition),
        condition.operator === 'matches' ? 'is' : condition.operator,
        'i',
      ),
    );
  if (typeof value === 'string' && field.kind !== 'date') {
    if (condition.operator === 'matches' && field.kind === 'text') return sharesToken(value, String(condition.value));
    if (condition.operator === 'matches' && field.kind === 'identity')
      return value.toLowerCase() === String(condition.value).toLowerCase();
    return matchesText(value, condition.value, condition.operator === 'matches' ? 'is' : condition.operator, '');
  }
  return compares(value as string | number | boolean, condition);
}

const lowered = (condition: Condition) =>
  condition.operator === 'regex' ? condition.value : String(condition.value).toLowerCase();

function sharesToken(text: string, words: string): boolean {
  const tokens = new Set(tokensOf(text));
  return tokensOf(words).some((token) => tokens.has(token));
}

function matchesText(text: string, value: Condition['value'], operator: Condition['operator'], flags: string): boolean {
  const wanted = String(value);
  switch (operator) {
    case 'contains':
      return text.includes(wanted);
    case 'starts':
      return text.startsWith(wanted);
    case 'ends':
      return text.endsWith(wanted);
    case 'regex':
      return new RegExp(wanted, `su${flags}`).test(text);
    default:
      return text === wanted;
  }
}

function compares(value: string | number | boolean, { operator, value: wanted }: Condition): boolean {
  if (wanted === null) return false;
  switch (operator) {
    case 'gt':
      return value > wanted;
    case 'gte':
      return value >= wanted;
    case 'lt':
      return value < wanted;
    case 'lte':
      return value <= wanted;
    default:
      return value === wanted;
  }
}

/** List fields that the processed crash holds as lists; the others are `;`-joined texts there and in answers. */
const trueLists = new Set(['addons', 'crash_report_keys', 'crash_inconsistencies']);

/** A value as answers spell it: dates as Python does, one-element lists unwrapped, missing = null. */
export function shownValue(field: SearchField, value: IndexValue | undefined): unknown {
  if (value === undefined) return null;
  if (field.kind === 'date') return shownDate(new Date(value as string));
  if (!Array.isArray(value)) return value;
  if (!trueLists.has(field.name)) return value.join(';');
  return value.length === 1 ? value[0] : value;
}

/** `2026-11-19T08:15:02.004000+00:00`; the fraction goes when it is 0. */
export function shownDate(date: Date): string {
  const [seconds = '', fraction = '000Z'] = date.toISOString().split('.');
  return fraction === '000Z' ? `${seconds}+00:00` : `${seconds}.${fraction.slice(0, 3)}000+00:00`;
}
