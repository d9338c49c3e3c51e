// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { shownDate } from '../../search/evaluate.ts';
import type { SearchField } from '../../search/search-fields.ts';
import { searchFieldOf } from '../../search/search-fields.ts';
import type { SortKey } from '../../search/search-request.ts';
import type { WholeSearch } from '../api/v1-search.ts';
import { type Html, html, nothing, urlWith } from '../html.ts';
import { countText } from '../parts/figures.ts';
import { lockBadge } from '../parts/notices.ts';
import { cutText, middle } from '../parts/text.ts';
import { dateIn, dateTimeText, durationText, timeElement } from '../parts/times.ts';
import type { SearchAddress } from './search-address.ts';

const secondsFields = new Set(['uptime', 'install_age', 'last_crash', 'startup_time', 'uptime_ts']);
/** Of a long value the beginning is enough to choose a row; the report has all of it. */
const cellCharactersMax = 300;

/** A value longer than this makes no address: servers and browsers between would cut it. */
export const linkCharactersMax = 2000;

/** The hits of a search, one report a row. */
export function hitsTable(search: WholeSearch, address: SearchAddress): Html {
  const columns = search.request.columns.filter(({ name }) => name !== 'uuid');
  const heads = columns.map((field, at) => columnHead(field, search.request.sort, address, at));
  return html`<div class="${wrapClass(columns.length)}">
<table role="table" class="data tight stack" data-rows>
  <caption class="vh">Crash reports</caption>
  <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Report</th>${heads}</tr></thead>
  <tbody role="rowgroup">${search.hits.map((hit) => hitRow(hit, columns, address))}</tbody>
</table></div>`;
}

/** More columns than these are wider than a page, and their table scrolls by itself; its head then does not stick. */
const columnsBesideEachOther = 6;

/** The frame of a table of reports with so many chosen columns. */
export function wrapClass(columnCount: number): string {
  return columnCount > columnsBesideEachOther ? 'table-wrap scrolls' : 'table-wrap';
}

function columnHead(field: SearchField, sort: readonly SortKey[], address: SearchAddress, at: number): Html {
  const key = sort.find((one) => one.field.name === field.name);
  // No order, rising, falling, no order again.
  const next = key ? (key.descending ? [] : [`-${field.name}`]) : [field.name];
  const order = key ? html` aria-sort="${key.descending ? 'descending' : 'ascending'}"` : nothing;
  const lock = field.permission === 'protected' ? lockBadge('protected') : nothing;
  return html`<th role="columnheader" scope="col" class="${columnClass(field, at)}"${order}><a href="${address.set('_sort', ...next).url()}">${columnTitle(field)}</a>${lock}</th>`;
}

const columnTitle = (field: SearchField): string => {
  const words = field.name.replaceAll('_', ' ');
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
};

function columnClass(field: SearchField, at: number): string {
  if (field.name === 'signature') return 'grow';
  const width = at > 5 ? ' wide' : at > 3 ? ' mid-wide' : '';
  return `${isNumber(field) ? 'num' : 'cell'}${width}`;
}

const isNumber = (field: SearchField): boolean => field.kind === 'integer' || field.kind === 'float';

function hitRow(hit: Record<string, unknown>, columns: readonly SearchField[], address: SearchAddress): Html {
  const id = String(hit['uuid'] ?? '');
  const cells = columns.map((field, at) => {
    const name = columnClass(field, at);
    const value = hit[field.name];
    if (field.name === 'signature' && typeof value === 'string' && value.length <= linkCharactersMax)
      return html`<th role="rowheader" scope="row" class="grow"><div class="sigline"><a class="sig" href="${signatureUrl(value, address)}" title="${value.slice(0, 1000)}">${middle(value.slice(0, 1000))}</a></div></th>`;
    return html`<td role="cell" class="${name}" data-label="${columnTitle(field)}">${cellValue(field, value, address)}</td>`;
  });
  return html`<tr role="row"><td role="cell" class="nowrap"><a class="id" href="/report/index/${id}" title="${id}">${id.slice(0, 8)}</a></td>${cells}</tr>`;
}

