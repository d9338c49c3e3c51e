// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { SalvageError } from '../../lib/errors.ts';
import { searchErrors } from '../../search/errors.ts';
import { type SearchField, searchFieldOf, searchFields } from '../../search/search-fields.ts';
import { parseSearchText, type SearchPair } from '../../search/search-text.ts';
import { leavingSignal } from '../api/api-routes.ts';
import { runSearch, type WholeSearch } from '../api/v1-search.ts';
import { webErrors } from '../errors.ts';
import { type PageContext, renderPage, sendPage } from '../page.ts';
import { shownError } from '../send-error.ts';
import { type Nearest, type SearchPageParts, searchView } from '../views/search.ts';
import { SearchAddress } from '../views/search-address.ts';
import { facetTermsShown } from '../views/search-facets.ts';
import type { AddPages } from './page-route.ts';

const pageSize = 50;
const groupSize = 200;
const defaultColumns = ['date', 'signature', 'product', 'version', 'platform', 'build_id'];
const defaultFacets = ['version', 'platform', 'process_type', 'reason', 'signature'];

/** Super search: the page, its old addresses, and the list of fields (web.md §1.6). */
export const addSearchPages: AddPages = (add) => {
  add({ url: '/search/', handle: searchPage });
  add({ url: '/search/results/', handle: searchPage });
  add({ url: '/search/fields/', handle: fieldsAnswer });
  add({ url: '/query/', handle: async (_context, _request, reply) => reply.redirect('/search/', 301) });
};

async function searchPage(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const given = [...(request.query as URLSearchParams)];
  const address = new SearchAddress(given);
  const isFragment = request.routeOptions.url === '/search/results/';
  const send = (parts: SearchPageParts, status: number) => {
    const content = searchView(parts);
    if (isFragment) return sendPage(reply, content, status);
    const product = address.all('product').length === 1 ? (address.last('product') as string) : null;
    const isPlain = product !== null && context.products.some((one) => one.product === product);
    const frame = { title: 'Search', nav: 'search' as const, page: 'search', content };
    return sendPage(reply, renderPage({ ...frame, product: isPlain ? product : null }, context), status);
  };
  const base: SearchPageParts = {
    address,
    fields: permittedFields(context),
    columns: listOf(address, '_columns', defaultColumns),
    facets: listOf(address, '_facets', defaultFacets),
    page: 1,
    pageSize,
    typed: null,
    result: { kind: 'none' },
  };
  try {
    const better = canonical(address, given);
    if (better) return reply.redirect(better, 302);
    const page = pageOf(address.last('page'));
    if (address.pairs.length === 0 || address.last('_dont_run')) return send(base, 200);
    const search = await runPage(context, address, page, reply);
    const nearest = search.total === 0 ? await findNearest(context, address, reply) : [];
    return send({ ...base, page, result: { kind: 'found', search, nearest } }, 200);
  } catch (error) {
    const shown = shownError(error);
    if (
      !(error instanceof SalvageError) ||
      shown.status >= 500 === (shown.slug !== searchErrors.search_unavailable.slug)
    )
      throw error;
    if (shown.status === 503) reply.header('retry-after', '10');
    return send({ ...base, typed: address.last('q'), result: { kind: 'error', ...shown } }, shown.status);
  }
}

/** Chosen values, or the defaults. */
function listOf(address: SearchAddress, name: string, defaults: readonly string[]): readonly string[] {
  const chosen = address.all(name);
  return chosen.length > 0 ? chosen : defaults;
}

/** The address that says the same without the text of the bar or the fields of a form; null when it is that already. */
function canonical(address: SearchAddress, given: readonly SearchPair[]): string | null {
  const q = given.findLast(([name]) => name === 'q');
  if (q) {
    const pairs = parseSearchText(q[1]);
    const controls = address.controls().filter(([name]) => !pairs.some(([own]) => own === name));
    // An empty bar asks for everything there is lately.
    const asked: readonly SearchPair[] = pairs.length > 0 ? pairs : [['date', '>=-7d']];
    return new SearchAddress([...asked, ...controls]).url();
  }
  const field = address.last('_add_field');
  if (!field) return null;
  const operator = address.last('_add_operator') ?? '';
  const isAlone = operator.endsWith('__');
  const value = isAlone ? operator : `${operator}${address.last('_add_value') ?? ''}`;
  const rest = address.set('_add_field').set('_add_operator').set('_add_value').set('_dont_run');
  const isEmpty = !isAlone && address.last('_add_value') === null;
  return (isEmpty ? rest : rest.with(field, value)).url();
}

