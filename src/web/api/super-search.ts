// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Reader } from '../../people/permissions.ts';
import { type DroppedField, type ParsedSearch, parseSearch, type SearchReader } from '../../search/parse-search.ts';
import { type SearchField, searchFields } from '../../search/search-fields.ts';
import type { SearchAnswer, SearchRequest } from '../../search/search-request.ts';
import { mayReadProduct } from '../access.ts';
import type { WebParts } from '../web-parts.ts';
import type { ApiCall, ApiEndpoint, ApiParameter } from './api-endpoint.ts';

/** What controls a search, beside the fields themselves. */
export const searchParameters: readonly ApiParameter[] = [
  {
    name: 'date',
    kind: 'list',
    isRequired: false,
    description: 'Bounds such as `>=2026-11-01`, `<-1d`; default: the last seven days.',
  },
  { name: '_columns', kind: 'list', isRequired: false, description: 'Fields of each hit.' },
  {
    name: '_facets',
    kind: 'list',
    isRequired: false,
    description: 'Fields, `_histogram.FIELD` or `_cardinality.FIELD`; default `signature`.',
  },
  {
    name: '_facets_size',
    kind: 'integer',
    isRequired: false,
    description: 'Terms a facet, 0 to 10,000; 0 = no facets.',
  },
  { name: '_results_number', kind: 'integer', isRequired: false, description: 'Hits, 0 to 1,000; default 100.' },
  { name: '_results_offset', kind: 'integer', isRequired: false, description: 'Hits to skip.' },
  { name: '_sort', kind: 'list', isRequired: false, description: 'Field, or `-FIELD` for descending.' },
  { name: '_return_query', kind: 'text', isRequired: false, description: 'The plan instead of its result.' },
];

/** What the search language needs to know of a reader. */
export function searchReaderOf(reader: Reader, parts: WebParts, seesProtected: boolean): SearchReader {
  return {
    seesProtected: seesProtected && reader.permissions.has('view_pii'),
    products: reader.products,
    publicAnnotations: new Set(parts.options.publicAnnotations),
  };
}

export function searchTimeoutMs(reader: Reader, parts: WebParts): number {
  return reader.via === 'anonymous' ? parts.options.anonymousSearchTimeoutMs : parts.options.searchTimeoutMs;
}

function parse(call: ApiCall, isUnredacted: boolean): ParsedSearch {
  return parseSearch(call.parameters, {
    reader: searchReaderOf(call.reader, call.parts, isUnredacted),
    now: call.parts.clock.now(),
    isStrict: isUnredacted,
  });
}

/** What the `errors` of an answer say: nothing of them is an error, but the reader would read the numbers wrongly. */
export type SearchNote =
  | DroppedField
  | { readonly type: 'missing_index'; readonly index: string }
  | { readonly type: 'unknown_product'; readonly product: string };

/** Names that were left out, weeks that are gone, and products that sent nothing (that the reader may see). */
export async function searchNotes(
  { parts, reader }: Pick<ApiCall, 'parts' | 'reader'>,
  request: SearchRequest,
  answer: SearchAnswer,
  dropped: readonly DroppedField[],
): Promise<readonly SearchNote[]> {
  const missing = answer.missingWeeks.map((index): SearchNote => ({ type: 'missing_index', index }));
  const asked = request.filters
    .filter(({ field }) => field.name === 'product')
    .flatMap(({ conditions }) => conditions)
    .filter(({ operator, negated }) => !negated && (operator === 'matches' || operator === 'is'))
    .map(({ value }) => String(value));
  if (answer.total > 0 || asked.length === 0) return [...dropped, ...missing];
  const seen = (await parts.search.productsSeen()).filter(({ product }) => mayReadProduct(reader, product));
  const known = new Set(seen.map(({ product }) => product.toLowerCase()));
  const unknown = [...new Set(asked)].filter((product) => !known.has(product.toLowerCase()));
  return [...dropped, ...missing, ...unknown.map((product): SearchNote => ({ type: 'unknown_product', product }))];
}

