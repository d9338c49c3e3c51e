// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { searchFields } from '../../search/search-fields.ts';
import { type Html, html, nothing, urlWith } from '../html.ts';
import { type PageContext, renderPage } from '../page.ts';
import { dayChart, legend } from '../parts/charts.ts';
import { barCell, countText, percentText } from '../parts/figures.ts';
import { signatureHeading } from '../parts/frames.ts';
import { crumbs } from '../parts/heads.ts';
import { lockBadge, notice, sectionHead } from '../parts/notices.ts';
import { breakable, cutText, processName } from '../parts/text.ts';
import { ago, dateIn, dayText, shortDateText, timeElement } from '../parts/times.ts';
import { periodOf, periodSegments } from '../views/search.ts';
import { refineValue, shownTerm, wrapClass } from '../views/search-table.ts';
import type { SignatureQuery } from '../views/signature-query.ts';
import type {
  AggregationView,
  Panel,
  PanelRow,
  ReportsView,
  SignatureView,
  TrendView,
} from '../views/signature-view.ts';

export const signatureTabs = ['summary', 'reports', 'graphs', 'aggregations', 'comments'] as const;
export type SignatureTab = (typeof signatureTabs)[number];

const tabTitles: Readonly<Record<SignatureTab, string>> = {
  summary: 'Summary',
  reports: 'Reports',
  graphs: 'Graphs',
  aggregations: 'Aggregations',
  comments: 'Comments',
};

/** Address of a signature page with the same filters; `changes` replace parameters, an empty value removes one. */
export function signatureUrl(
  path: string,
  query: SignatureQuery,
  changes: Readonly<Record<string, string | readonly string[]>> = {},
): string {
  const controls = { _columns: query.columns, _sort: query.sort.join() === '-date' ? [] : query.sort };
  return urlWith(path, { signature: query.signature, ...Object.fromEntries(query.filters), ...controls, ...changes });
}

const tabPaths: Readonly<Record<SignatureTab, string>> = {
  summary: '/signature/',
  reports: '/signature/reports/',
  graphs: '/signature/graphs/product/',
  aggregations: '/signature/aggregation/product/',
  comments: '/signature/comments/',
};

/** The frame of all pages of one signature: name, tabs, filters, content. */
export function signaturePage(
  query: SignatureQuery,
  tab: SignatureTab,
  content: Html,
  context: PageContext,
  extras: { readonly head?: Html; readonly dropped?: readonly string[]; readonly count?: number } = {},
): Html {
  const product = query.filters.get('product')?.at(-1)?.replace(/^=/, '') ?? null;
  const canComment = context.access.reader.permissions.has('view_pii');
  const tabs = signatureTabs
    .filter((one) => one !== 'comments' || canComment)
    .map((one) => {
      const url = signatureUrl(tabPaths[one], query);
      const count =
        one === 'reports' && extras.count !== undefined
          ? html`<span class="count">${countText(extras.count)}</span>`
          : nothing;
      return one === tab
        ? html`<a href="${url}" aria-current="page">${tabTitles[one]}${count}</a>`
        : html`<a href="${url}">${tabTitles[one]}${count}</a>`;
    });
  const topCrashers = html`<a href="${urlWith('/topcrashers/', { product })}">Top crashers</a>`;
  const body = html`${crumbs(product, [topCrashers, html`Signature`])}
<div class="page-head">${signatureHeading(cutText(query.signature, 500))}<div class="actions"><a class="btn" href="${urlWith('/search/', { signature: `=${query.signature}`, ...Object.fromEntries(query.filters) })}">Open as search</a></div></div>
${extras.head ?? nothing}<nav class="tabs" aria-label="Signature">${tabs}</nav>${chips(query, tabPaths[tab])}${
    extras.dropped && extras.dropped.length > 0
      ? notice('warn', html`<strong>Left out:</strong> you may not filter by ${extras.dropped.join(', ')}.`, {
          slug: 'field_not_permitted',
        })
      : nothing
  }${content}`;
  return renderPage(
    {
      title: `[@ ${query.signature.slice(0, 150)}] – Signature`,
      nav: 'topcrashers',
      product,
      page: `signature-${tab}`,
      content: body,
    },
    context,
  );
}

