// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { raw } from 'hono/html';
import { searchLimits } from '../../search/limits.ts';
import type { SearchField } from '../../search/search-fields.ts';
import { formatSearchText } from '../../search/search-text.ts';
import type { WholeSearch } from '../api/v1-search.ts';
import { type Html, html, inputValue, nothing, urlWith } from '../html.ts';
import { segments } from '../parts/fields.ts';
import { countText } from '../parts/figures.ts';
import { notice, sectionHead } from '../parts/notices.ts';
import { ticked } from '../parts/text.ts';
import { dateTimeText, dayText } from '../parts/times.ts';
import type { SearchAddress } from './search-address.ts';
import { searchExamples } from './search-examples.ts';
import { chipsView, facetsView } from './search-facets.ts';
import { groupTable, hitsTable } from './search-table.ts';

export interface SearchPageParts {
  readonly address: SearchAddress;
  /** Fields that this reader may use. */
  readonly fields: readonly SearchField[];
  readonly columns: readonly string[];
  readonly facets: readonly string[];
  readonly page: number;
  readonly pageSize: number;
  /** What the reader typed, where it could not be understood. */
  readonly typed: string | null;
  readonly result:
    | { readonly kind: 'none' }
    | { readonly kind: 'error'; readonly message: string; readonly remedy: string; readonly slug: string }
    | { readonly kind: 'found'; readonly search: WholeSearch; readonly nearest: readonly Nearest[] };
}

/** A search next to an empty one that finds something. */
export interface Nearest {
  readonly text: string;
  readonly total: number;
  readonly url: string;
}

export function searchView(parts: SearchPageParts): Html {
  const { result, address } = parts;
  const search = result.kind === 'found' ? result.search : null;
  return html`<h1 class="vh">Search crash reports</h1>
${queryBar(parts)}
<div class="toolbar tools">
  ${periodSegments(address.all('date'), (bound) => address.set('date', bound).url())}
  ${chipsView(search, address)}
</div>
${optionsView(parts)}
${resultView(parts)}`;
}

function queryBar({ address, typed }: SearchPageParts): Html {
  const text = typed ?? formatSearchText(address.filters());
  return html`<form class="query" action="/search/" role="search" aria-label="Search crash reports">
  <label class="vh" for="q">Query</label>
  <input class="input" id="q" name="q" type="text" value="${inputValue(text)}"
    placeholder="product:Name signature~text uptime&lt;60 !platform:Linux date&gt;=-7d"
    spellcheck="false" autocomplete="off">
  ${address.controls().map(([name, value]) => html`<input type="hidden" name="${name}" value="${inputValue(value)}">`)}
  <button class="btn primary" type="submit">Search</button>
</form>`;
}

const periods = [
  ['1d', '24 h'],
  ['3d', '3 d'],
  ['7d', '7 d'],
  ['14d', '14 d'],
  ['30d', '1 mo'],
  ['90d', '3 mo'],
  ['180d', '6 mo'],
] as const;

/** The period that these bounds of `date` mean, such as `7d`; null for any other bounds. */
export function periodOf(dates: readonly string[]): string | null {
  if (dates.length === 0) return '7d';
  return dates.length === 1 ? (/^>=-(\d+d)$/.exec(dates[0] as string)?.[1] ?? null) : null;
}

/** Links to the same page over other periods; `periodUrl` is given the bound of `date`. */
export function periodSegments(dates: readonly string[], periodUrl: (bound: string) => string): Html {
  const current = periodOf(dates);
  const links = periods.map(
    ([days, shown]) =>
      html`<a href="${periodUrl(`>=-${days}`)}"${days === current ? html` aria-current="true"` : nothing}>${shown}</a>`,
  );
  return segments('Last', links);
}

const operators = [
  ['', 'is'],
  ['!', 'is not'],
  ['=', 'is exactly'],
  ['~', 'contains'],
  ['!~', 'does not contain'],
  ['^', 'starts with'],
  ['$', 'ends with'],
  ['@', 'matches (regular expression)'],
  ['>', '>'],
  ['>=', '≥'],
  ['<', '<'],
  ['<=', '≤'],
  ['__true__', 'is true'],
  ['__null__', 'is missing'],
  ['!__null__', 'is there'],
] as const;

