// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { parseSearch } from '../../src/search/parse-search.ts';
import type { PostgresSearch } from '../../src/search/postgres-search.ts';
import { readTopCrashers } from '../../src/search/top-crashers.ts';
import { parseTopCrashersQuery } from '../../src/search/top-crashers-query.ts';

/** One thing that is timed. */
export interface Case {
  readonly name: string;
  /** Longest p95 in ms, where one is promised. */
  readonly targetMs?: number;
  run(): Promise<unknown>;
}

const timeoutMs = 120_000;

/** The queries of the table that PostgreSQL was chosen by, through the index. */
export function indexCases(index: PostgresSearch, now: Date, somebody: string): readonly Case[] {
  const reader = { seesProtected: true, products: null, publicAnnotations: new Set<string>() };
  const search = (name: string, query: string): Case => ({
    name,
    run: () => {
      const { request } = parseSearch(mapOf(query), { reader, now, isStrict: true });
      return index.search(request, { timeoutMs });
    },
  });
  const top = (name: string, query: string, targetMs?: number): Case => ({
    name,
    ...(targetMs === undefined ? {} : { targetMs }),
    run: () => readTopCrashers(index, parseTopCrashersQuery(mapOf(query)), { now, products: null, timeoutMs }),
  });
  const none = '_results_number=0';
  return [
    search('facet signature, one product, 7 d', `${none}&product=Editor&date=>=-7d`),
    search('facet signature, one product, 28 d', `${none}&product=Editor&date=>=-28d`),
    search('facet signature, one product, 26 w', `${none}&product=Editor&date=>=-182d`),
    search(
      'distinct install_time of the top 50, 28 d',
      `${none}&date=>=-28d&_aggs.signature=_cardinality.install_time`,
    ),
    top('top crashers, 50 rows, 7 d', 'product=Editor&process_type=any'),
    top('top crashers, 50 rows, 28 d', 'product=Editor&process_type=any&days=28'),
    top('top crashers, 300 rows, 28 d', 'product=Editor&process_type=any&days=28&_facets_size=300'),
    search('contains, common, 26 w', `${none}&_facets_size=0&date=>=-182d&signature=~paint::`),
    search('contains, rare, 26 w', `${none}&_facets_size=0&date=>=-182d&signature=~operator==1997`),
    search('contains, two characters, 28 d', `${none}&_facets_size=0&date=>=-28d&signature=~zq`),
    search(
      'regular expression with a literal, 26 w',
      `${none}&_facets_size=0&date=>=-182d&signature=@ui::window::reset1.*`,
    ),
    search(
      'one busy signature by day and product, 26 w',
      `${none}&signature==paint::flush0&date=>=-182d&_histogram.date=product`,
    ),
    search('latest 50', '_facets_size=0&_results_number=50&date=>=-1d&_sort=-date'),
    search('page at offset 9000', '_facets_size=0&_results_number=50&_results_offset=9000&_sort=-date'),
    { name: 'id by 16 hex digits', run: () => index.findCrashIds(somebody.replaceAll('-', '').slice(0, 16), 5) },
    search('annotation is, 26 w', `${none}&_facets_size=0&date=>=-182d&annotation.Flavour=sour`),
    search('module in a list, 28 d', `${none}&_facets_size=0&date=>=-28d&modules_in_stack=ntdll.pdb/CD`),
    search('facet on a rare field, 7 d', `${none}&_facets=cpu_count`),
  ];
}

function mapOf(query: string): ReadonlyMap<string, readonly string[]> {
  const parameters = new URLSearchParams(query);
  return new Map([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name)]));
}

const fiveFacets = ['product', 'version', 'platform', 'process_type', 'reason']
  .map((name) => `_facets=${name}`)
  .join('&');

/** What people open, as whole answers over HTTP. */
export function pageCases(url: string, token: string, crashId: string): readonly Case[] {
  const page = (name: string, path: string, targetMs: number): Case => ({
    name,
    targetMs,
    async run() {
      const response = await fetch(url + path, { headers: { 'auth-token': token } });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text.slice(0, 300)}`);
    },
  });
  return [
    page('page: report', `/report/index/${crashId}`, 150),
    page('page: search, first page, 7 d', '/search/?product=Editor', 400),
    page('page: top crashers, 7 d', '/topcrashers/?product=Editor&version=&process_type=any', 300),
    page('API: facets of five fields, 7 d', `/api/SuperSearch/?_results_number=0&${fiveFacets}`, 200),
  ];
}