/** The period, then every filter with its way out. */
function chips(query: SignatureQuery, path: string): Html {
  const dates = query.filters.get('date') ?? [];
  const isPeriod = periodOf(dates) !== null;
  const entries = [...query.filters]
    .filter(([name]) => name !== 'date' || !isPeriod)
    .flatMap(([name, values]) => values.map((value) => [name, value] as const));
  const shown = entries.map(([name, value]) => {
    const rest = (query.filters.get(name) ?? []).filter((other) => other !== value);
    return html`<span class="chip"><span class="key">${name}</span><span class="op">${/^[!=~^$@<>]/.test(value) ? '' : 'is'}</span><span class="val" title="${value}">${cutText(value, 80)}</span><a class="x" href="${signatureUrl(path, query, { [name]: rest })}" aria-label="${`Remove ${name} ${value}`}">×</a></span>`;
  });
  return html`<div class="toolbar tools">${periodSegments(dates, (bound) => signatureUrl(path, query, { date: bound }))}<div class="chips" role="group" aria-label="Filters">${shown}</div></div>`;
}

const badgeTexts: Readonly<Record<string, string>> = {
  startup: 'at startup',
  some_startup: 'some at startup',
  first_minute: 'in the first minute',
  plugin: 'plug-in',
};

/** What the numbers of a signature are, in one line each. */
export function figures(view: SignatureView, context: PageContext): Html {
  if (view.total === 0 && view.seen === null) return nothing;
  const now = context.parts.clock.now();
  const first = dateIn(view.seen?.first_date);
  const last = dateIn(view.seen?.last_date);
  const figure = (name: string, value: Html | string, small: Html | string) =>
    html`<div><dt>${name}</dt><dd>${value}<small>${small}</small></dd></div>`;
  return html`${view.badges.length > 0 ? html`<p class="badges">${view.badges.map((badge) => html`<span class="badge warn">${badgeTexts[badge] ?? badge}</span> `)}</p>` : nothing}<dl class="figures">
${figure('Clients', countText(view.clients), view.clients === 0 ? 'no client ids came' : changeSince(view.clients, view.before.clients))}
${figure('Crashes', countText(view.total), html`${changeSince(view.total, view.before.total)}, ${countText(view.installs)} installation${view.installs === 1 ? '' : 's'}`)}
${figure('Share of all', percentText(view.total, view.total_all), `of ${countText(view.total_all)}`)}
${first === null ? nothing : figure('First seen', timeElement(first, dayText(first)), view.seen?.first_build ? `build ${view.seen.first_build}` : String(first.getUTCFullYear()))}
${last === null ? nothing : figure('Last seen', ago(last, now), view.seen?.last_build ? `newest build ${view.seen.last_build}` : '')}
${figure('At startup', percentText(view.startup, view.total), `${countText(view.startup)} of ${countText(view.total)}`)}
</dl>`;
}

/** `+1,094 vs before`: more is worse. */
function changeSince(now: number, before: number): Html {
  if (now === before) return html`as many as before`;
  const ink = now > before ? 'up' : 'down';
  const sign = now > before ? '+' : '−';
  return html`<span class="${ink}" title="${countText(before)} in the period of equal length before">${sign}${countText(Math.abs(now - before))}</span> vs before`;
}

export function summaryContent(view: SignatureView, reports: ReportsView, query: SignatureQuery): Html {
  if (view.total === 0 && view.seen === null) return unknownSignature(query);
  return html`${trendSection(view.trend, 'Crashes per day')}
<section class="section" aria-labelledby="summary"><div class="section-head bare"><h2 id="summary">Who it hits</h2></div><div class="panels">${view.panels
    .filter(({ rows }) => rows.some(({ count }) => count > 0))
    .map((panel) =>
      panelTable(panel, view.total, query),
    )}</div>${view.total === 0 ? emptyPeriod(view, query) : nothing}</section>
${newestReports(reports, query)}`;
}

/** Nothing to draw: what the reader may have meant is near. */
function unknownSignature({ signature }: SignatureQuery): Html {
  return html`<div class="empty"><h2>No report has this signature</h2><p>It may have been made by other rules, or be a part of a longer one.</p><div class="actions"><a class="btn" href="${urlWith('/search/', { signature: `~${signature}`, date: '>=-28d' })}">Signatures that contain it</a></div></div>`;
}

function newestReports(view: ReportsView, query: SignatureQuery): Html {
  const url = signatureUrl('/signature/reports/', query);
  const actions = html`<a class="btn quiet" href="${url}">All ${countText(view.total)}</a>`;
  return html`<section class="section" aria-labelledby="reports">${sectionHead('reports', 'Newest reports', null, view.total > view.hits.length ? actions : nothing)}${
    view.hits.length === 0
      ? html`<p class="prose">None in this period.</p>`
      : reportsTable(view, query, '/signature/reports/')
  }</section>`;
}

