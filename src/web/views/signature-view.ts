// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type SearchField, searchFields } from '../../search/search-fields.ts';
import type { FacetAnswer, FacetTerm, SearchAnswer } from '../../search/search-request.ts';
import {
  reportsPerPage,
  requireField,
  runSearch,
  type SignatureCall,
  type SignatureQuery,
  signatureRequest,
  withFacets,
} from './signature-query.ts';

export interface PanelRow {
  readonly term: string | number;
  readonly count: number;
  /** Distinct installations, at most the count; only in the panel of versions. */
  readonly installs: number | null;
  /** What a search says for these reports, as `[field, value]`; null where none says it. */
  readonly refine: readonly (readonly [string, string | number])[] | null;
}

export interface Panel {
  readonly name: string;
  readonly field: string;
  readonly rows: readonly PanelRow[];
}

/** Days and the values of the most frequent terms on them; what is left is the last series. */
export interface TrendView {
  readonly field: string;
  readonly days: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[]; readonly is_rest: boolean }[];
  readonly total: number;
}

export interface SignatureView {
  readonly signature: string;
  readonly from: string;
  readonly to: string;
  readonly total: number;
  /** Crashes of all signatures under the same filters and dates. */
  readonly total_all: number;
  readonly clients: number;
  /** The same of the period of equal length before. */
  readonly before: { readonly total: number; readonly clients: number };
  readonly installs: number;
  readonly startup: number;
  readonly first_minute: number;
  /** `startup`, `some_startup`, `first_minute`, `plugin`. */
  readonly badges: readonly string[];
  readonly seen: {
    readonly first_date: string;
    readonly last_date: string;
    readonly first_build: string | null;
    readonly last_build: string | null;
    readonly report_count: number;
  } | null;
  readonly trend: TrendView;
  readonly panels: readonly Panel[];
  /** Filters that were left out because the reader may not name their field. */
  readonly dropped: readonly string[];
}

const fieldNamed = (name: string): SearchField => searchFields.get(name) as SearchField;
const panelRowsMax = 10;

/** The summary of a signature: how many, since when, whom it hits. */
export async function signatureView(query: SignatureQuery, call: SignatureCall): Promise<SignatureView> {
  const { request, dropped } = signatureRequest(query, call, {
    _results_number: ['0'],
    _facets: ['platform_pretty_version', 'cpu_arch', 'process_type', 'startup_crash', '_cardinality.install_time'],
    '_aggs.product.version': ['_cardinality.install_time'],
    '_aggs.adapter_vendor_id': ['adapter_device_id'],
    '_histogram.uptime': ['product'],
    '_histogram_interval.uptime': ['60'],
  });
  // How many clients there are is no secret, their ids are: the top crashers count them for everybody, too.
  const counted = withFacets(request, [{ kind: 'cardinality', field: fieldNamed('client_id') }], 50);
  const everything = {
    ...request,
    filters: request.filters.filter(({ field }) => field.name !== 'signature'),
    facets: [],
  };
  const spanMs = request.to.date.getTime() - request.from.date.getTime();
  const before = {
    ...withFacets({ ...request, facets: [] }, [{ kind: 'cardinality', field: fieldNamed('client_id') }], 1),
    from: { date: new Date(request.from.date.getTime() - spanMs), inclusive: true },
    to: { date: request.from.date, inclusive: !request.from.inclusive },
  };
  const [answer, all, earlier, seen, trend] = await Promise.all([
    runSearch(counted, call),
    runSearch(everything, call),
    runSearch(before, call),
    call.parts.search.signaturesSeen([query.signature], call.reader.products),
    signatureTrend(query, call, 'version'),
  ]);
  const ages = uptimeRanges(answer);
  const startup = termsOf(answer.facets['startup_crash']).find(({ term }) => term === 'T')?.count ?? 0;
  const firstMinute = ages[0]?.count ?? 0;
  return {
    signature: query.signature,
    from: request.from.date.toISOString(),
    to: request.to.date.toISOString(),
    total: answer.total,
    total_all: all.total,
    clients: numberIn(answer.facets['cardinality_client_id']),
    before: { total: earlier.total, clients: numberIn(earlier.facets['cardinality_client_id']) },
    installs: Math.min(numberIn(answer.facets['cardinality_install_time']), answer.total),
    startup,
    first_minute: firstMinute,
    badges: badgesOf(answer, startup, firstMinute),
    seen: seen[0]
      ? {
          first_date: seen[0].firstDate,
          last_date: seen[0].lastDate,
          first_build: textOrNull(seen[0].firstBuild),
          last_build: textOrNull(seen[0].lastBuild),
          report_count: seen[0].reportCount,
        }
      : null,
    trend,
    panels: [
      { name: 'Version', field: 'version', rows: versionRows(answer) },
      panelOf('System', 'platform_pretty_version', answer),
      { name: 'Uptime', field: 'uptime', rows: ages },
      panelOf('Process', 'process_type', answer),
      panelOf('Architecture', 'cpu_arch', answer),
      { name: 'Graphics', field: 'adapter_device_id', rows: graphicsRows(answer) },
    ],
    dropped,
  };
}