/** Filters, columns, facets and dates for those who would rather choose than write. */
function optionsView({ address, fields, columns, facets }: SearchPageParts): Html {
  const hidden = (except: readonly string[]) =>
    address.pairs
      .filter(([name]) => !except.includes(name) && name !== 'page')
      .map(([name, value]) => html`<input type="hidden" name="${name}" value="${inputValue(value)}">`);
  const choices = (chosen: readonly string[]) =>
    fields.map(
      ({ name }) => html`<option value="${name}"${chosen.includes(name) ? html` selected` : nothing}>${name}</option>`,
    );
  const operatorChoices = operators.map(([value, shown]) => html`<option value="${value}">${shown}</option>`);
  return html`<details class="more options">
<summary>Filters, columns, facets</summary>
<div class="fields wide-fields">
  <form action="/search/" class="field">
    ${hidden([])}
    <label for="add-field">Add a filter</label>
    <span class="actions"><select class="select" id="add-field" name="_add_field">${choices([])}</select>
    <select class="select" name="_add_operator" aria-label="Operator">${operatorChoices}</select>
    <input class="input" name="_add_value" aria-label="Value" autocomplete="off">
    <button class="btn" type="submit">Add</button></span>
    <span class="hint">The same as typing <code>field:value</code> above. <a href="/documentation/supersearch/">All operators</a></span>
  </form>
  <form action="/search/" class="field">
    ${hidden(['_columns'])}
    <label for="columns">Columns</label>
    <select class="select list" id="columns" name="_columns" multiple size="7">${choices(columns)}</select>
    <span><button class="btn" type="submit">Show these columns</button></span>
  </form>
  <form action="/search/" class="field">
    ${hidden(['_facets'])}
    <label for="choose-facets">Facets</label>
    <select class="select list" id="choose-facets" name="_facets" multiple size="7">${choices(facets)}</select>
    <span><button class="btn" type="submit">Show these facets</button></span>
  </form>
</div>
</details>`;
}

function resultView(parts: SearchPageParts): Html {
  const { result } = parts;
  if (result.kind === 'none') return landingView();
  if (result.kind === 'error')
    return notice('danger', html`<strong>${result.message}</strong> ${ticked(result.remedy)}`, { slug: result.slug });
  const { search, nearest } = result;
  return html`${notesView(search)}${search.total === 0 ? emptyView(search, nearest) : foundView(parts, search)}`;
}

/** Nothing is asked yet: what can be asked, ready to be followed and changed. */
function landingView(): Html {
  const rows = searchExamples.map(
    ([text, meaning]) => html`<tr>
  <th scope="row" class="nowrap"><a href="${urlWith('/search/', { q: text })}"><code>${text}</code></a></th>
  <td class="grow soft">${meaning}</td>
</tr>`,
  );
  const links = [
    html`<a href="/documentation/supersearch/">How to search</a>`,
    html`<a href="/documentation/datadictionary/">All fields</a>`,
  ];
  return html`<section class="section" aria-labelledby="examples">
${sectionHead('examples', 'For example')}
<table class="data tight plain narrow">
  <caption class="vh">Examples of searches</caption>
  <tbody>${rows}</tbody>
</table>
<p class="links">${links}</p>
</section>`;
}

/** One notice a kind: what was left out of the search, and what it could not find. */
function notesView({ notes }: WholeSearch): Html {
  const named = (names: readonly string[]) => names.map((name) => html`<code>${name.slice(0, 100)}</code> `);
  const hidden = notes.flatMap((note) => (note.type === 'field_not_permitted' ? [note.field] : []));
  const unknown = notes.flatMap((note) => (note.type === 'unknown_field' ? [note.field] : []));
  const products = notes.flatMap((note) => (note.type === 'unknown_product' ? [note.product] : []));
  const weeks = notes.filter((note) => note.type === 'missing_index').length;
  const all: Html[] = [];
  if (hidden.length > 0)
    all.push(notice('info', hiddenText(hidden.length, named(hidden)), { slug: 'field_not_permitted' }));
  if (unknown.length > 0) {
    const text = html`<strong>There is no such field:</strong> ${named(unknown)} The search was made without.`;
    all.push(notice('warn', text, { slug: 'unknown_field' }));
  }
  if (products.length > 0) {
    const text = html`<strong>No report came from</strong> ${named(products)}.`;
    all.push(notice('info', text, { slug: 'unknown_product' }));
  }
  if (weeks > 0) {
    const gone = weeks === 1 ? 'One week of this period is' : `${weeks} weeks of this period are`;
    const text = html`<strong>${gone} no longer in the index.</strong> Reports of that time are not counted here.`;
    all.push(notice('info', text, { slug: 'missing_index' }));
  }
  return html`${all}`;
}

function hiddenText(count: number, names: readonly Html[]): Html {
  return count === 1
    ? html`<strong>One field was left out:</strong> ${names} is protected, and your role cannot search or see it.`
    : html`<strong>${count} fields were left out:</strong> ${names} are protected, and your role cannot search or see them.`;
}

function emptyView(search: WholeSearch, nearest: readonly Nearest[]): Html {
  const links = nearest.map(
    ({ text, total, url }) =>
      html`<li><a href="${url}">${text}</a> <span class="faint">${countText(total)} reports</span></li>`,
  );
  return html`<div class="empty">
<h2>No report matches</h2>
<p>Searched ${periodText(search)}.</p>
${links.length === 0 ? nothing : html`<ul class="links">${links}</ul>`}
</div>`;
}