function emptyPeriod({ seen }: SignatureView, query: SignatureQuery): Html {
  const last = dateIn(seen?.last_date);
  if (last === null) return html`<p class="prose">No report has this signature.</p>`;
  const from = new Date(last.getTime() - 7 * 86_400_000).toISOString().slice(0, 10);
  const until = new Date(last.getTime() + 86_400_000).toISOString().slice(0, 10);
  return html`<p class="prose">No reports in this period. The last one came on ${dayText(last)} ${last.getUTCFullYear()}: <a href="${signatureUrl('/signature/', query, { date: [`>=${from}`, `<${until}`] })}">the week before it</a>.</p>`;
}

function panelTable(panel: Panel, total: number, query: SignatureQuery): Html {
  const hasInstalls = panel.rows.some(({ installs }) => installs !== null);
  return html`<div><table class="data tight plain panel"><caption class="vh">${panel.name}</caption><thead><tr><th scope="col" class="grow name">${panel.name}</th><th scope="col" class="num">Crashes</th>${hasInstalls ? html`<th scope="col" class="num">Installs</th>` : nothing}<th scope="col" class="num">Share</th></tr></thead><tbody>${panel.rows.map(
    (row) =>
      html`<tr><th scope="row" class="grow">${panelTerm(row, query)}</th><td class="num">${countText(row.count)}</td>${hasInstalls ? html`<td class="num">${countText(row.installs ?? 0)}</td>` : nothing}<td class="num">${barCell(row.count, total)}</td></tr>`,
  )}</tbody></table></div>`;
}

function panelTerm({ term, refine }: PanelRow, query: SignatureQuery): Html {
  const text = refine?.[0]?.[0] === 'process_type' ? processName(String(term)) : String(term);
  if (refine === null) return html`<span>${text}</span>`;
  const changes: Record<string, string[]> = {};
  for (const [name, value] of refine) {
    const field = searchFields.get(name);
    const refined = name === 'uptime' || !field ? String(value) : refineValue(field, value);
    changes[name] = [...(changes[name] ?? []), refined];
  }
  return html`<a class="plain-link" href="${signatureUrl('/signature/', query, changes)}" title="${text}">${text}</a>`;
}

export function trendSection(trend: TrendView, title: string): Html {
  const days = trend.days.map((day) => new Date(day));
  const top = Math.max(
    0,
    ...trend.days.map((_, day) => trend.series.reduce((sum, { values }) => sum + (values[day] ?? 0), 0)),
  );
  const sentence = `${title} by ${trend.field}, ${days.length} days: ${countText(trend.total)} in all, at most ${countText(top)} a day`;
  return html`<section class="section" aria-labelledby="trend">${sectionHead('trend', title, `last ${days.length} days, by ${trend.field}`, legend(trend.series))}${dayChart(days, trend.series, sentence)}<details class="more"><summary>The same as numbers</summary>${trendTable(trend)}</details></section>`;
}

function trendTable({ days, series }: TrendView): Html {
  return html`<div class="table-wrap"><table class="data tight plain narrow"><caption class="vh">Crashes per day</caption><thead><tr><th scope="col">Day</th>${series.map(({ name }) => html`<th scope="col" class="num">${name}</th>`)}</tr></thead><tbody>${days.map((day, at) => html`<tr><th scope="row" class="nowrap">${day}</th>${series.map(({ values }) => html`<td class="num">${countText(values[at] ?? 0)}</td>`)}</tr>`)}</tbody></table></div>`;
}

/** Reports in a table: names lead to the report, heads sort, the foot turns pages. */
export function reportsSection(view: ReportsView, query: SignatureQuery, path: string): Html {
  const from = (view.page - 1) * 50 + 1;
  const to = from + view.hits.length - 1;
  return html`<section class="section" aria-labelledby="reports">${sectionHead('reports', 'Reports', countText(view.total))}${
    view.hits.length === 0 ? html`<p class="prose">None in this period.</p>` : reportsTable(view, query, path)
  }${view.pages > 1 ? html`<nav class="pager" aria-label="Pages"><span>${countText(from)}–${countText(to)} of ${countText(view.total)}</span><span class="end segments">${pageLinks(view, query, path)}</span></nav>` : nothing}</section>`;
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

function reportsTable(view: ReportsView, query: SignatureQuery, path: string): Html {
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
    return isNow
      ? html`<th role="columnheader" scope="col" class="${cellClass(name)}" aria-sort="${descending ? 'descending' : 'ascending'}">${link}${lock}</th>`
      : html`<th role="columnheader" scope="col" class="${cellClass(name)}">${link}${lock}</th>`;
  });
  const rows = view.hits.map((hit) => {
    const id = String(hit['uuid']);
    return html`<tr role="row"><th role="rowheader" scope="row" class="nowrap"><a class="id" href="${`/report/index/${id}`}" title="${id}">${id.slice(0, 8)}<span class="faint">…${id.slice(-6)}</span></a></th>${columns.map((name) => html`<td role="cell" class="${cellClass(name)}">${cellText(name, hit[name])}</td>`)}</tr>`;
  });
  const frame = query.columns.length === 0 ? 'table-wrap' : wrapClass(columns.length);
  return html`<div class="${frame}"><table role="table" class="data tight stack" data-rows><caption class="vh">Reports of this signature</caption><thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Report</th>${heads}</tr></thead><tbody role="rowgroup">${rows}</tbody></table></div>`;
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

