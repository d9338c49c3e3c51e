// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { shownDate } from '../../search/evaluate.ts';
import type { SearchField } from '../../search/search-fields.ts';
import { searchFieldOf } from '../../search/search-fields.ts';
import type { SortKey } from '../../search/search-request.ts';
import type { WholeSearch } from '../api/v1-search.ts';
import { type Html, html, nothing, urlWith } from '../html.ts';
import { countBar, countText } from '../parts/figures.ts';
import { lockBadge } from '../parts/notices.ts';
import { cell, columnHead, dataTable, numberCell, rowHead } from '../parts/tables.ts';
import { cutText, signatureLink } from '../parts/text.ts';
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
  const heads = columns.map((field, at) => sortHead(field, search.request.sort, address, at));
  const rows = search.hits.map((hit) => hitRow(hit, columns, address));
  const look = { look: 'tight stack', wrap: wrapClass(columns.length), hasKeys: true };
  return dataTable('Crash reports', [columnHead('Report'), ...heads], rows, look);
}

/** More columns than these are wider than a page, and their table scrolls by itself; its head then does not stick. */
const columnsBesideEachOther = 6;

/** The frame of a table of reports with so many chosen columns. */
export function wrapClass(columnCount: number): string {
  return columnCount > columnsBesideEachOther ? 'table-wrap scrolls' : 'table-wrap';
}

/** The head of a column by which the reports can be sorted. */
function sortHead(field: SearchField, sort: readonly SortKey[], address: SearchAddress, at: number): Html {
  const key = sort.find((one) => one.field.name === field.name);
  // No order, rising, falling, no order again.
  const next = key ? (key.descending ? [] : [`-${field.name}`]) : [field.name];
  const order = key ? html` aria-sort="${key.descending ? 'descending' : 'ascending'}"` : nothing;
  const lock = field.permission === 'protected' ? lockBadge('protected') : nothing;
  const link = html`<a href="${address.set('_sort', ...next).url()}">${columnTitle(field)}</a>`;
  return html`<th role="columnheader" scope="col" class="${columnClass(field, at)}"${order}>${link}${lock}</th>`;
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
    const value = hit[field.name];
    if (field.name === 'signature' && typeof value === 'string' && value.length <= linkCharactersMax)
      return rowHead(html`<div class="sigline">${signatureLink(signatureUrl(value, address), value)}</div>`, 'grow');
    return cell(cellValue(field, value, address), columnClass(field, at), columnTitle(field));
  });
  return html`<tr role="row">
  ${cell(html`<a class="id" href="/report/index/${id}" title="${id}">${id.slice(0, 8)}</a>`, 'nowrap')}
  ${cells}
</tr>`;
}

/** A value that leads to the search for it. */
function cellValue(field: SearchField, value: unknown, address: SearchAddress): Html {
  if (value === null || value === undefined || value === '') return html`<span class="faint">–</span>`;
  if (field.kind === 'date') {
    const date = dateIn(value);
    return date ? html`<span class="nowrap">${timeElement(date, dateTimeText(date))}</span>` : html`${String(value)}`;
  }
  if (Array.isArray(value)) return clipped(value.join(', '));
  const text = String(value);
  if (field.kind === 'parts' || text.length > cellCharactersMax) return clipped(text);
  const term = value as string | number | boolean;
  const only = address.with(field.name, refineValue(field, term));
  return html`<a class="quiet" href="${only.url()}" title="Only ${cutText(text, 200)}">${shownTerm(field, term)}</a>`;
}

/** The beginning of a text, more of it on hover. */
function clipped(text: string): Html {
  return html`<span class="clip" title="${text.slice(0, 1000)}">${cutText(text, cellCharactersMax)}</span>`;
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
  const rows = terms.map(
    ({ term, count }, at) => html`<tr role="row">
  ${numberCell(at + 1, '', 'lead-cell')}
  ${rowHead(html`<div class="sigline">${termLink(field, term, address)}</div>`, 'grow')}
  ${numberCell(countBar(count, most), 'Reports')}
  ${numberCell(`${((100 * count) / Math.max(1, search.total)).toFixed(2)} %`, 'Share')}
  ${cell(refineLinks(field, term, address), 'nowrap mid-wide')}
</tr>`,
  );
  const heads = [
    columnHead('#', 'num'),
    columnHead(columnTitle(field), 'grow'),
    html`<th role="columnheader" scope="col" class="num" aria-sort="descending">Reports</th>`,
    columnHead('Share', 'num'),
    columnHead(html`<span class="vh">Refine</span>`, 'mid-wide'),
  ];
  return dataTable(`Reports by ${name}`, heads, rows, { look: 'tight stack', hasKeys: true });
}

/** A term that leads to its reports; signatures have a page of their own. */
function termLink(field: SearchField, term: string | number | boolean, address: SearchAddress): Html {
  const text = String(term);
  if (text.length > linkCharactersMax) return html`<span class="clip">${cutText(text, cellCharactersMax)}</span>`;
  if (field.name === 'signature') return signatureLink(signatureUrl(text, address), text);
  const only = address.set('_group').with(field.name, refineValue(field, term)).url();
  const shown = cutText(shownTerm(field, term), cellCharactersMax);
  return html`<a class="quiet" href="${only}" title="${text.slice(0, 1000)}">${shown}</a>`;
}

function refineLinks(field: SearchField, term: string | number | boolean, address: SearchAddress): Html {
  if (String(term).length > linkCharactersMax) return nothing;
  const ungrouped = address.set('_group');
  const value = refineValue(field, term);
  const only = ungrouped.with(field.name, value).url();
  return html`<a href="${only}">only</a> · <a href="${ungrouped.with(field.name, `!${value}`).url()}">without</a>`;
}
