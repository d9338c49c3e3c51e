// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { searchErrors } from './errors.ts';
import { searchLimits } from './limits.ts';
import { parseCondition } from './parse-conditions.ts';
import { parseDateRange } from './parse-dates.ts';
import { isOrdered, type SearchField, searchFieldOf } from './search-fields.ts';
import type { Facet, Filter, SearchRequest, SortKey } from './search-request.ts';

/** Parameters as they came: every name with all its values, in order. */
export type SearchParameters = ReadonlyMap<string, readonly string[]>;

/** Who asks: the plan holds only what they may see. */
export interface SearchReader {
  readonly seesProtected: boolean;
  /** Products that they may see; null = all. */
  readonly products: readonly string[] | null;
  readonly publicAnnotations: ReadonlySet<string>;
}

/** A name that was left out of a search: the reader may not use the field, or there is none. */
export interface DroppedField {
  readonly type: 'field_not_permitted' | 'unknown_field';
  readonly field: string;
}

export interface ParsedSearch {
  readonly request: SearchRequest;
  readonly dropped: readonly DroppedField[];
}

export interface ParseOptions {
  readonly reader: SearchReader;
  readonly now: Date;
  /** The unredacted endpoint answers unknown facets with an error instead of leaving them out. */
  readonly isStrict: boolean;
  /** For work on all reports, such as reprocessing; readers keep to the limit. */
  readonly dateRangeDaysMax?: number;
}

const defaultColumns = ['uuid', 'date', 'signature', 'product', 'version'];

/** Turns the parameters of a search into a plan. Throws `search_bad_argument` with crash-stats' own texts. */
export function parseSearch(parameters: SearchParameters, options: ParseOptions): ParsedSearch {
  const lookup = new FieldLookup(options);
  const values = (name: string): readonly string[] => (parameters.get(name) ?? []).filter((value) => value !== '');
  const { from, to } = parseDateRange(values('date'), options.now, options.dateRangeDaysMax);
  const { offset, number } = parseWindow(values);
  const facetsSize = integerOf(values, '_facets_size', 50);
  if (facetsSize > searchLimits.facetsSizeMax.value)
    throw bad("Bad value for parameter(s) '_facets_size greater than 10,000'");
  const filters = parseFilters(parameters, lookup, options.now);
  checkPatterns(filters, to.date.getTime() - from.date.getTime());
  const request: SearchRequest = {
    filters,
    from,
    to,
    products: options.reader.products,
    columns: parseColumns(values('_columns'), lookup),
    sort: values('_sort').flatMap((text): SortKey[] => {
      const field = lookup.optional(text.replace(/^-/, ''));
      return field ? [{ field, descending: text.startsWith('-') }] : [];
    }),
    offset,
    number,
    facets: facetsSize === 0 ? [] : parseFacets(parameters, lookup),
    facetsSize,
  };
  return { request, dropped: lookup.dropped };
}

/** Names beside fields that clients of crash-stats and our own pages send along with a search (web.md §2.1). */
const otherNames = new Set(['format', 'datatype', 'pretty', 'csrf', 'page', 'token']);

/** Finds fields for this reader and remembers which names were left out. */
class FieldLookup {
  readonly dropped: DroppedField[] = [];
  readonly #options: ParseOptions;

  constructor(options: ParseOptions) {
    this.#options = options;
  }

  /** The field, or null when there is none of that name; a hidden one is noted and null. */
  permitted(name: string): SearchField | null {
    const { reader } = this.#options;
    const field = searchFieldOf(name, reader.publicAnnotations);
    if (field && field.permission === 'protected' && !reader.seesProtected) {
      this.#drop({ type: 'field_not_permitted', field: name });
      return null;
    }
    return field;
  }

  /** As permitted; an unknown name is an error where the endpoint is strict, and left out where it is not. */
  optional(name: string): SearchField | null {
    const exists = searchFieldOf(name) !== null;
    if (!exists && this.#options.isStrict) throw bad(`Unknown field '${name}'`);
    if (!exists) this.#drop({ type: 'unknown_field', field: name.slice(0, 100) });
    return this.permitted(name);
  }

  /** The field of a filter; a name that clients send for other reasons is passed over. */
  ofFilter(name: string): SearchField | null {
    if (!searchFieldOf(name) && !otherNames.has(name)) this.#drop({ type: 'unknown_field', field: name.slice(0, 100) });
    return this.permitted(name);
  }

  #drop(dropped: DroppedField): void {
    if (!this.dropped.some(({ field }) => field === dropped.field)) this.dropped.push(dropped);
  }
}

function parseFilters(parameters: SearchParameters, lookup: FieldLookup, now: Date): Filter[] {
  const filters: Filter[] = [];
  for (const [name, values] of parameters) {
    if (name.startsWith('_') || name === 'date') continue;
    const given = values.filter((value) => value !== '');
    if (given.length === 0) continue;
    const field = lookup.ofFilter(name);
    if (!field) continue;
    if (given.length > searchLimits.valuesMax.value)
      throw bad(`Bad value for parameter ${name}: more than ${searchLimits.valuesMax.value} values`);
    filters.push({ field, conditions: given.map((value) => parseCondition(field, value, now)) });
  }
  return filters;
}

/** A pattern without three literal characters in a row cannot use an index, so it may scan only some weeks. */
function checkPatterns(filters: readonly Filter[], rangeMs: number): void {
  if (rangeMs <= searchLimits.wildcardFreeDaysMax.value * 86_400_000) return;
  for (const { field, conditions } of filters)
    for (const { operator, value } of conditions) {
      const isPattern = operator === 'contains' || operator === 'ends' || operator === 'regex';
      const literal = operator === 'regex' ? /[\p{L}\p{N}_ :]{3}/u : /^.{3}/su;
      if (isPattern && !literal.test(String(value)))
        throw bad(
          `Bad value for parameter ${field.name}: a pattern with fewer than three characters may search at most ${searchLimits.wildcardFreeDaysMax.value} days`,
        );
    }
}

