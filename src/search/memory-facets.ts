// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { matchesFilter, shownDate, valueIn } from './evaluate.ts';
import { searchLimits } from './limits.ts';
import type { ReportRow } from './report-row.ts';
import type { SearchField } from './search-fields.ts';
import { type Facet, type FacetAnswer, type FacetTerm, facetKey, type Measure } from './search-request.ts';

type Term = string | number;

/** The facets of the matched rows. */
export function computeFacets(
  rows: readonly ReportRow[],
  facets: readonly Facet[],
  size: number,
): Record<string, FacetAnswer> {
  return Object.fromEntries(facets.map((facet) => [facetKey(facet), computeFacet(rows, facet, size)]));
}

function computeFacet(rows: readonly ReportRow[], facet: Facet, size: number): FacetAnswer {
  if (facet.kind === 'cardinality') {
    const distinct = new Set<Term>();
    for (const row of rows) for (const term of termsOf(row, facet.field)) distinct.add(term);
    return { value: distinct.size };
  }
  const groups = new Map<Term, ReportRow[]>();
  for (const row of rows)
    for (const term of termsOf(row, facet.field)) {
      const bucket =
        facet.kind === 'histogram' ? bucketOf(term, facet.field, facet.interval, facet.originMs ?? 0) : term;
      const group = groups.get(bucket);
      if (group) group.push(row);
      else groups.set(bucket, [row]);
    }
  const entries = [...groups];
  const ranking = facet.kind === 'terms' && facet.isRankedByMeasure ? facet.measures?.[0] : undefined;
  const weights = new Map(entries.map(([term, group]) => [term, ranking ? measure(group, ranking) : 0]));
  const weightOf = (term: Term) => weights.get(term) ?? 0;
  if (facet.kind === 'histogram') entries.sort(([a], [b]) => compareTerms(a, b));
  else entries.sort(([a, x], [b, y]) => weightOf(b) - weightOf(a) || y.length - x.length || compareTerms(a, b));
  const kept = entries.slice(0, facet.kind === 'histogram' ? searchLimits.histogramBucketsMax.value : size);
  return kept.map(([term, group]): FacetTerm => {
    const measures = facet.kind === 'terms' ? facet.measures : undefined;
    const shown = {
      term,
      count: group.length,
      ...(measures && { measures: Object.fromEntries(measures.map((one) => [one.name, measure(group, one)])) }),
    };
    return facet.below.length > 0 ? { ...shown, facets: computeFacets(group, facet.below, size) } : shown;
  });
}

function measure(rows: readonly ReportRow[], measured: Measure): number {
  if (measured.kind === 'matching')
    return rows.filter((row) => matchesFilter(valueIn(row, measured.filter.field), measured.filter)).length;
  return new Set(rows.flatMap((row) => termsOf(row, measured.field))).size;
}

/** Terms of one row, each once: parts lower-cased, booleans as T and F. */
function termsOf(row: ReportRow, field: SearchField): Term[] {
  const value = valueIn(row, field);
  if (value === undefined) return [];
  if (typeof value === 'boolean') return [value ? 'T' : 'F'];
  if (typeof value === 'object') return [...new Set(value.map((part) => part.toLowerCase()))];
  return [field.kind === 'date' ? shownDate(new Date(value)) : value];
}

/** By code point for texts, by size for numbers. */
export function compareTerms(a: Term, b: Term): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

function bucketOf(term: Term, field: SearchField, interval: string | number, originMs: number): Term {
  if (field.kind !== 'date') return Math.floor(Number(term) / Number(interval)) * Number(interval);
  const date = new Date(term);
  if (typeof interval === 'number')
    return shownDate(new Date(Math.floor((date.getTime() - originMs) / interval) * interval + originMs));
  return shownDate(startOf(interval, date));
}

/** The start of the calendar unit that holds the date, in UTC; weeks begin on Monday. */
function startOf(unit: string, date: Date): Date {
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  switch (unit) {
    case 'minute':
      return new Date(Math.floor(date.getTime() / 60_000) * 60_000);
    case 'hour':
      return new Date(Math.floor(date.getTime() / 3_600_000) * 3_600_000);
    case 'week':
      return new Date(Date.UTC(year, month, day - ((date.getUTCDay() + 6) % 7)));
    case 'month':
      return new Date(Date.UTC(year, month, 1));
    case 'quarter':
      return new Date(Date.UTC(year, month - (month % 3), 1));
    case 'year':
      return new Date(Date.UTC(year, 0, 1));
    default:
      return new Date(Date.UTC(year, month, day));
  }
}
