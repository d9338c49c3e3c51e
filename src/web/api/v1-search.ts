// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { parseSearch } from '../../search/parse-search.ts';
import type { SearchField } from '../../search/search-fields.ts';
import type { Facet, FacetAnswer, FacetTerm, SearchAnswer, SearchRequest } from '../../search/search-request.ts';
import { fieldNamed } from '../../search/top-crashers-query.ts';
import type { ApiCall, ApiEndpoint } from './api-endpoint.ts';
import { type SearchNote, searchNotes, searchParameters, searchReaderOf, searchTimeoutMs } from './super-search.ts';

/** A search with what a page says around its hits. */
export interface WholeSearch extends SearchAnswer {
  readonly request: SearchRequest;
  /** What the reader must know to read the numbers rightly. */
  readonly notes: readonly SearchNote[];
  readonly clients: number;
  readonly signatures: number;
  /** Reports over the searched period; null when the search has a date histogram of its own. */
  readonly histogram: { readonly intervalMs: number; readonly buckets: readonly FacetTerm[] } | null;
  readonly tookMs: number;
}

type SearchCall = Pick<ApiCall, 'parts' | 'access' | 'reader' | 'parameters' | 'signal'>;

/** Runs a search over all that the reader may see. Errors: those of the index. */
export async function runSearch(call: SearchCall): Promise<WholeSearch> {
  const { parts, reader, signal } = call;
  const { request, dropped } = parseSearch(call.parameters, {
    reader: searchReaderOf(reader, parts, true),
    now: parts.clock.now(),
    isStrict: false,
  });
  auditProtected(call, request);
  const intervalMs = histogramIntervalMs(request);
  const ownHistogram = !request.facets.some((facet) => facet.kind === 'histogram' && facet.field.name === 'date');
  const around: Facet[] = [
    { kind: 'cardinality', field: fieldNamed('client_id') },
    { kind: 'cardinality', field: fieldNamed('signature') },
  ];
  if (ownHistogram)
    around.push({ kind: 'histogram', field: fieldNamed('date'), interval: intervalMs, originMs: mondayMs, below: [] });
  const asked = new Set(request.facets.map((facet) => `${facet.kind} ${facet.field.name}`));
  const extra = around.filter((facet) => !asked.has(`${facet.kind} ${facet.field.name}`));
  const startedMs = parts.clock.monotonicMs();
  const answer = await parts.search.search(
    { ...request, facets: [...request.facets, ...extra] },
    { timeoutMs: searchTimeoutMs(reader, parts), signal },
  );
  const facets = { ...answer.facets };
  for (const facet of extra) delete facets[`${facet.kind}_${facet.field.name}`];
  return {
    ...answer,
    facets,
    request,
    notes: await searchNotes(call, request, answer, dropped),
    clients: numberOf(answer.facets['cardinality_client_id']),
    signatures: numberOf(answer.facets['cardinality_signature']),
    histogram: ownHistogram ? { intervalMs, buckets: answer.facets['histogram_date'] as FacetTerm[] } : null,
    tookMs: parts.clock.monotonicMs() - startedMs,
  };
}

const numberOf = (answer: FacetAnswer | undefined): number => (answer as { value?: number } | undefined)?.value ?? 0;

/** Searches that name a protected field leave a row, as on the endpoint that is made for them. */
function auditProtected({ parts, reader, access, parameters }: SearchCall, request: SearchRequest): void {
  const fields = [
    ...request.filters.map(({ field }) => field),
    ...request.columns,
    ...request.sort.map(({ field }) => field),
    ...facetFields(request.facets),
  ];
  if (!fields.some(({ permission }) => permission === 'protected')) return;
  const object = new URLSearchParams(
    [...parameters].flatMap(([name, values]) => values.map((value): [string, string] => [name, value])),
  ).toString();
  parts.people.audit({ action: 'protected_search', object, reader, address: access.address });
}

function facetFields(facets: readonly Facet[]): SearchField[] {
  return facets.flatMap((facet) => [facet.field, ...(facet.kind === 'cardinality' ? [] : facetFields(facet.below))]);
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** 5 January 1970, so that weeks begin on Monday. */
const mondayMs = 4 * dayMs;
const intervalsMs = [
  minuteMs,
  5 * minuteMs,
  15 * minuteMs,
  30 * minuteMs,
  hourMs,
  2 * hourMs,
  3 * hourMs,
  6 * hourMs,
  12 * hourMs,
  dayMs,
  2 * dayMs,
  7 * dayMs,
];
/** As many columns as can be told apart on a laptop. */
const columnsMax = 90;

function histogramIntervalMs({ from, to }: SearchRequest): number {
  const spanMs = to.date.getTime() - from.date.getTime();
  return intervalsMs.find((intervalMs) => spanMs / intervalMs <= columnsMax) ?? 7 * dayMs;
}

export const v1SearchEndpoint: ApiEndpoint = {
  name: 'v1/search',
  methods: ['GET'],
  summary:
    'What the search page shows: hits, facets, clients, signatures, reports over time, and the searched interval.',
  parameters: searchParameters,
  takesSearchFields: true,
  needs: ['view'],
  answer: {
    type: 'object',
    required: ['hits', 'total', 'facets', 'errors', 'from', 'to'],
    properties: { hits: { type: 'array' }, total: { type: 'integer', minimum: 0 }, facets: { type: 'object' } },
  },
  handle: async (call) => ({ json: searchJson(await runSearch(call)) }),
};

function searchJson(search: WholeSearch): Record<string, unknown> {
  return {
    hits: search.hits,
    total: search.total,
    facets: search.facets,
    errors: search.notes,
    clients: search.clients,
    signatures: search.signatures,
    histogram: search.histogram
      ? { interval_ms: search.histogram.intervalMs, buckets: search.histogram.buckets }
      : null,
    from: search.request.from.date.toISOString(),
    to: search.request.to.date.toISOString(),
    took_ms: Math.round(search.tookMs),
  };
}
