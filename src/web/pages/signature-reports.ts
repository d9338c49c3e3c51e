// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { searchFields } from '../../search/search-fields.ts';
import { type Html, html, nothing } from '../html.ts';
import { countText } from '../parts/figures.ts';
import { lockBadge, sectionHead } from '../parts/notices.ts';
import { cell, columnHead, dataTable, rowHead } from '../parts/tables.ts';
import { cutText } from '../parts/text.ts';
import { dateIn, shortDateText, timeElement } from '../parts/times.ts';
import { shownTerm, wrapClass } from '../views/search-table.ts';
import { type SignatureQuery, signatureUrl } from '../views/signature-query.ts';
import type { ReportsView } from '../views/signature-view.ts';

export const noReports = html`<p class="prose">None in this period.</p>`;

/** Reports in a table: names lead to the report, heads sort, the foot turns pages. */
export function reportsSection(view: ReportsView, query: SignatureQuery, path: string): Html {
  const from = (view.page - 1) * 50 + 1;
  const to = from + view.hits.length - 1;
  const range = html`<span>${countText(from)}–${countText(to)} of ${countText(view.total)}</span>`;
  return html`<section class="section" aria-labelledby="reports">
${sectionHead('reports', 'Reports', countText(view.total))}
${view.hits.length === 0 ? noReports : reportsTable(view, query, path)}
${pager(view, query, path, range)}
</section>`;
}

function pager(view: ReportsView, query: SignatureQuery, path: string, range: Html): Html {
  if (view.pages <= 1) return nothing;
  return html`<nav class="pager" aria-label="Pages">
  ${range}
  <span class="end segments">${pageLinks(view, query, path)}</span>
</nav>`;
}

function pageLinks({ page, pages }: ReportsView, query: SignatureQuery, path: string): Html {
  const shown = [...new Set([1, page - 1, page, page + 1, pages])].filter((one) => one >= 1 && one <= pages);
  const link = (one: number, text: string) =>
    one === page
      ? html`<a href="${signatureUrl(path, query, { page: String(one) })}" aria-current="page">${text}</a>`
      : html`<a href="${signatureUrl(path, query, { page: String(one) })}">${text}</a>`;
  return html`${shown.map((one) => link(one, countText(one)))}${page < pages ? link(page + 1, 'Next') : nothing}`;
}

const columnTitles: Readonly<Record<string, string>> = {
  date: 'Date',
  build_id: 'Build',
  platform: 'System',
  user_comments: 'Comment',
  install_time: 'Installed',
  startup_crash: 'Startup',
  useragent_locale: 'Locale',
};

/** Columns that go first when the screen is narrow. */
const secondRank = new Set(['build_id', 'reason', 'product']);
const lastRank = new Set(['address', 'install_time', 'startup_crash']);

export function reportsTable(view: ReportsView, query: SignatureQuery, path: string): Html {
  // What a filter says of every row needs no column, unless it was asked for.
  const isSaid = (name: string) =>
    query.columns.length === 0 && (query.filters.get(name) ?? []).filter((value) => /^=?\w/.test(value)).length === 1;
  const columns = view.columns.filter((name) => !isSaid(name));
  const heads = columns.map((name) => {
    const isNow = query.sort.at(0)?.replace(/^-/, '') === name;
    const descending = query.sort.at(0)?.startsWith('-') ?? false;
    // A head cycles ascending, descending, off (web.md §1.6).
    const next = !isNow ? [name] : descending ? [] : [`-${name}`];
    const title = columnTitles[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
    const link = html`<a href="${signatureUrl(path, query, { _sort: next })}">${title}</a>`;
    const lock = searchFields.get(name)?.permission === 'protected' ? html` ${lockBadge('protected')}` : nothing;
    const order = isNow ? html` aria-sort="${descending ? 'descending' : 'ascending'}"` : nothing;
    return html`<th role="columnheader" scope="col" class="${cellClass(name)}"${order}>${link}${lock}</th>`;
  });
  const rows = view.hits.map((hit) => {
    const id = String(hit['uuid']);
    const link = html`<a class="id" href="${`/report/index/${id}`}" title="${id}">${shortId(id)}</a>`;
    return html`<tr role="row">
  ${rowHead(link, 'nowrap')}
  ${columns.map((name) => cell(cellText(name, hit[name]), cellClass(name)))}
</tr>`;
  });
  const wrap = query.columns.length === 0 ? 'table-wrap' : wrapClass(columns.length);
  const look = { look: 'tight stack', wrap, hasKeys: true };
  return dataTable('Reports of this signature', [columnHead('Report'), ...heads], rows, look);
}

/** Both ends of an id: the first digits tell reports apart, the last say when one came. */
function shortId(id: string): Html {
  return html`${id.slice(0, 8)}<span class="faint">…${id.slice(-6)}</span>`;
}

function cellClass(name: string): string {
  if (name === 'user_comments') return 'grow wide';
  const kind = searchFields.get(name)?.kind;
  const rank = lastRank.has(name) ? ' wide' : secondRank.has(name) ? ' mid-wide' : '';
  return `nowrap${kind === 'integer' && name !== 'install_time' ? ' num' : ''}${rank}`;
}

function cellText(name: string, value: unknown): Html {
  const field = searchFields.get(name);
  if (value === null || value === undefined || value === '') return html`<span class="faint">–</span>`;
  if (Array.isArray(value)) return html`<span class="clip cell">${cutText(value.join('; '), 200)}</span>`;
  if (name === 'user_comments')
    return html`<span class="clip soft" title="${String(value)}">${cutText(String(value), 300)}</span>`;
  const date = field?.kind === 'date' ? dateIn(value) : null;
  if (date) return timeElement(date, shortDateText(date));
  const installed = name === 'install_time' ? dateIn(Number(value)) : null;
  if (installed) return timeElement(installed, installed.toISOString().slice(0, 10));
  const text = field ? shownTerm(field, value as string | number | boolean) : String(value);
  if (name === 'reason' || name === 'address' || name === 'signature')
    return html`<code class="soft cell" title="${text}">${cutText(text.replace(/^0x0+(?=.)/, '0x'), 80)}</code>`;
  return text.length > 40 ? html`<span class="clip cell" title="${text}">${cutText(text, 120)}</span>` : html`${text}`;
}

export function commentsContent(view: ReportsView, query: SignatureQuery): Html {
  const items = view.hits.map((hit) => {
    const id = String(hit['uuid']);
    const date = dateIn(hit['date']);
    return html`<li>
<p class="soft">
  <a class="id" href="${`/report/index/${id}`}">${shortId(id)}</a>
  ${date ? timeElement(date, shortDateText(date)) : nothing}
  <span class="faint">${String(hit['useragent_locale'] ?? '')}</span>
</p>
<p class="comment">${cutText(String(hit['user_comments'] ?? ''), 4000)}</p>
</li>`;
  });
  return html`<section class="section" aria-labelledby="comments">
<div class="section-head">
  <h2 id="comments">Comments <span class="faint">${countText(view.total)}</span> ${lockBadge('protected')}</h2>
</div>
${
  items.length === 0
    ? html`<p class="prose">Nobody left a comment in this period.</p>`
    : html`<ul class="comments">${items}</ul>`
}
${pager(view, query, '/signature/comments/', nothing)}
</section>`;
}
