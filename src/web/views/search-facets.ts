// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { SearchField } from '../../search/search-fields.ts';
import type { Condition, Facet, FacetTerm } from '../../search/search-request.ts';
import type { WholeSearch } from '../api/v1-search.ts';
import { type Html, html, nothing } from '../html.ts';
import { countText } from '../parts/figures.ts';
import { lockBadge } from '../parts/notices.ts';
import { cutText, middle } from '../parts/text.ts';
import type { SearchAddress } from './search-address.ts';
import { linkCharactersMax, refineValue, shownTerm } from './search-table.ts';

/** Terms that a facet shows before `more`. */
export const facetTermsShown = 5;

/** Every facet of the search with its counts, each term to add or to exclude. */
export function facetsView(search: WholeSearch, address: SearchAddress): Html {
  const facets = search.request.facets.filter((facet) => facet.kind !== 'cardinality');
  const distinct = search.request.facets
    .filter((facet) => facet.kind === 'cardinality')
    .map(({ field }) => {
      const count = html`<span class="faint">${countText(valueOfCardinality(search, field.name))}</span>`;
      return html`<p class="facet"><span class="facet-head">Distinct ${field.name} ${count}</span></p>`;
    });
  return html`<aside aria-label="Facets" id="facets">
${facets.map((facet) => facetView(facet, search, address))}
${distinct}
</aside>`;
}

function valueOfCardinality(search: WholeSearch, name: string): number {
  return (search.facets[`cardinality_${name}`] as { value?: number } | undefined)?.value ?? 0;
}

function facetView(facet: Facet, search: WholeSearch, address: SearchAddress): Html {
  const { field } = facet;
  const key = facet.kind === 'histogram' ? `histogram_${field.name}` : field.name;
  const terms = search.facets[key];
  if (!Array.isArray(terms)) return nothing;
  const limit = search.request.facetsSize > facetTermsShown + 1 ? search.request.facetsSize : facetTermsShown;
  const shown = terms.slice(0, limit);
  const most = Math.max(1, ...terms.map(({ count }) => count));
  const rows = shown.map((term) =>
    facet.kind === 'histogram' ? bucketRow(term, field, most) : termRow(term, field, address, most),
  );
  const more =
    terms.length > shown.length && facet.kind === 'terms'
      ? html`<a class="more" href="${address.set('_group', field.name).url()}">All of them</a>`
      : nothing;
  const empty = terms.length === 0 ? html`<p class="faint">No report has one.</p>` : nothing;
  const lock = field.permission === 'protected' ? lockBadge('protected') : nothing;
  const count = terms.length > shown.length ? `${limit}+` : terms.length;
  return html`<details class="facet" open>
  <summary>${field.name} ${lock}<span class="faint">${count}</span></summary>
  <ul>${rows}${facet.kind === 'terms' ? excludedRows(terms, field, address) : nothing}</ul>${empty}
  ${more}
</details>`;
}

function termRow({ term, count }: FacetTerm, field: SearchField, address: SearchAddress, most: number): Html {
  const value = refineValue(field, term);
  const text = cutText(shownTerm(field, term), 300);
  if (value.length > linkCharactersMax)
    return html`<li><span class="term">${text}</span><span class="n">${countText(count)}</span><span></span></li>`;
  const isOnly = address.all(field.name).includes(value);
  const only = isOnly ? address.without(field.name, value) : address.with(field.name, value);
  const label = cutText(text, 100);
  const isSignature = field.name === 'signature';
  const shown = isSignature ? middle(text) : tailed(text);
  const without = address.with(field.name, `!${value}`);
  const on = isOnly ? html` class="on"` : nothing;
  const buttons = [
    html`<a${on} href="${only.url()}" aria-label="Only ${label}" title="Only this">+</a>`,
    html`<a href="${without.url()}" aria-label="Without ${label}" title="Without this">−</a>`,
  ];
  return html`<li>
  <a class="term${isSignature ? ' sig' : ''}" href="${only.url()}" title="${text}">${shown}</a>
  <span class="n">${countText(count)}</span>
  <span class="pm">${buttons}</span>
  ${thinBar(count, most)}
</li>`;
}

/** A count against the largest of its facet, as a line below. */
function thinBar(count: number, most: number): Html {
  return html`<svg aria-hidden="true">
  <rect class="track" width="100%" height="2"/>
  <rect class="fill" width="${((100 * count) / most).toFixed(1)}%" height="2"/>
</svg>`;
}

/** Constants differ at their end: `EXCEPTION_ACCESS_VIOLATION_READ` keeps its last word when it is cut. */
function tailed(text: string): Html {
  const at = text.length > 24 ? Math.max(text.lastIndexOf('_'), text.lastIndexOf(' ')) : -1;
  if (at < 8 || text.length - at > 14) return html`${text}`;
  return html`<span class="mid"><span>${text.slice(0, at)}</span><span>${text.slice(at)}</span></span>`;
}