const textOrNull = (value: number | null): string | null => (value === null ? null : String(value));

function termsOf(answer: FacetAnswer | undefined): readonly FacetTerm[] {
  return Array.isArray(answer) ? answer : [];
}

function numberIn(answer: FacetAnswer | undefined): number {
  return answer !== undefined && !Array.isArray(answer) ? answer.value : 0;
}

function badgesOf(answer: SearchAnswer, startup: number, firstMinute: number): string[] {
  if (answer.total === 0) return [];
  const badges: string[] = [];
  if (startup === answer.total) badges.push('startup');
  else if (startup > 0) badges.push('some_startup');
  if (firstMinute * 2 > answer.total) badges.push('first_minute');
  if (termsOf(answer.facets['process_type']).some(({ term }) => term === 'plugin')) badges.push('plugin');
  return badges;
}

function panelOf(name: string, field: string, answer: SearchAnswer): Panel {
  const rows = termsOf(answer.facets[field])
    .slice(0, panelRowsMax)
    .map(({ term, count }): PanelRow => ({ term, count, installs: null, refine: [[field, term]] }));
  return { name, field, rows };
}

function versionRows(answer: SearchAnswer): PanelRow[] {
  const products = termsOf(answer.facets['product']);
  return products
    .flatMap(({ term: product, facets }) =>
      termsOf(facets?.['version']).map(
        ({ term: version, count, facets: inner }): PanelRow => ({
          term: products.length > 1 ? `${product} ${version}` : version,
          count,
          installs: Math.min(count, numberIn(inner?.['cardinality_install_time'])),
          refine: [
            ['product', product],
            ['version', version],
          ],
        }),
      ),
    )
    .sort((a, b) => b.count - a.count)
    .slice(0, panelRowsMax);
}

function graphicsRows(answer: SearchAnswer): PanelRow[] {
  return termsOf(answer.facets['adapter_vendor_id'])
    .flatMap(({ term: vendor, facets }) =>
      termsOf(facets?.['adapter_device_id']).map(
        ({ term: device, count }): PanelRow => ({
          term: `${vendor} ${device}`,
          count,
          installs: null,
          refine: [
            ['adapter_vendor_id', vendor],
            ['adapter_device_id', device],
          ],
        }),
      ),
    )
    .sort((a, b) => b.count - a.count)
    .slice(0, panelRowsMax);
}

const ranges: readonly (readonly [name: string, fromS: number, toS: number])[] = [
  ['under 1 min', Number.NEGATIVE_INFINITY, 60],
  ['1–5 min', 60, 300],
  ['5–15 min', 300, 900],
  ['15–60 min', 900, 3600],
  ['over 1 h', 3600, Number.POSITIVE_INFINITY],
];

/** Buckets of a minute, summed up to the ranges that people know. */
function uptimeRanges(answer: SearchAnswer): PanelRow[] {
  const buckets = termsOf(answer.facets['histogram_uptime']);
  return ranges.map(([name, fromS, toS]) => ({
    term: name,
    count: buckets.reduce((sum, { term, count }) => {
      const seconds = Number(term);
      return seconds >= fromS && seconds < toS ? sum + count : sum;
    }, 0),
    installs: null,
    refine: [
      ...(Number.isFinite(fromS) ? ([['uptime', `>=${fromS}`]] as const) : []),
      ...(Number.isFinite(toS) ? ([['uptime', `<${toS}`]] as const) : []),
    ],
  }));
}

/** Days shown when nobody asked for dates: releases show up against a month. */
const trendDays = 28;
const seriesMax = 4;

