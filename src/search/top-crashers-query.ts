// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { searchErrors } from './errors.ts';
import type { SearchParameters } from './parse-search.ts';
import { type SearchField, searchFields } from './search-fields.ts';
import type { Condition, Filter } from './search-request.ts';

export const topCrashersDays = [1, 3, 7, 14, 28] as const;
export const topCrashersSizes = [50, 100, 200, 300] as const;
/** Process types that can be asked for by name; `other` is none of them. */
export const processTypes = ['parent', 'content', 'gpu', 'plugin', 'rdd', 'socket', 'utility'] as const;

/** Platforms by the code of crash-stats: what their names begin with. */
export const platforms = [
  { code: 'win', name: 'Windows', prefix: 'Win' },
  { code: 'mac', name: 'macOS', prefix: 'Mac' },
  { code: 'lin', name: 'Linux', prefix: 'Lin' },
] as const;

/** What a list of top crashers is asked for (web.md §1.7). */
export interface TopCrashersQuery {
  readonly product: string;
  /** Empty = all versions. */
  readonly versions: readonly string[];
  readonly days: number;
  readonly processType: string;
  readonly platform: (typeof platforms)[number] | null;
  readonly reportType: 'any' | 'crash' | 'hang';
  readonly size: number;
  /** `realtime` ends now, `byday` at midnight UTC. */
  readonly mode: 'realtime' | 'byday';
  /** `build` counts only reports of builds made within the period. */
  readonly rangeType: 'report' | 'build';
  readonly rankBy: 'clients' | 'crashes';
}

/** Reads the parameters of the page; what may be unknown falls back, what must be right throws `search_bad_argument`. */
export function parseTopCrashersQuery(parameters: SearchParameters): TopCrashersQuery {
  const last = (name: string): string => (parameters.get(name) ?? []).filter((value) => value !== '').at(-1) ?? '';
  const product = last('product');
  if (product === '') throw bad('product', 'This field is required.');
  return {
    product,
    versions: [...new Set((parameters.get('version') ?? []).filter((value) => value !== ''))],
    days: chosen('days', last('days'), topCrashersDays, 7, true),
    processType: oneOf(last('process_type'), [...processTypes, 'any', 'other'] as const, 'parent'),
    platform: platformOf(last('platform')),
    reportType: strictly('_report_type', last('_report_type'), ['crash', 'hang', 'any'] as const),
    size: chosen('_facets_size', last('_facets_size'), topCrashersSizes, 50, false),
    mode: oneOf(last('_tcbs_mode'), ['realtime', 'byday'] as const, 'realtime'),
    rangeType: oneOf(last('_range_type'), ['report', 'build'] as const, 'report'),
    rankBy: oneOf(last('_rank_by'), ['clients', 'crashes'] as const, 'clients'),
  };
}

function platformOf(text: string): (typeof platforms)[number] | null {
  if (text === '') return null;
  return platforms.find(({ prefix }) => text.toLowerCase().startsWith(prefix.toLowerCase())) ?? null;
}

function oneOf<T extends string>(text: string, choices: readonly T[], fallback: T): T {
  return choices.find((choice) => choice === text) ?? fallback;
}

function strictly<T extends string>(name: string, text: string, choices: readonly [T, ...T[]]): T {
  if (text === '') return choices[0];
  const found = choices.find((choice) => choice === text);
  if (!found) throw bad(name, `Select a valid choice. ${text.slice(0, 100)} is not one of the available choices.`);
  return found;
}

/** A number of a list; text is always an error, another number only where crash-stats answers it with one. */
function chosen(name: string, text: string, choices: readonly number[], fallback: number, isStrict: boolean): number {
  if (text === '') return fallback;
  if (!/^-?\d{1,9}$/.test(text.trim())) throw bad(name, 'Enter a whole number.');
  const number = Number(text);
  if (choices.includes(number)) return number;
  if (isStrict) throw bad(name, `Select one of ${choices.join(', ')}.`);
  return fallback;
}

function bad(name: string, text: string): SalvageError {
  return new SalvageError(searchErrors.search_bad_argument, `Bad value for parameter ${name}: ${text}`);
}

export interface Period {
  readonly from: Date;
  /** Exclusive. */
  readonly to: Date;
}

const dayMs = 86_400_000;

/** The period asked for, and the one of the same length just before it. */
export function periodsOf(query: TopCrashersQuery, now: Date): { readonly current: Period; readonly previous: Period } {
  const to = query.mode === 'byday' ? new Date(Math.floor(now.getTime() / dayMs) * dayMs) : now;
  const before = (date: Date) => new Date(date.getTime() - query.days * dayMs);
  return { current: { from: before(to), to }, previous: { from: before(before(to)), to: before(to) } };
}

export const fieldNamed = (name: string): SearchField => searchFields.get(name) as SearchField;

/** A filter on any of these values. */
export function anyOf(name: string, operator: Condition['operator'], values: readonly Condition['value'][]): Filter {
  return { field: fieldNamed(name), conditions: values.map((value) => ({ operator, negated: false, value })) };
}

/** Everything that the query filters by, but for the date. */
export function topCrashersFilters(query: TopCrashersQuery, period: Period): readonly Filter[] {
  const filters = [anyOf('product', 'is', [query.product])];
  if (query.versions.length > 0) filters.push(versionFilter(query.versions));
  if (query.platform) filters.push(anyOf('platform', 'starts', [query.platform.prefix]));
  if (query.reportType !== 'any') filters.push(anyOf('report_type', 'is', [query.reportType]));
  if (query.processType === 'other')
    filters.push({
      field: fieldNamed('process_type'),
      conditions: [...processTypes, 'browser'].map((value) => ({ operator: 'is', negated: true, value })),
    });
  else if (query.processType !== 'any')
    // Chromium and Electron call their parent process `browser`.
    filters.push(
      anyOf('process_type', 'is', query.processType === 'parent' ? ['parent', 'browser'] : [query.processType]),
    );
  if (query.rangeType === 'build')
    filters.push({
      field: fieldNamed('build_id'),
      conditions: [
        { operator: 'gte', negated: false, value: buildIdOf(period.from) },
        { operator: 'lt', negated: false, value: buildIdOf(period.to) },
      ],
    });
  return filters;
}

/** As in search, `4.0b` means every beta of 4.0. */
function versionFilter(versions: readonly string[]): Filter {
  return {
    field: fieldNamed('version'),
    conditions: versions.map((value) => ({ operator: /\db$/.test(value) ? 'starts' : 'is', negated: false, value })),
  };
}

/** `YYYYMMDDHHMMSS` of a moment. */
function buildIdOf(date: Date): number {
  return Number(date.toISOString().replace(/\D/g, '').slice(0, 14));
}
