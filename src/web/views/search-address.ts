// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { searchFieldOf } from '../../search/search-fields.ts';
import type { SearchPair } from '../../search/search-text.ts';
import { urlWith } from '../html.ts';

/** Parameters of the page itself, which no API knows. */
const pageOnly = new Set(['page', 'q', '_dont_run', '_group', '_add_field', '_add_operator', '_add_value']);

/** The address of a search page: what is asked, and the addresses that are one step away from it. */
export class SearchAddress {
  readonly pairs: readonly SearchPair[];

  constructor(pairs: Iterable<SearchPair>) {
    this.pairs = [...pairs].filter(([, value]) => value !== '');
  }

  all(name: string): readonly string[] {
    return this.pairs.filter(([given]) => given === name).map(([, value]) => value);
  }

  last(name: string): string | null {
    return this.all(name).at(-1) ?? null;
  }

  /** The filters, dates included: what the query bar says. */
  filters(): readonly SearchPair[] {
    return this.pairs.filter(([name]) => !name.startsWith('_') && !pageOnly.has(name) && searchFieldOf(name) !== null);
  }

  /** Columns, facets, sort and the like: what a change of the query keeps. */
  controls(): readonly SearchPair[] {
    return this.pairs.filter(([name]) => name.startsWith('_') && !pageOnly.has(name));
  }

  /** As the API understands it. */
  forApi(): ReadonlyMap<string, readonly string[]> {
    const map = new Map<string, string[]>();
    for (const [name, value] of this.pairs) if (!pageOnly.has(name)) map.set(name, [...(map.get(name) ?? []), value]);
    return map;
  }

  with(name: string, value: string): SearchAddress {
    if (this.all(name).includes(value)) return this.#from([...this.pairs]);
    return this.#from([...this.pairs, [name, value]]);
  }

  without(name: string, value: string): SearchAddress {
    return this.#from(this.pairs.filter(([given, own]) => given !== name || own !== value));
  }

  /** These values instead of whatever the parameter had. */
  set(name: string, ...values: readonly string[]): SearchAddress {
    const kept = this.pairs.filter(([given]) => given !== name);
    return this.#from([...kept, ...values.map((value): SearchPair => [name, value])]);
  }

  /** Any change begins at the first page again. */
  #from(pairs: readonly SearchPair[]): SearchAddress {
    return new SearchAddress(pairs.filter(([name]) => name !== 'page'));
  }

  url(path = '/search/'): string {
    return this.pairs.length === 0
      ? path
      : `${path}?${new URLSearchParams(this.pairs.map(([name, value]): [string, string] => [name, value]))}`;
  }

  page(number: number): string {
    return new SearchAddress([...this.#from(this.pairs).pairs, ['page', String(number)]]).url();
  }

  apiUrl(extra: Readonly<Record<string, string>> = {}): string {
    return urlWith('/api/v1/search', { ...Object.fromEntries(this.forApi()), ...extra });
  }
}
