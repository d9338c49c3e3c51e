// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { SearchIndex, SearchOptions, SignatureSeen } from './search-index.ts';
import type { Facet, FacetTerm, Filter, Measure, SearchRequest, TermsFacet } from './search-request.ts';
import {
  anyOf,
  fieldNamed,
  type Period,
  periodsOf,
  platforms,
  type TopCrashersQuery,
  topCrashersFilters,
} from './top-crashers-query.ts';

/** One row of the list (web.md §5.1). */
export interface TopCrasher {
  /** 1 = the worst. */
  readonly rank: number;
  /** Places won (+) or lost (−) against the period before; null when it was not among its top ones. */
  readonly rankChange: number | null;
  readonly signature: string;
  readonly crashes: number;
  /** Distinct client ids; 0 where no report carries one. */
  readonly clients: number;
  readonly installs: number;
  /** Percent of all crashes of the period. */
  readonly share: number;
  readonly previousCrashes: number;
  readonly previousShare: number;
  readonly windows: number;
  readonly mac: number;
  readonly linux: number;
  readonly garbageCollecting: number;
  /** Whether all, some or none of the reports are from before the program had started. */
  readonly startup: 'all' | 'some' | 'none';
  /** More than half of the reports come from the first minute. */
  readonly isFirstMinute: boolean;
  readonly isPlugin: boolean;
  readonly provisional: number;
  /** First report of this signature in the product, ever. */
  readonly firstDate: string | null;
  readonly firstBuild: number | null;
  /** The first report falls into the period. */
  readonly isNew: boolean;
  /** Reports in 14 equal parts of the period. */
  readonly buckets: readonly number[];
  /** Reports of each chosen version, when several are. */
  readonly versions: Readonly<Record<string, number>>;
}

export interface TopCrashers {
  readonly query: TopCrashersQuery;
  readonly current: Period;
  readonly previous: Period;
  /** All crashes of the period, those of signatures below the list included. */
  readonly total: number;
  readonly previousTotal: number;
  readonly totalClients: number;
  readonly totalSignatures: number;
  /** Crashes of the shown signatures. */
  readonly shown: number;
  readonly rows: readonly TopCrasher[];
  /** How many signatures of the previous period were ranked; a null `rankChange` means: not among these. */
  readonly previousRanked: number;
}

export interface TopCrashersReader extends SearchOptions {
  readonly now: Date;
  /** Products that the reader may see; null = all. */
  readonly products: readonly string[] | null;
}

export const bucketCount = 14;
/** Fewer crashes than this in a period are too few to compare it with another. */
export const comparableCrashesMin = 20;

/**
 * The worst signatures of a period. Every number is exact: the period before is counted for the very signatures that are
 * shown, and only then by its own ranking.
 */
export async function readTopCrashers(
  index: SearchIndex,
  query: TopCrashersQuery,
  reader: TopCrashersReader,
): Promise<TopCrashers> {
  const { current, previous } = periodsOf(query, reader.now);
  const answer = await index.search(request(query, current, reader, currentFacets(query, current), query.size), reader);
  const terms = termsOf(answer.facets['signature']);
  const signatures = terms.map(({ term }) => String(term));
  const [before, seen] =
    answer.total === 0
      ? [{ total: 0, ranked: [], counts: new Map<string, number>() }, []]
      : await Promise.all([
          readPrevious(index, query, previous, signatures, reader),
          index.signaturesSeen(signatures, [query.product]),
        ]);
  const seenBySignature = new Map(seen.map((one) => [one.signature, one]));
  const ranks = new Map(before.ranked.map((signature, at) => [signature, at + 1]));
  const rows = terms.map((term, at): TopCrasher => {
    const signature = String(term.term);
    const previousRank = ranks.get(signature);
    const previousCrashes = before.counts.get(signature) ?? 0;
    return {
      rank: at + 1,
      rankChange: previousRank === undefined ? null : previousRank - (at + 1),
      ...countsOf(term, query, current),
      share: percent(term.count, answer.total),
      previousCrashes,
      previousShare: percent(previousCrashes, before.total),
      ...firstSight(seenBySignature.get(signature), current),
    };
  });
  return {
    query,
    current,
    previous,
    total: answer.total,
    previousTotal: before.total,
    totalClients: numberOf(answer.facets['cardinality_client_id']),
    totalSignatures: numberOf(answer.facets['cardinality_signature']),
    shown: rows.reduce((sum, row) => sum + row.crashes, 0),
    rows,
    previousRanked: before.ranked.length,
  };
}

function request(
  query: TopCrashersQuery,
  period: Period,
  reader: TopCrashersReader,
  facets: readonly Facet[],
  facetsSize: number,
  more: readonly Filter[] = [],
): SearchRequest {
  return {
    filters: [...topCrashersFilters(query, period), ...more],
    from: { date: period.from, inclusive: true },
    to: { date: period.to, inclusive: false },
    products: reader.products,
    columns: [],
    sort: [],
    offset: 0,
    number: 0,
    facets,
    facetsSize,
  };
}

const clients: Measure = { name: 'clients', kind: 'distinct', field: fieldNamed('client_id') };

