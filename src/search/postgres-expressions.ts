// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isRange } from './evaluate.ts';
import { searchLimits } from './limits.ts';
import { partTerm, textTerm } from './report-row.ts';
import type { SearchField } from './search-fields.ts';
import type { Condition, Filter, SearchRequest } from './search-request.ts';
import { tokensOf } from './tokens.ts';

/** Collects the values of one statement; texts of readers never become SQL. */
export class Parameters {
  readonly values: unknown[] = [];

  /** `$1`, `$2` …, with a cast where the type would be ambiguous. */
  add(value: unknown, cast = ''): string {
    this.values.push(value);
    return `$${this.values.length}${cast ? `::${cast}` : ''}`;
  }
}

/** The SQL expression of a field's value, in its own type. Names come from the field table, never from a reader. */
export function valueExpression(field: SearchField, parameters: Parameters): string {
  if (field.name === 'uuid') return 'crash_id';
  if (field.name === 'date') return 'date_processed';
  if (field.name.startsWith('annotation.'))
    return `(annotations ->> ${parameters.add(field.name.slice('annotation.'.length), 'text')})`;
  if (field.hasColumn) return field.name;
  const document = field.permission === 'public' ? 'pub' : 'prot';
  switch (field.kind) {
    case 'integer':
      return `((${document} ->> '${field.name}')::bigint)`;
    case 'float':
      return `((${document} ->> '${field.name}')::float8)`;
    case 'boolean':
      return `((${document} ->> '${field.name}')::boolean)`;
    case 'parts':
      return `salvage_text_array(${document} -> '${field.name}')`;
    default:
      return `((${document} ->> '${field.name}') collate "C")`;
  }
}

/** The `where` of a request, dates and products included. */
export function whereClause(request: SearchRequest, parameters: Parameters): string {
  const { from, to } = request;
  const parts = [
    `date_processed ${from.inclusive ? '>=' : '>'} ${parameters.add(from.date, 'timestamptz')}`,
    `date_processed ${to.inclusive ? '<=' : '<'} ${parameters.add(to.date, 'timestamptz')}`,
  ];
  if (request.products !== null) parts.push(`product = any(${parameters.add([...request.products], 'text[]')})`);
  for (const filter of request.filters) parts.push(filterClause(filter, parameters));
  return parts.join('\n    and ');
}

/** One filter over the columns of `reports`. */
export function filterClause({ field, conditions }: Filter, parameters: Parameters): string {
  const clause = (condition: Condition) => conditionClause(field, condition, parameters);
  const positive = conditions.filter((condition) => !condition.negated);
  const bounds = positive.filter(isRange).map(clause);
  const plainValues = joinEquals(field, positive, parameters);
  const others = [
    ...(plainValues ? [plainValues] : []),
    ...positive.filter((condition) => !isRange(condition) && !(plainValues && isPlain(condition))).map(clause),
  ];
  const alternatives = [...(bounds.length > 0 ? [`(${bounds.join(' and ')})`] : []), ...others];
  const parts = conditions
    .filter((condition) => condition.negated)
    .map((condition) => `(${clause(condition)}) is not true`);
  if (alternatives.length > 0) parts.unshift(`(${alternatives.join(' or ')})`);
  return parts.length > 0 ? `(${parts.join(' and ')})` : 'true';
}

const isPlain = (condition: Condition): boolean => condition.operator === 'matches' || condition.operator === 'is';

/** Many exact values of a typed text column as one `= any(…)`, which the index serves. */
function joinEquals(field: SearchField, positive: readonly Condition[], parameters: Parameters): string | null {
  const isExact = (condition: Condition) =>
    condition.operator === 'is' ||
    (condition.operator === 'matches' && (field.kind === 'keyword' || field.kind === 'enum'));
  if (!field.hasColumn || field.kind === 'parts' || field.kind === 'boolean') return null;
  const plain = positive.filter(isPlain);
  if (plain.length < 2 || !plain.every(isExact)) return null;
  return `${valueExpression(field, parameters)} = any(${parameters.add(
    plain.map((condition) => condition.value),
    'text[]',
  )})`;
}

const comparisons = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