function makeSearchEndpoint(name: string, isUnredacted: boolean): ApiEndpoint {
  return {
    name,
    methods: ['GET'],
    summary: isUnredacted
      ? 'Search over all fields, protected ones included.'
      : 'Search over public fields: hits, facets, nested facets, histograms, cardinalities.',
    parameters: searchParameters,
    takesSearchFields: true,
    needs: isUnredacted ? ['view', 'view_pii'] : ['view'],
    answer: {
      type: 'object',
      required: ['hits', 'total', 'facets', 'errors'],
      properties: {
        hits: { type: 'array', items: { type: 'object' } },
        total: { type: 'integer', minimum: 0 },
        facets: { type: 'object' },
        errors: { type: 'array' },
      },
    },
    async handle(call) {
      const { request, dropped } = parse(call, isUnredacted);
      if (/^(1|t|true|y|yes)$/i.test(call.values.text('_return_query')))
        return { json: { query: describe(request), indices: ['reports'] } };
      if (isUnredacted)
        call.parts.people.audit({
          action: 'protected_search',
          object: describeFilters(call),
          reader: call.reader,
          address: call.access.address,
        });
      const answer = await call.parts.search.search(request, {
        timeoutMs: searchTimeoutMs(call.reader, call.parts),
        signal: call.signal,
      });
      const { hits, total, facets } = answer;
      return { json: { hits, total, facets, errors: await searchNotes(call, request, answer, dropped) } };
    },
  };
}

/** The plan as JSON: fields by name. */
function describe(request: ParsedSearch['request']): unknown {
  return JSON.parse(
    JSON.stringify(request, (key, value: unknown) =>
      key === 'field'
        ? (value as SearchField).name
        : key === 'columns'
          ? (value as SearchField[]).map((field) => field.name)
          : value,
    ),
  );
}

function describeFilters(call: ApiCall): string {
  return new URLSearchParams(
    [...call.parameters].flatMap(([name, values]) => values.map((value): [string, string] => [name, value])),
  ).toString();
}

export const superSearchEndpoint = makeSearchEndpoint('SuperSearch', false);
export const superSearchUnredactedEndpoint = makeSearchEndpoint('SuperSearchUnredacted', true);

/** Crash-stats' names of kinds: validation, query and storage type (web.md §4). */
const kindNames: Readonly<Record<SearchField['kind'], readonly [string, string, string]>> = {
  text: ['str', 'string', 'text'],
  identity: ['enum', 'enum', 'text'],
  keyword: ['str', 'string', 'keyword'],
  enum: ['enum', 'enum', 'keyword'],
  parts: ['str', 'string', 'text'],
  integer: ['int', 'integer', 'long'],
  float: ['float', 'float', 'double'],
  boolean: ['bool', 'bool', 'boolean'],
  date: ['datetime', 'date', 'date'],
};

function fieldRecord(field: SearchField): Record<string, unknown> {
  const [validation, query, storage] = kindNames[field.kind];
  return {
    name: field.name,
    namespace: ['processed_crash', ...field.path.split('.').slice(0, -1)].join('.'),
    in_database_name: field.path.split('.').at(-1),
    data_validation_type: validation,
    query_type: query,
    form_field_choices: field.choices,
    has_full_version: field.kind === 'text' || field.kind === 'identity',
    is_exposed: true,
    is_returned: true,
    storage_mapping: { type: storage },
    permissions_needed: [field.permission],
    webapp_permissions_needed: field.permission === 'protected' ? ['crashstats.view_pii'] : [],
    description: field.description,
  };
}

export const superSearchFieldsEndpoint: ApiEndpoint = {
  name: 'SuperSearchFields',
  methods: ['GET'],
  summary: 'Every search field with its kind and permission; any annotation is a field besides, as `annotation.NAME`.',
  parameters: [],
  needs: ['view'],
  answer: { type: 'object' },
  handle: async () => ({
    json: Object.fromEntries([...searchFields.values()].map((field) => [field.name, fieldRecord(field)])),
  }),
};