/** A value that leads to the search for it. */
function cellValue(field: SearchField, value: unknown, address: SearchAddress): Html {
  if (value === null || value === undefined || value === '') return html`<span class="faint">–</span>`;
  if (field.kind === 'date') {
    const date = dateIn(value);
    return date ? html`<span class="nowrap">${timeElement(date, dateTimeText(date))}</span>` : html`${String(value)}`;
  }
  if (Array.isArray(value))
    return html`<span class="clip" title="${value.join(', ').slice(0, 1000)}">${cutText(value.join(', '), cellCharactersMax)}</span>`;
  const text = String(value);
  const shown = shownTerm(field, value as string | number | boolean);
  if (field.kind === 'parts' || text.length > cellCharactersMax)
    return html`<span class="clip" title="${text.slice(0, 1000)}">${cutText(text, cellCharactersMax)}</span>`;
  return html`<a class="quiet" href="${address.with(field.name, refineValue(field, value as string | number | boolean)).url()}" title="Only ${cutText(text, 200)}">${shown}</a>`;
}

/** A term or value as people read it. */
export function shownTerm(field: SearchField, value: string | number | boolean): string {
  if (field.kind === 'boolean') return value === true || value === 'T' ? 'yes' : 'no';
  if (field.name === 'install_time') {
    const date = dateIn(Number(value));
    return date ? dateTimeText(date) : String(value);
  }
  if (secondsFields.has(field.name) && typeof value === 'number') return durationText(value);
  if (isNumber(field) && field.name !== 'build_id' && typeof value === 'number') return countText(value);
  return String(value);
}

/** What an address says for exactly this value (web.md §1.6: plain where plain means the whole value). */
export function refineValue(field: SearchField, value: string | number | boolean): string {
  if (field.kind === 'boolean') return value === true || value === 'T' ? '__true__' : 'false';
  if (field.kind === 'date') return `>=${shownDate(new Date(String(value)))}`;
  if (field.kind === 'text') return `=${value}`;
  if (isNumber(field)) return String(value);
  const text = String(value);
  // A plain value that begins like an operator would be read as one.
  return /^[!=~^$@<>]|^__/.test(text) || (field.name === 'version' && /\db$/.test(text)) ? `=${text}` : text;
}

/** The signature page over the same reports. */
function signatureUrl(signature: string, address: SearchAddress): string {
  const rest: Record<string, string[]> = {};
  for (const [name, value] of address.filters()) if (name !== 'signature') rest[name] = [...(rest[name] ?? []), value];
  return urlWith('/signature/', { signature, ...rest });
}

/** One facet as a table of its own: rank, term, count and share. */
export function groupTable(search: WholeSearch, name: string, address: SearchAddress): Html {
  const field = searchFieldOf(name) as SearchField;
  const terms = search.facets[name];
  if (!Array.isArray(terms) || terms.length === 0) return html`<p class="empty">No report has a ${name}.</p>`;
  const most = Math.max(1, ...terms.map(({ count }) => count));
  const ungrouped = address.set('_group');
  const rows = terms.map(({ term, count }, at) => {
    const text = String(term);
    const only = ungrouped.with(name, refineValue(field, term)).url();
    const link =
      text.length > linkCharactersMax
        ? html`<span class="clip">${cutText(text, cellCharactersMax)}</span>`
        : name === 'signature'
          ? html`<a class="sig" href="${signatureUrl(text, address)}" title="${text.slice(0, 1000)}">${middle(text.slice(0, 1000))}</a>`
          : html`<a class="quiet" href="${only}" title="${text.slice(0, 1000)}">${cutText(shownTerm(field, term), cellCharactersMax)}</a>`;
    return html`<tr role="row">
  <td role="cell" class="num lead-cell">${at + 1}</td>
  <th role="rowheader" scope="row" class="grow"><div class="sigline">${link}</div></th>
  <td role="cell" class="num" data-label="Reports"><span class="cell-bar"><svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="100%" rx="1"/><rect class="fill" width="${((100 * count) / most).toFixed(1)}%" height="100%" rx="1"/></svg><span class="fig">${countText(count)}</span></span></td>
  <td role="cell" class="num" data-label="Share">${((100 * count) / Math.max(1, search.total)).toFixed(2)} %</td>
  <td role="cell" class="nowrap mid-wide">${text.length > linkCharactersMax ? nothing : html`<a href="${only}">only</a> · <a href="${ungrouped.with(name, `!${refineValue(field, term)}`).url()}">without</a>`}</td>
</tr>`;
  });
  return html`<div class="table-wrap"><table role="table" class="data tight stack" data-rows>
  <caption class="vh">Reports by ${name}</caption>
  <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col" class="num">#</th><th role="columnheader" scope="col" class="grow">${columnTitle(field)}</th><th role="columnheader" scope="col" class="num" aria-sort="descending">Reports</th><th role="columnheader" scope="col" class="num">Share</th><th role="columnheader" scope="col" class="mid-wide"><span class="vh">Refine</span></th></tr></thead>
  <tbody role="rowgroup">${rows}</tbody>
</table></div>`;
}