function bucketRow({ term, count }: FacetTerm, field: SearchField, most: number): Html {
  return html`<li>
  <span class="term">${shownTerm(field, term)}</span>
  <span class="n">${countText(count)}</span>
  <span></span>
  ${thinBar(count, most)}
</li>`;
}

/** What was excluded stays in view, struck through, so that it can be taken back where it was done. */
function excludedRows(terms: readonly FacetTerm[], field: SearchField, address: SearchAddress): Html[] {
  return address
    .all(field.name)
    .filter((value) => /^!=?[^!=~^$@<>]/.test(value) && !value.startsWith('!__'))
    .map((value) => {
      const text = value.replace(/^!=?/, '');
      if (terms.some(({ term }) => String(term) === text)) return nothing;
      const back = address.without(field.name, value).url();
      const label = cutText(text, 100);
      const only = address.without(field.name, value).with(field.name, value.slice(1));
      const shown = cutText(text, 300);
      const buttons = [
        html`<a href="${only.url()}" aria-label="Only ${label}">+</a>`,
        html`<a class="off" href="${back}" aria-label="No longer without ${label}">−</a>`,
      ];
      return html`<li class="excluded">
  <a class="term" href="${back}" title="${shown}">${shown}</a>
  <span class="n">0</span>
  <span class="pm">${buttons}</span>
</li>`;
    });
}

const operatorWords: Readonly<Record<Condition['operator'], readonly [string, string]>> = {
  matches: ['is', 'is not'],
  is: ['is exactly', 'is not exactly'],
  contains: ['contains', 'lacks'],
  starts: ['starts with', 'does not start with'],
  ends: ['ends with', 'does not end with'],
  regex: ['matches', 'does not match'],
  null: ['is missing', 'is there'],
  true: ['is true', 'is not true'],
  gt: ['>', 'not >'],
  gte: ['≥', 'not ≥'],
  lt: ['<', 'not <'],
  lte: ['≤', 'not ≤'],
};

/** Every filter as a chip with its way out. */
export function chipsView(search: WholeSearch | null, address: SearchAddress): Html {
  const chips = address.filters().map(([name, value]) => {
    const condition = conditionOf(search, address, name, value);
    const negated = value.startsWith('!');
    const words = condition ? operatorWords[condition.operator][negated ? 1 : 0] : negated ? 'is not' : 'is';
    const operator =
      condition?.operator === 'matches' && condition.fieldKind === 'text'
        ? negated
          ? 'lacks word'
          : 'has word'
        : words;
    const text = condition ? condition.text : value;
    const shown = cutText(text, 80);
    return html`<span class="chip${negated ? ' not' : ''}">
  <span class="key">${name}</span>
  <span class="op">${operator}</span>
  <span class="val" title="${cutText(text, 300)}">${shown}</span>
  <a class="x" href="${address.without(name, value).url()}" aria-label="Remove ${name} ${operator} ${shown}">×</a>
</span>`;
  });
  return html`<div class="chips" role="group" aria-label="Filters">${chips}</div>`;
}

/** How the search understood a value; dates are understood apart from the other filters. */
function conditionOf(
  search: WholeSearch | null,
  address: SearchAddress,
  name: string,
  value: string,
): { operator: Condition['operator']; fieldKind: string; text: string } | null {
  if (name === 'date') {
    const [, sign = '', text = ''] = /^(>=|<=|>|<)?(.*)$/s.exec(value) ?? [];
    const operator = ({ '>=': 'gte', '<=': 'lte', '>': 'gt', '<': 'lt' } as const)[sign] ?? 'matches';
    return { operator, fieldKind: 'date', text: /^-\d/.test(text) ? `${text.slice(1)} ago` : text };
  }
  const filter = search?.request.filters.find(({ field }) => field.name === name);
  const condition = filter?.conditions[address.all(name).indexOf(value)];
  if (!filter || !condition) return null;
  const cut = value.replace(/^!/, '');
  const sign = { is: 1, contains: 1, starts: 1, ends: 1, regex: 1, gt: 1, lt: 1, gte: 2, lte: 2 } as const;
  const length = sign[condition.operator as keyof typeof sign] ?? 0;
  const text = condition.operator === 'null' || condition.operator === 'true' ? '' : cut.slice(length);
  // `4.0b` starts with without having said so.
  const shown = condition.operator === 'starts' && !cut.startsWith('^') ? cut : text;
  return { operator: condition.operator, fieldKind: filter.field.kind, text: shown };
}