function pageOf(text: string | null): number {
  if (text === null) return 1;
  if (!/^-?\d{1,7}$/.test(text.trim())) throw new SalvageError(webErrors.bad_request, 'Invalid page');
  return Math.max(1, Number(text));
}

/** The search behind one page: 50 hits, or the terms of one field. */
function runPage(
  context: PageContext,
  address: SearchAddress,
  page: number,
  reply: FastifyReply,
): Promise<WholeSearch> {
  const parameters = new Map(address.forApi());
  const group = address.last('_group');
  if (group && !searchFieldOf(group))
    throw new SalvageError(searchErrors.search_bad_argument, `Unknown field '${group}'`);
  const facets = listOf(address, '_facets', defaultFacets);
  parameters.set('_columns', ['uuid', ...listOf(address, '_columns', defaultColumns)]);
  parameters.set('_facets', group ? [group] : facets);
  if (group) parameters.set('_facets_size', [String(groupSize)]);
  else if (!parameters.has('_facets_size')) parameters.set('_facets_size', [String(facetTermsShown + 1)]);
  parameters.set('_results_number', [group ? '0' : String(pageSize)]);
  parameters.set('_results_offset', [String((page - 1) * pageSize)]);
  if (!parameters.has('_sort')) parameters.set('_sort', ['-date']);
  return run(context, parameters, reply);
}

function run(
  { parts, access }: PageContext,
  parameters: ReadonlyMap<string, readonly string[]>,
  reply: FastifyReply,
): Promise<WholeSearch> {
  return runSearch({ parts, access, reader: access.reader, parameters, signal: leavingSignal(reply) });
}

const nearestMax = 4;

/** What the same search finds without one of its filters, or over a longer time: the way out of an empty page. */
async function findNearest(
  context: PageContext,
  address: SearchAddress,
  reply: FastifyReply,
): Promise<readonly Nearest[]> {
  const ways = address
    .filters()
    .filter(([name]) => name !== 'date')
    .map(([name, value]) => ({ text: `Without ${name} ${value}`, address: address.without(name, value) }))
    .slice(0, nearestMax);
  ways.push({ text: 'The last 28 days', address: address.set('date', '>=-28d') });
  const found = await Promise.all(
    ways.map(async ({ text, address: other }): Promise<Nearest> => {
      const parameters = new Map(other.forApi());
      parameters.set('_results_number', ['0']);
      parameters.set('_facets_size', ['0']);
      const { total } = await run(context, parameters, reply);
      return { text: text.slice(0, 200), total, url: other.url() };
    }),
  );
  return found.filter(({ total }) => total > 0);
}

function permittedFields({ access }: PageContext): readonly SearchField[] {
  const seesProtected = access.reader.permissions.has('view_pii');
  return [...searchFields.values()].filter(({ permission }) => seesProtected || permission === 'public');
}

const valueTypes: Readonly<Record<SearchField['kind'], string>> = {
  text: 'string',
  identity: 'enum',
  keyword: 'string',
  enum: 'enum',
  parts: 'string',
  integer: 'number',
  float: 'number',
  boolean: 'bool',
  date: 'date',
};

/** The fields that the reader may use, in the shape that crash-stats' own script reads. */
async function fieldsAnswer(context: PageContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const excluded = new Set((request.query as URLSearchParams).getAll('exclude'));
  const fields = permittedFields(context)
    .filter(({ name }) => !excluded.has(name))
    .map((field) => [
      field.name,
      {
        name: field.name,
        valueType: valueTypes[field.kind],
        values: field.choices,
        multiple: true,
        extensible: field.choices.length === 0 || field.kind !== 'enum',
      },
    ]);
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(Object.fromEntries(fields)));
}