function conditionClause(field: SearchField, condition: Condition, parameters: Parameters): string {
  const { operator, value } = condition;
  const expression = () => valueExpression(field, parameters);
  if (operator === 'null') return `${expression()} is null`;
  if (operator === 'true') return `${expression()} is true`;
  if (operator === 'gt' || operator === 'gte' || operator === 'lt' || operator === 'lte')
    return `${expression()} ${comparisons[operator]} ${parameters.add(value, castOf(field))}`;
  if (field.kind === 'parts') return partsClause(field, condition, parameters);
  if (field.kind === 'integer' || field.kind === 'float' || field.kind === 'boolean' || field.kind === 'date')
    return `${expression()} = ${parameters.add(value, castOf(field))}`;
  if (operator === 'matches' && field.kind === 'text') return tokenClause(field, String(value), parameters);
  if (operator === 'matches' && field.kind === 'identity')
    return `lower(${expression()}) = lower(${parameters.add(String(value), 'text')})`;
  return textClause(field, operator === 'matches' ? 'is' : operator, String(value), parameters);
}

function castOf(field: SearchField): string {
  if (field.kind === 'integer') return 'bigint';
  if (field.kind === 'float') return 'float8';
  if (field.kind === 'boolean') return 'boolean';
  return 'timestamptz';
}

function termsColumn(field: SearchField): string {
  return field.permission === 'public' ? 'terms' : 'protected_terms';
}

function tokenClause(field: SearchField, words: string, parameters: Parameters): string {
  const terms = tokensOf(words).map((token) => textTerm(field, token));
  return terms.length === 0 ? 'false' : `${termsColumn(field)} && ${parameters.add(terms, 'text[]')}`;
}

function textClause(
  field: SearchField,
  operator: Condition['operator'],
  value: string,
  parameters: Parameters,
): string {
  if (operator === 'is' && !field.hasColumn && field.kind !== 'text')
    return containmentClause(field, value, parameters);
  const expression = valueExpression(field, parameters);
  const like = (pattern: string) => `${expression} like ${parameters.add(pattern, 'text')}`;
  switch (operator) {
    case 'contains':
      return like(`%${escapeLike(value)}%`);
    case 'starts':
      return like(`${escapeLike(value)}%`);
    case 'ends':
      return like(`%${escapeLike(value)}`);
    case 'regex':
      return `${expression} ~ ${parameters.add(value, 'text')}`;
    default:
      return `${expression} = ${parameters.add(value, 'text')}`;
  }
}

/** Equality inside jsonb in the form that its GIN index serves. */
function containmentClause(field: SearchField, value: string, parameters: Parameters): string {
  if (field.name.startsWith('annotation.'))
    return `annotations @> ${parameters.add(JSON.stringify({ [field.name.slice('annotation.'.length)]: value }), 'jsonb')}`;
  const document = field.permission === 'public' ? 'pub' : 'prot';
  return `${document} @> ${parameters.add(JSON.stringify({ [field.name]: value }), 'jsonb')}`;
}

function partsClause(field: SearchField, { operator, value }: Condition, parameters: Parameters): string {
  const wanted = String(value);
  if (operator === 'matches' || operator === 'is')
    return `${termsColumn(field)} @> ${parameters.add([partTerm(field, wanted)], 'text[]')}`;
  const test = {
    contains: () => `lower(part) like ${parameters.add(`%${escapeLike(wanted.toLowerCase())}%`, 'text')}`,
    starts: () => `lower(part) like ${parameters.add(`${escapeLike(wanted.toLowerCase())}%`, 'text')}`,
    ends: () => `lower(part) like ${parameters.add(`%${escapeLike(wanted.toLowerCase())}`, 'text')}`,
    regex: () => `lower(part) ~* ${parameters.add(wanted, 'text')}`,
  }[operator as 'contains' | 'starts' | 'ends' | 'regex'];
  return `exists (select from unnest(${valueExpression(field, parameters)}) part where ${test()})`;
}

export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

export function orderClause(request: SearchRequest, parameters: Parameters): string {
  const keys = request.sort.map(({ field, descending }) => {
    const expression = valueExpression(field, parameters);
    const sortable = field.kind === 'parts' ? `array_to_string(${expression}, ';') collate "C"` : expression;
    return `${sortable} ${descending ? 'desc' : 'asc'} nulls last`;
  });
  if (keys.length === 0) keys.push('date_processed desc');
  return [...keys, 'crash_id asc'].join(', ');
}

/** Bound on rows of one facet level that has no size of its own. */
export const bucketsMax = searchLimits.histogramBucketsMax.value;