function parseColumns(names: readonly string[], lookup: FieldLookup): SearchField[] {
  const fields: SearchField[] = [];
  for (const name of names.length > 0 ? names : defaultColumns) {
    if (!searchFieldOf(name)) throw bad(`Unknown field '${name}'`);
    const field = lookup.permitted(name);
    if (field && !fields.includes(field)) fields.push(field);
  }
  return fields;
}

function parseWindow(values: (name: string) => readonly string[]): { offset: number; number: number } {
  const number = integerOf(values, '_results_number', 100);
  const offset = integerOf(values, '_results_offset', 0);
  if (number > searchLimits.resultsNumberMax.value) throw bad('_results_number cannot be greater than 1,000');
  if (number < 0) throw bad('_results_number cannot be negative');
  if (offset < 0) throw bad('_results_offset cannot be negative');
  if (offset + number > searchLimits.resultWindowMax.value)
    throw bad('_results_offset + _results_number cannot be greater than 1,000,000');
  return { offset, number };
}

function integerOf(values: (name: string) => readonly string[], name: string, fallback: number): number {
  const text = values(name).at(-1);
  if (text === undefined) return fallback;
  if (!/^-?\d{1,9}$/.test(text.trim())) throw bad(`Bad value for parameter ${name}: not a valid int`);
  return Number(text);
}

/** `_facets`, `_aggs.a.b.c` and `_histogram.f` as one tree list; a nested answer wins over a flat one of the same key. */
function parseFacets(parameters: SearchParameters, lookup: FieldLookup): Facet[] {
  const facets: Facet[] = [];
  const below = (names: readonly string[]): Facet[] =>
    names.flatMap((name) => parseFacetName(name, parameters, lookup, []) ?? []);
  const wanted = (parameters.get('_facets') ?? []).filter((value) => value !== '');
  for (const [name, values] of parameters) {
    const given = values.filter((value) => value !== '');
    if (name.startsWith('_aggs.') && given.length > 0) {
      const path = name
        .slice('_aggs.'.length)
        .split('.')
        .map((part) => lookup.optional(part));
      if (path.length >= searchLimits.aggregationDepthMax.value) throw bad(`Bad value for parameter ${name}: too deep`);
      if (path.some((field) => field === null)) continue;
      const leaf = below(given);
      const tree = path.reduceRight<Facet[]>(
        (inner, field) => [{ kind: 'terms', field: field as SearchField, below: inner }],
        leaf,
      );
      facets.push(...tree);
    } else if (/^_histogram\./.test(name) && given.length > 0) {
      const histogram = parseHistogram(name.slice('_histogram.'.length), parameters, lookup, below(given));
      if (histogram) facets.push(histogram);
    }
  }
  const flat = below(wanted.length > 0 || facets.length > 0 ? wanted : ['signature']);
  for (const facet of flat)
    if (!facets.some((other) => other.kind === facet.kind && other.field.name === facet.field.name)) facets.push(facet);
  if (facets.length > searchLimits.facetsCountMax.value)
    throw bad(`Bad value for parameter _facets: more than ${searchLimits.facetsCountMax.value} facets`);
  return facets;
}

function parseFacetName(
  name: string,
  parameters: SearchParameters,
  lookup: FieldLookup,
  below: readonly Facet[],
): Facet | null {
  if (name.startsWith('_histogram.'))
    return parseHistogram(name.slice('_histogram.'.length), parameters, lookup, below);
  if (name.startsWith('_cardinality.')) {
    const field = lookup.optional(name.slice('_cardinality.'.length));
    return field ? { kind: 'cardinality', field } : null;
  }
  const field = lookup.optional(name);
  return field ? { kind: 'terms', field, below } : null;
}

const calendarUnits = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const shortUnits: Readonly<Record<string, string>> = {
  '1m': 'minute',
  '1h': 'hour',
  '1d': 'day',
  '1w': 'week',
  '1M': 'month',
  '1q': 'quarter',
  '1y': 'year',
};

function parseHistogram(
  name: string,
  parameters: SearchParameters,
  lookup: FieldLookup,
  below: readonly Facet[],
): Facet | null {
  const field = lookup.optional(name);
  if (!field) return null;
  if (!isOrdered(field.kind)) throw bad(`Bad value for parameter _histogram.${name}: not a date or number field`);
  const parameter = `_histogram_interval.${name}`;
  const text = parameters.get(parameter)?.find((value) => value !== '');
  if (field.kind === 'date')
    return { kind: 'histogram', field, interval: dateInterval(text ?? 'day', parameter), below };
  const interval = text === undefined ? 1 : Number(text);
  if (!(interval > 0) || !Number.isFinite(interval))
    throw bad(`Bad value for parameter ${parameter}: not a positive number`);
  return { kind: 'histogram', field, interval, below };
}

/** A calendar unit, or a fixed length in milliseconds (`12h`, `2d`). */
function dateInterval(text: string, parameter: string): string | number {
  const unit = shortUnits[text] ?? text;
  if (calendarUnits.includes(unit)) return unit;
  const fixed = /^(\d{1,4}(?:\.\d)?)([mhd])$/.exec(text);
  const ms = fixed ? Number(fixed[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[fixed[2] as 'm' | 'h' | 'd'] : 0;
  if (ms < 60_000) throw bad(`Bad value for parameter ${parameter}: not an interval such as day, week, 12h`);
  return ms;
}

function bad(text: string): SalvageError {
  return new SalvageError(searchErrors.search_bad_argument, text);
}