const pickableFields = [
  'product',
  'version',
  'platform',
  'platform_pretty_version',
  'build_id',
  'release_channel',
  'cpu_arch',
  'process_type',
  'reason',
  'address',
  'install_time',
  'proto_signature',
  'adapter_vendor_id',
];

/** Links to the same page for other fields. */
function fieldPicker(current: string, query: SignatureQuery, path: (field: string) => string): Html {
  const fields = pickableFields.includes(current) ? pickableFields : [current, ...pickableFields];
  return html`<nav class="segments fields-picker" aria-label="Field">${fields.map((field) =>
    field === current
      ? html`<a href="${signatureUrl(path(field), query)}" aria-current="page">${field}</a>`
      : html`<a href="${signatureUrl(path(field), query)}">${field}</a>`,
  )}</nav>`;
}

export function graphContent(trend: TrendView, query: SignatureQuery): Html {
  return html`<div class="section">${fieldPicker(trend.field, query, (field) => `/signature/graphs/${encodeURIComponent(field)}/`)}</div>${trendSection(trend, 'Crashes per day')}`;
}

export function aggregationContent(view: AggregationView, query: SignatureQuery): Html {
  const field = searchFields.get(view.field);
  const rows = view.rows.map(({ rank, term, count }) => {
    const text = field ? shownTerm(field, term) : String(term);
    const refined = field ? refineValue(field, term) : String(term);
    return html`<tr role="row"><td role="cell" class="num lead-cell">${rank}</td><th role="rowheader" scope="row" class="grow name"><a class="plain-link" href="${signatureUrl('/signature/', query, { [view.field]: [refined] })}" title="${text}">${breakable(cutText(text, 300))}</a></th><td role="cell" class="num" data-label="Crashes">${countText(count)}</td><td role="cell" class="num">${barCell(count, view.total)}</td></tr>`;
  });
  return html`<div class="section">${fieldPicker(view.field, query, (name) => `/signature/aggregation/${encodeURIComponent(name)}/`)}</div>
<section class="section" aria-labelledby="aggregation">${sectionHead('aggregation', view.field, `${countText(view.total)} crashes`)}${
    rows.length === 0
      ? html`<p class="prose">No report in this period has a value.</p>`
      : html`<div class="table-wrap"><table role="table" class="data tight plain narrow stack" data-rows><caption class="vh">Values of ${view.field}</caption><thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col" class="num">#</th><th role="columnheader" scope="col" class="grow">Value</th><th role="columnheader" scope="col" class="num">Crashes</th><th role="columnheader" scope="col" class="num">Share</th></tr></thead><tbody role="rowgroup">${rows}</tbody></table></div>`
  }</section>`;
}

export function commentsContent(view: ReportsView, query: SignatureQuery): Html {
  const items = view.hits.map((hit) => {
    const id = String(hit['uuid']);
    const date = dateIn(hit['date']);
    return html`<li><p class="soft"><a class="id" href="${`/report/index/${id}`}">${id.slice(0, 8)}<span class="faint">…${id.slice(-6)}</span></a> ${date ? timeElement(date, shortDateText(date)) : nothing} <span class="faint">${String(hit['useragent_locale'] ?? '')}</span></p><p class="comment">${cutText(String(hit['user_comments'] ?? ''), 4000)}</p></li>`;
  });
  return html`<section class="section" aria-labelledby="comments"><div class="section-head"><h2 id="comments">Comments <span class="faint">${countText(view.total)}</span> ${lockBadge('protected')}</h2></div>${
    items.length === 0
      ? html`<p class="prose">Nobody left a comment in this period.</p>`
      : html`<ul class="comments">${items}</ul>`
  }${view.pages > 1 ? html`<nav class="pager" aria-label="Pages"><span class="end segments">${pageLinks(view, query, '/signature/comments/')}</span></nav>` : nothing}</section>`;
}