/** The period that was searched, both ends to the second. */
function periodText({ request }: WholeSearch): string {
  return `${dateTimeText(request.from.date)} to ${dateTimeText(request.to.date)}`;
}

function foundView(parts: SearchPageParts, search: WholeSearch): Html {
  const { address } = parts;
  const group = address.last('_group');
  const ways = group
    ? [html`<a class="btn quiet" href="${address.set('_group').url()}">Reports</a>`]
    : [
        html`<a class="btn to-facets" href="#facets">Facets</a>`,
        html`<a class="btn quiet" href="${address.set('_group', 'signature').url()}">Group by signature</a>`,
      ];
  const api = html`<a class="btn quiet" href="${address.apiUrl({ _results_number: '50' })}">API address</a>`;
  const clients = search.clients > 0 ? `${countText(search.clients)} clients, ` : '';
  const counts = `${clients}${countText(search.signatures)} signature${search.signatures === 1 ? '' : 's'}`;
  return html`<div class="${group ? 'grouped' : 'search-grid'}">
<section aria-labelledby="results">
  <div class="section-head bare">
    <h2 id="results">${countText(search.total)} report${search.total === 1 ? '' : 's'}</h2>
    <span class="soft">${counts}</span>
    <div class="actions">${ways}${api}</div>
  </div>
  ${histogramView(search)}
  ${group ? groupTable(search, group, address) : hitsTable(search, address)}
  ${pager(parts, search, group !== null)}
</section>
${group ? nothing : facetsView(search, address)}
</div>`;
}

/** Reports over the searched period, each bucket at its place, empty ones too. */
function histogramView(search: WholeSearch): Html {
  if (!search.histogram || search.histogram.buckets.length === 0) return nothing;
  const { intervalMs, buckets } = search.histogram;
  const [fromMs, toMs] = [search.request.from.date.getTime(), search.request.to.date.getTime()];
  const spanMs = Math.max(1, toMs - fromMs);
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  const bars = buckets.map(({ term, count }) => {
    const startMs = Math.max(fromMs, Date.parse(String(term)));
    const endMs = Math.min(toMs, Date.parse(String(term)) + intervalMs);
    const height = Math.max(1, Math.round((44 * count) / most));
    const width = Math.max(0.2, (100 * (endMs - startMs)) / spanMs - 0.2);
    const x = ((100 * (startMs - fromMs)) / spanMs).toFixed(2);
    return `<rect class="s1" x="${x}%" y="${44 - height}" width="${width.toFixed(2)}%" height="${height}"/>`;
  });
  const dayMs = 86_400_000;
  const stepMs = Math.max(1, Math.ceil(spanMs / dayMs / 8)) * dayMs;
  const labels: string[] = [];
  for (let at = Math.ceil(fromMs / dayMs) * dayMs; at < toMs - spanMs / 20; at += stepMs)
    labels.push(`<text x="${((100 * (at - fromMs)) / spanMs).toFixed(2)}%" y="57">${dayText(new Date(at))}</text>`);
  const title = `Reports over time, at most ${most} in ${Math.round(intervalMs / 60_000)} minutes`;
  return html`<svg class="chart hist" role="img" aria-label="${title}">
${raw(bars.join(''))}
<rect class="axisline" x="0" y="44" width="100%" height="1"/>
${raw(labels.join(''))}
</svg>`;
}

function pager({ address, page, pageSize }: SearchPageParts, search: WholeSearch, isGrouped: boolean): Html {
  const searched = html`<span class="faint">searched ${periodText(search)}, ${Math.round(search.tookMs)} ms</span>`;
  if (isGrouped) return html`<p class="pager">${searched}</p>`;
  const last = Math.ceil(Math.min(search.total, searchLimits.resultWindowMax.value) / pageSize);
  const first = (page - 1) * pageSize + 1;
  const range =
    search.hits.length === 0
      ? 'Nothing on this page'
      : `${countText(first)}–${countText(first + search.hits.length - 1)} of ${countText(search.total)}`;
  const numbers = [...new Set([1, page - 1, page, page + 1, last])]
    .filter((at) => at >= 1 && at <= last)
    .sort((a, b) => a - b);
  const links = numbers.flatMap((at, place) => [
    place > 0 && at - (numbers[place - 1] as number) > 1 ? html`<span class="faint">…</span>` : nothing,
    html`<a href="${address.page(at)}"${at === page ? html` aria-current="page"` : nothing}>${countText(at)}</a>`,
  ]);
  const next = page < last ? html`<a href="${address.page(page + 1)}" rel="next">Next</a>` : nothing;
  return html`<nav class="pager" aria-label="Pages">
  <span>${range}</span>
  ${searched}
  ${last > 1 ? html`<span class="end segments">${links}${next}</span>` : nothing}
</nav>`;
}