/** Crashes a day by a field's four most frequent values. */
export async function signatureTrend(
  query: SignatureQuery,
  call: SignatureCall,
  fieldName: string,
): Promise<TrendView> {
  const field = requireField(fieldName, call);
  const dates = query.hasDates ? {} : { date: [`>=${dayOf(call.parts.clock.now(), 1 - trendDays)}`] };
  const { request } = signatureRequest(query, call, {
    ...dates,
    _results_number: ['0'],
    '_histogram.date': [field.name],
    _facets: [field.name],
  });
  const answer = await runSearch(request, call);
  const days = daysBetween(request.from.date, request.to.date);
  const names = termsOf(answer.facets[field.name])
    .slice(0, seriesMax)
    .map(({ term }) => term);
  const buckets = new Map(
    termsOf(answer.facets['histogram_date']).map((bucket) => [String(bucket.term).slice(0, 10), bucket]),
  );
  const countOf = (day: string, name: string | number) =>
    termsOf(buckets.get(day)?.facets?.[field.name]).find(({ term }) => term === name)?.count ?? 0;
  const series = names.map((name) => ({
    name: String(name),
    values: days.map((day) => countOf(day, name)),
    is_rest: false,
  }));
  const rest = days.map((day, at) =>
    Math.max(0, (buckets.get(day)?.count ?? 0) - series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0)),
  );
  if (rest.some((count) => count > 0)) {
    series.push({ name: 'other or none', values: rest, is_rest: true });
  }
  return { field: field.name, days, series, total: answer.total };
}

function dayOf(date: Date, offsetDays = 0): string {
  return new Date(date.getTime() + offsetDays * 86_400_000).toISOString().slice(0, 10);
}

/** Every day of a period, at most a year of them. */
function daysBetween(from: Date, to: Date): string[] {
  const days: string[] = [];
  for (let at = Date.parse(dayOf(from)); at <= to.getTime() && days.length <= 366; at += 86_400_000)
    days.push(dayOf(new Date(at)));
  return days;
}

export interface AggregationView {
  readonly field: string;
  readonly total: number;
  readonly rows: readonly { readonly rank: number; readonly term: string | number; readonly count: number }[];
}

/** The most frequent values of one field. */
export async function signatureAggregation(
  query: SignatureQuery,
  call: SignatureCall,
  fieldName: string,
): Promise<AggregationView> {
  const field = requireField(fieldName, call);
  const { request } = signatureRequest(query, call, {
    _results_number: ['0'],
    _facets: [field.name],
    _facets_size: ['100'],
  });
  const answer = await runSearch(request, call);
  const rows = termsOf(answer.facets[field.name]).map(({ term, count }, at) => ({ rank: at + 1, term, count }));
  return { field: field.name, total: answer.total, rows };
}

export interface ReportsView {
  readonly total: number;
  readonly page: number;
  readonly pages: number;
  readonly columns: readonly string[];
  readonly hits: readonly Record<string, unknown>[];
  readonly dropped: readonly string[];
}

const defaultColumns = [
  'date',
  'product',
  'version',
  'build_id',
  'platform',
  'reason',
  'address',
  'uptime',
  'install_time',
  'startup_crash',
];

/** One page of reports. Those who see protected data see comments, too (web.md X20). */
export async function signatureReports(
  query: SignatureQuery,
  call: SignatureCall,
  only: Readonly<Record<string, readonly string[]>> = {},
  number = reportsPerPage,
): Promise<ReportsView> {
  const seesProtected = call.reader.permissions.has('view_pii');
  const columns = query.columns.filter((name) => name !== '');
  const wanted = columns.length > 0 ? columns : [...defaultColumns, ...(seesProtected ? ['user_comments'] : [])];
  const { request, dropped } = signatureRequest(query, call, {
    ...only,
    _columns: ['uuid', ...wanted.filter((name) => name !== 'uuid')],
    _sort: query.sort,
    _results_number: [String(number)],
    _results_offset: [String((query.page - 1) * reportsPerPage)],
    _facets_size: ['0'],
  });
  const answer = await runSearch(request, call);
  return {
    total: answer.total,
    page: query.page,
    pages: Math.max(1, Math.ceil(answer.total / reportsPerPage)),
    columns: request.columns.map(({ name }) => name).filter((name) => name !== 'uuid'),
    hits: answer.hits,
    dropped,
  };
}