function rankedSignatures(
  query: TopCrashersQuery,
  measures: readonly Measure[],
  below: readonly Facet[] = [],
): TermsFacet {
  return {
    kind: 'terms',
    field: fieldNamed('signature'),
    below,
    measures: query.rankBy === 'clients' ? [clients, ...measures] : measures,
    isRankedByMeasure: query.rankBy === 'clients',
  };
}

function currentFacets(query: TopCrashersQuery, period: Period): readonly Facet[] {
  const matching = (name: string, filter: Filter): Measure => ({ name, kind: 'matching', filter });
  const measures: Measure[] = [
    ...(query.rankBy === 'crashes' ? [clients] : []),
    { name: 'installs', kind: 'distinct', field: fieldNamed('install_time') },
    ...platforms.map(({ code, prefix }) => matching(code, anyOf('platform', 'starts', [prefix]))),
    matching('gc', anyOf('is_garbage_collecting', 'true', [null])),
    matching('startup', anyOf('startup_crash', 'true', [null])),
    matching('plugin', anyOf('process_type', 'is', ['plugin'])),
    matching('provisional', anyOf('signature_provisional', 'true', [null])),
    matching('first_minute', {
      field: fieldNamed('uptime'),
      conditions: [
        { operator: 'gte', negated: false, value: 0 },
        { operator: 'lt', negated: false, value: 60 },
      ],
    }),
    ...(query.versions.length > 1 ? query.versions : []).map((version, at) =>
      matching(`version${at}`, anyOf('version', /\db$/.test(version) ? 'starts' : 'is', [version])),
    ),
  ];
  const histogram: Facet = {
    kind: 'histogram',
    field: fieldNamed('date'),
    interval: bucketMs(period),
    originMs: period.from.getTime(),
    below: [],
  };
  return [
    rankedSignatures(query, measures, [histogram]),
    { kind: 'cardinality', field: fieldNamed('client_id') },
    { kind: 'cardinality', field: fieldNamed('signature') },
  ];
}

const bucketMs = (period: Period): number => (period.to.getTime() - period.from.getTime()) / bucketCount;

/** The ranking of the period before, twice as long as the list, and exact counts of the shown signatures beyond it. */
async function readPrevious(
  index: SearchIndex,
  query: TopCrashersQuery,
  period: Period,
  signatures: readonly string[],
  reader: TopCrashersReader,
): Promise<{ total: number; ranked: readonly string[]; counts: ReadonlyMap<string, number> }> {
  const size = query.size * 2;
  const answer = await index.search(request(query, period, reader, [rankedSignatures(query, [])], size), reader);
  const terms = termsOf(answer.facets['signature']);
  const counts = new Map(terms.map(({ term, count }) => [String(term), count]));
  const missing = signatures.filter((signature) => !counts.has(signature));
  // A list that is not full holds every signature there was.
  if (missing.length > 0 && terms.length === size) {
    const facet: Facet = { kind: 'terms', field: fieldNamed('signature'), below: [] };
    const filter = anyOf('signature', 'is', missing);
    const rest = await index.search(request(query, period, reader, [facet], missing.length, [filter]), reader);
    for (const { term, count } of termsOf(rest.facets['signature'])) counts.set(String(term), count);
  }
  return { total: answer.total, ranked: terms.map(({ term }) => String(term)), counts };
}

function countsOf(term: FacetTerm, query: TopCrashersQuery, period: Period) {
  const measure = (name: string): number => term.measures?.[name] ?? 0;
  const startup = measure('startup');
  return {
    signature: String(term.term),
    crashes: term.count,
    clients: measure('clients'),
    installs: measure('installs'),
    windows: measure('win'),
    mac: measure('mac'),
    linux: measure('lin'),
    garbageCollecting: measure('gc'),
    startup: startup === 0 ? 'none' : startup === term.count ? 'all' : 'some',
    isFirstMinute: measure('first_minute') * 2 > term.count,
    isPlugin: measure('plugin') > 0,
    provisional: measure('provisional'),
    buckets: bucketsOf(term, period),
    versions:
      query.versions.length > 1
        ? Object.fromEntries(query.versions.map((version, at) => [version, measure(`version${at}`)]))
        : {},
  } as const;
}

function bucketsOf(term: FacetTerm, period: Period): readonly number[] {
  const buckets = new Array<number>(bucketCount).fill(0);
  for (const bucket of termsOf(term.facets?.['histogram_date'])) {
    const place = Math.round((Date.parse(String(bucket.term)) - period.from.getTime()) / bucketMs(period));
    if (place >= 0 && place < bucketCount) buckets[place] = (buckets[place] ?? 0) + bucket.count;
  }
  return buckets;
}

function firstSight(seen: SignatureSeen | undefined, period: Period) {
  if (!seen) return { firstDate: null, firstBuild: null, isNew: false };
  const isNew = Date.parse(seen.firstDate) >= period.from.getTime();
  return { firstDate: seen.firstDate, firstBuild: seen.firstBuild, isNew };
}

const percent = (count: number, total: number): number => (total === 0 ? 0 : (100 * count) / total);
const termsOf = (answer: unknown): readonly FacetTerm[] => (Array.isArray(answer) ? answer : []);
const numberOf = (answer: unknown): number => (answer as { value?: number } | undefined)?.value ?? 0;
