// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../../lib/errors.ts';
import { parseSearch } from '../../search/parse-search.ts';
import { type SearchField, searchFieldOf } from '../../search/search-fields.ts';
import type { Facet, SearchAnswer, SearchRequest } from '../../search/search-request.ts';
import type { ApiCall } from '../api/api-endpoint.ts';
import { searchReaderOf, searchTimeoutMs } from '../api/super-search.ts';
import { webErrors } from '../errors.ts';
import { urlWith } from '../html.ts';

/** Who asks, and what they gave. */
export type SignatureCall = Pick<ApiCall, 'parts' | 'reader' | 'signal' | 'parameters'>;

export const reportsPerPage = 50;

/** What a signature page is asked for (web.md §1.5): one signature, filters and dates as in search. */
export interface SignatureQuery {
  readonly signature: string;
  /** Filters as given, `signature` and what only the page reads left out. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
  readonly columns: readonly string[];
  readonly sort: readonly string[];
  /** From 1. */
  readonly page: number;
  readonly hasDates: boolean;
}

/** Throws `bad_request` with one sentence for what cannot be read. */
export function parseSignatureQuery(parameters: ReadonlyMap<string, readonly string[]>): SignatureQuery {
  const given = (parameters.get('signature') ?? []).filter((value) => value !== '');
  const [signature] = given;
  if (signature === undefined) throw bad('signature: This field is required.');
  if (given.length > 1) throw bad('signature: only one value is accepted.');
  if (signature.includes('\0')) throw bad('signature: Null characters are not allowed.');
  const filters = new Map<string, readonly string[]>();
  for (const [name, values] of parameters)
    if (name !== 'signature' && !name.startsWith('_') && searchFieldOf(name)) {
      const kept = values.filter((value) => value !== '');
      if (kept.length > 0) filters.set(name, kept);
    }
  return {
    signature,
    filters,
    columns: parameters.get('_columns') ?? [],
    sort: parameters.get('_sort') ?? ['-date'],
    page: parsePage(parameters.get('page')?.at(-1)),
    hasDates: filters.has('date'),
  };
}

function parsePage(text: string | undefined): number {
  if (text === undefined || text === '') return 1;
  if (!/^-?\d{1,6}$/.test(text.trim())) throw bad('Invalid page');
  return Math.max(1, Number(text));
}

export function bad(text: string): SalvageError {
  return new SalvageError(webErrors.bad_request, text);
}

/** The field of a panel that the reader may name; throws `bad_request`. */
export function requireField(name: string, { reader, parts }: SignatureCall): SearchField {
  const field = searchFieldOf(name, new Set(parts.options.publicAnnotations));
  if (!field) throw bad(`Unknown field '${name.slice(0, 100)}'`);
  if (field.permission === 'protected' && !reader.permissions.has('view_pii'))
    throw bad(`The field ${name.slice(0, 100)} needs the permission to see protected data.`);
  return field;
}

/** A search of this signature's reports with the reader's permissions, and the fields that these left out. */
export function signatureRequest(
  query: SignatureQuery,
  call: SignatureCall,
  controls: Readonly<Record<string, readonly string[]>>,
): { readonly request: SearchRequest; readonly dropped: readonly string[] } {
  const parameters = new Map<string, readonly string[]>([...query.filters, ['signature', [`=${query.signature}`]]]);
  for (const [name, values] of Object.entries(controls)) parameters.set(name, values);
  const { request, dropped } = parseSearch(parameters, {
    reader: searchReaderOf(call.reader, call.parts, true),
    now: call.parts.clock.now(),
    isStrict: false,
  });
  return { request, dropped: dropped.flatMap(({ type, field }) => (type === 'field_not_permitted' ? [field] : [])) };
}

export function runSearch(request: SearchRequest, { parts, reader, signal }: SignatureCall): Promise<SearchAnswer> {
  return parts.search.search(request, { timeoutMs: searchTimeoutMs(reader, parts), signal });
}

/** The same request with facets that parameters cannot say. */
export function withFacets(request: SearchRequest, facets: readonly Facet[], facetsSize: number): SearchRequest {
  return { ...request, facets: [...request.facets, ...facets], facetsSize };
}

/** Address of a signature page with the same filters; `changes` replace parameters, an empty value removes one. */
export function signatureUrl(
  path: string,
  query: SignatureQuery,
  changes: Readonly<Record<string, string | readonly string[]>> = {},
): string {
  const controls = { _columns: query.columns, _sort: query.sort.join() === '-date' ? [] : query.sort };
  return urlWith(path, { signature: query.signature, ...Object.fromEntries(query.filters), ...controls, ...changes });
}
