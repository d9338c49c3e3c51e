// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { SearchIndex, SearchOptions, VersionSeen } from './search-index.ts';
import type { Facet, FacetTerm, Measure } from './search-request.ts';
import { bucketCount } from './top-crashers.ts';
import { fieldNamed } from './top-crashers-query.ts';
import { activeVersions, featuredVersions, newestFirst } from './version-order.ts';

export interface VersionOverview {
  readonly version: string;
  readonly releaseChannel: string | null;
  readonly firstDate: string;
  readonly lastDate: string;
  readonly reportCount: number;
  readonly isActive: boolean;
  readonly isFeatured: boolean;
  /** Of the last seven days. */
  readonly crashes: number;
  readonly clients: number;
}

export interface ProductOverview {
  readonly product: string;
  readonly firstDate: string;
  readonly lastDate: string;
  /** All reports ever indexed. */
  readonly reportCount: number;
  /** Of the last seven days. */
  readonly crashes: number;
  readonly clients: number;
  /** Crashes in 14 equal parts of the last seven days. */
  readonly buckets: readonly number[];
  /** The signature with the most crashes of the last seven days; null without crashes. */
  readonly topSignature: { readonly signature: string; readonly crashes: number } | null;
  /** Newest first. */
  readonly versions: readonly VersionOverview[];
}

export interface OverviewReader extends SearchOptions {
  readonly now: Date;
  /** Products that the reader may see; null = all. */
  readonly products: readonly string[] | null;
}

/** A site has a handful of products; a flood of invented names must not make this page a scan of thousands. */
const productsMax = 100;
const versionsMax = 200;
const weekMs = 7 * 86_400_000;

/** Every product with what happened in the last seven days; the busiest first. `only` leaves one of them. */
export async function readProducts(
  index: SearchIndex,
  reader: OverviewReader,
  only: string | null = null,
): Promise<readonly ProductOverview[]> {
  const seen = (await index.productsSeen())
    .filter(({ product }) => reader.products === null || reader.products.includes(product))
    .filter(({ product }) => only === null || product === only)
    .toSorted((a, b) => b.reportCount - a.reportCount)
    .slice(0, productsMax);
  if (seen.length === 0) return [];
  const names = seen.map(({ product }) => product);
  const [recent, tops, versions] = await Promise.all([
    readRecent(index, reader, names),
    readTopSignatures(index, reader, names),
    Promise.all(seen.map(({ product }) => index.versionsSeen(product))),
  ]);
  const products = seen.map((product, at): ProductOverview => {
    const term = recent.get(product.product);
    return {
      ...product,
      crashes: term?.count ?? 0,
      clients: term?.measures?.['clients'] ?? 0,
      buckets: bucketsOf(term, reader.now),
      topSignature: tops.get(product.product) ?? null,
      versions: versionsOf(versions[at] ?? [], term, reader.now),
    };
  });
  return products.toSorted((a, b) => b.crashes - a.crashes || b.reportCount - a.reportCount);
}

async function readRecent(
  index: SearchIndex,
  reader: OverviewReader,
  products: readonly string[],
): Promise<ReadonlyMap<string, FacetTerm>> {
  const clients: Measure = { name: 'clients', kind: 'distinct', field: fieldNamed('client_id') };
  const from = new Date(reader.now.getTime() - weekMs);
  const version: Facet = { kind: 'terms', field: fieldNamed('version'), below: [], measures: [clients] };
  const histogram: Facet = {
    kind: 'histogram',
    field: fieldNamed('date'),
    interval: weekMs / bucketCount,
    originMs: from.getTime(),
    below: [],
  };
  const facet: Facet = {
    kind: 'terms',
    field: fieldNamed('product'),
    below: [version, histogram],
    measures: [clients],
  };
  const terms = await lastWeek(index, reader, products, facet, Math.max(productsMax, versionsMax));
  return new Map(terms.map((term) => [String(term.term), term]));
}

/** Of each product the signature that most of its reports have. */
async function readTopSignatures(
  index: SearchIndex,
  reader: OverviewReader,
  products: readonly string[],
): Promise<ReadonlyMap<string, ProductOverview['topSignature']>> {
  const signature: Facet = { kind: 'terms', field: fieldNamed('signature'), below: [] };
  const facet: Facet = { kind: 'terms', field: fieldNamed('product'), below: [signature] };
  const terms = await lastWeek(index, reader, products, facet, products.length);
  return new Map(
    terms.flatMap(({ term, facets }): [string, ProductOverview['topSignature']][] => {
      const [top] = (facets?.['signature'] ?? []) as FacetTerm[];
      return top ? [[String(term), { signature: String(top.term), crashes: top.count }]] : [];
    }),
  );
}

/** Products of the last seven days with what the facet tells of each. */
async function lastWeek(
  index: SearchIndex,
  reader: OverviewReader,
  products: readonly string[],
  facet: Facet,
  facetsSize: number,
): Promise<readonly FacetTerm[]> {
  const answer = await index.search(
    {
      filters: [],
      from: { date: new Date(reader.now.getTime() - weekMs), inclusive: true },
      to: { date: reader.now, inclusive: true },
      products,
      columns: [],
      sort: [],
      offset: 0,
      number: 0,
      facets: [facet],
      facetsSize,
    },
    reader,
  );
  return answer.facets['product'] as FacetTerm[];
}

function bucketsOf(term: FacetTerm | undefined, now: Date): readonly number[] {
  const buckets = new Array<number>(bucketCount).fill(0);
  for (const bucket of (term?.facets?.['histogram_date'] ?? []) as FacetTerm[]) {
    const place = Math.round((Date.parse(String(bucket.term)) - now.getTime() + weekMs) / (weekMs / bucketCount));
    const kept = Math.min(place, bucketCount - 1);
    buckets[kept] = (buckets[kept] ?? 0) + bucket.count;
  }
  return buckets;
}

function versionsOf(seen: readonly VersionSeen[], term: FacetTerm | undefined, now: Date): readonly VersionOverview[] {
  const recent = new Map(
    ((term?.facets?.['version'] ?? []) as FacetTerm[]).map((version) => [String(version.term), version]),
  );
  const active = new Set(activeVersions(seen, now).map(({ version }) => version));
  const featured = new Set(featuredVersions(seen, now).map(({ version }) => version));
  return newestFirst(seen)
    .slice(0, versionsMax)
    .map(({ version, releaseChannel, firstDate, lastDate, reportCount }) => ({
      version,
      releaseChannel,
      firstDate,
      lastDate,
      reportCount,
      isActive: active.has(version),
      isFeatured: featured.has(version),
      crashes: recent.get(version)?.count ?? 0,
      clients: recent.get(version)?.measures?.['clients'] ?? 0,
    }));
}
