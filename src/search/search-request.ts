// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { SearchField } from './search-fields.ts';

export type Operator =
  | 'matches'
  | 'is'
  | 'contains'
  | 'starts'
  | 'ends'
  | 'regex'
  | 'null'
  | 'true'
  | 'gt'
  | 'gte'
  | 'lt'
  | 'lte';

/** One value of a filter, with its operator. Dates are ISO texts, numbers are numbers. */
export interface Condition {
  readonly operator: Operator;
  readonly negated: boolean;
  readonly value: string | number | boolean | null;
}

/**
 * All conditions on one field: ((all ranges ANDed) OR (any other positive one)) AND NOT (each negated one), absent parts
 * left out (web.md §3.3).
 */
export interface Filter {
  readonly field: SearchField;
  readonly conditions: readonly Condition[];
}

/** A number told of each term beside its count: how many of its reports match, or how many values a field has in them. */
export type Measure =
  | { readonly name: string; readonly kind: 'matching'; readonly filter: Filter }
  | { readonly name: string; readonly kind: 'distinct'; readonly field: SearchField };

export interface TermsFacet {
  readonly kind: 'terms';
  readonly field: SearchField;
  readonly below: readonly Facet[];
  /** The first one ranks the terms, then their counts, when `isRankedByMeasure` is set. */
  readonly measures?: readonly Measure[];
  readonly isRankedByMeasure?: boolean;
}

/** A node of the facet tree. */
export type Facet =
  | TermsFacet
  | {
      readonly kind: 'histogram';
      readonly field: SearchField;
      readonly interval: string | number;
      /** Where buckets of a fixed length begin; default the epoch. */
      readonly originMs?: number;
      readonly below: readonly Facet[];
    }
  | { readonly kind: 'cardinality'; readonly field: SearchField };

export interface SortKey {
  readonly field: SearchField;
  readonly descending: boolean;
}

/** A search, checked and planned with the reader's permissions: nothing in it names a field that the reader may not see. */
export interface SearchRequest {
  readonly filters: readonly Filter[];
  /** Bounds of `date`; end exclusive or not as written. */
  readonly from: { readonly date: Date; readonly inclusive: boolean };
  readonly to: { readonly date: Date; readonly inclusive: boolean };
  /** Products that the reader may see; null = all. */
  readonly products: readonly string[] | null;
  readonly columns: readonly SearchField[];
  readonly sort: readonly SortKey[];
  readonly offset: number;
  readonly number: number;
  readonly facets: readonly Facet[];
  readonly facetsSize: number;
}

export type FacetTerm = {
  term: string | number;
  count: number;
  measures?: Record<string, number>;
  facets?: Record<string, FacetAnswer>;
};
export type FacetAnswer = FacetTerm[] | { value: number; approximate?: boolean };

export interface SearchAnswer {
  readonly hits: readonly Record<string, unknown>[];
  readonly total: number;
  readonly facets: Record<string, FacetAnswer>;
  /** Names of weeks of the searched period whose reports have been dropped from the index. */
  readonly missingWeeks: readonly string[];
}

/** Key of a facet in the answer. */
export function facetKey(facet: Facet): string {
  return facet.kind === 'terms' ? facet.field.name : `${facet.kind}_${facet.field.name}`;
}
