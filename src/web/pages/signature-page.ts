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
import { notice, sectionHead } from '../parts/notices.ts';
import { columnHead, dataTable, numberCell, rowHead } from '../parts/tables.ts';
import { breakable, cutText, processName } from '../parts/text.ts';
import { ago, dateIn, dayText, timeElement } from '../parts/times.ts';
import { periodOf, periodSegments } from '../views/search.ts';
import { refineValue, shownTerm } from '../views/search-table.ts';
import { type SignatureQuery, signatureUrl } from '../views/signature-query.ts';
import type {
  AggregationView,
  Panel,
  PanelRow,
  ReportsView,
  SignatureView,
  TrendView,
} from '../views/signature-view.ts';
import { noReports, reportsTable } from './signature-reports.ts';

export const signatureTabs = ['summary', 'reports', 'graphs', 'aggregations', 'comments'] as const;
export type SignatureTab = (typeof signatureTabs)[number];

const tabTitles: Readonly<Record<SignatureTab, string>> = {
  summary: 'Summary',
  reports: 'Reports',
  graphs: 'Graphs',
  aggregations: 'Aggregations',
  comments: 'Comments',
};

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
<div class="page-head">
${signatureHeading(cutText(query.signature, 500))}
<div class="actions">${searchLink(query)}</div>
</div>
${extras.head ?? nothing}
<nav class="tabs" aria-label="Signature">${tabs}</nav>
${chips(query, tabPaths[tab])}
${droppedNotice(extras.dropped ?? [])}
${content}`;
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

function searchLink({ signature, filters }: SignatureQuery): Html {
  const url = urlWith('/search/', { signature: `=${signature}`, ...Object.fromEntries(filters) });
  return html`<a class="btn" href="${url}">Open as search</a>`;
}

function droppedNotice(names: readonly string[]): Html {
  if (names.length === 0) return nothing;
  const text = html`<strong>Left out:</strong> you may not filter by ${names.join(', ')}.`;
  return notice('warn', text, { slug: 'field_not_permitted' });
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
    const url = signatureUrl(path, query, { [name]: rest });
    return html`<span class="chip">
  <span class="key">${name}</span>
  <span class="op">${/^[!=~^$@<>]/.test(value) ? '' : 'is'}</span>
  <span class="val" title="${value}">${cutText(value, 80)}</span>
  <a class="x" href="${url}" aria-label="${`Remove ${name} ${value}`}">×</a>
</span>`;
  });
  return html`<div class="toolbar tools">
  ${periodSegments(dates, (bound) => signatureUrl(path, query, { date: bound }))}
  <div class="chips" role="group" aria-label="Filters">${shown}</div>
</div>`;
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
  const badges = view.badges.map((badge) => html`<span class="badge warn">${badgeTexts[badge] ?? badge}</span> `);
  const clients = view.clients === 0 ? 'no client ids came' : changeSince(view.clients, view.before.clients);
  const installs = `${countText(view.installs)} installation${view.installs === 1 ? '' : 's'}`;
  const firstBuild = view.seen?.first_build ? `build ${view.seen.first_build}` : String(first?.getUTCFullYear());
  const lastBuild = view.seen?.last_build ? `newest build ${view.seen.last_build}` : '';
  return html`${badges.length > 0 ? html`<p class="badges">${badges}</p>` : nothing}
<dl class="figures">
${figure('Clients', countText(view.clients), clients)}
${figure('Crashes', countText(view.total), html`${changeSince(view.total, view.before.total)}, ${installs}`)}
${figure('Share of all', percentText(view.total, view.total_all), `of ${countText(view.total_all)}`)}
${first === null ? nothing : figure('First seen', timeElement(first, dayText(first)), firstBuild)}
${last === null ? nothing : figure('Last seen', ago(last, now), lastBuild)}
${figure('At startup', percentText(view.startup, view.total), `${countText(view.startup)} of ${countText(view.total)}`)}
</dl>`;
}

/** `+1,094 vs before`: more is worse. */
function changeSince(now: number, before: number): Html {
  if (now === before) return html`as many as before`;
  const ink = now > before ? 'up' : 'down';
  const sign = now > before ? '+' : '−';
  const title = `${countText(before)} in the period of equal length before`;
  return html`<span class="${ink}" title="${title}">${sign}${countText(Math.abs(now - before))}</span> vs before`;
}

export function summaryContent(view: SignatureView, reports: ReportsView, query: SignatureQuery): Html {
  if (view.total === 0 && view.seen === null) return unknownSignature(query);
  const panels = view.panels
    .filter(({ rows }) => rows.some(({ count }) => count > 0))
    .map((panel) => panelTable(panel, view.total, query));
  return html`${trendSection(view.trend, 'Crashes per day')}
<section class="section" aria-labelledby="summary">
<div class="section-head bare"><h2 id="summary">Who it hits</h2></div>
<div class="panels">${panels}</div>
${view.total === 0 ? emptyPeriod(view, query) : nothing}
</section>
${newestReports(reports, query)}`;
}

/** Nothing to draw: what the reader may have meant is near. */
function unknownSignature({ signature }: SignatureQuery): Html {
  const url = urlWith('/search/', { signature: `~${signature}`, date: '>=-28d' });
  return html`<div class="empty">
  <h2>No report has this signature</h2>
  <p>It may have been made by other rules, or be a part of a longer one.</p>
  <div class="actions"><a class="btn" href="${url}">Signatures that contain it</a></div>
</div>`;
}

function newestReports(view: ReportsView, query: SignatureQuery): Html {
  const url = signatureUrl('/signature/reports/', query);
  const actions = html`<a class="btn quiet" href="${url}">All ${countText(view.total)}</a>`;
  return html`<section class="section" aria-labelledby="reports">
${sectionHead('reports', 'Newest reports', null, view.total > view.hits.length ? actions : nothing)}
${view.hits.length === 0 ? noReports : reportsTable(view, query, '/signature/reports/')}
</section>`;
}

function emptyPeriod({ seen }: SignatureView, query: SignatureQuery): Html {
  const last = dateIn(seen?.last_date);
  if (last === null) return html`<p class="prose">No report has this signature.</p>`;
  const from = new Date(last.getTime() - 7 * 86_400_000).toISOString().slice(0, 10);
  const until = new Date(last.getTime() + 86_400_000).toISOString().slice(0, 10);
  const url = signatureUrl('/signature/', query, { date: [`>=${from}`, `<${until}`] });
  return html`<p class="prose">
  No reports in this period. The last one came on ${dayText(last)} ${last.getUTCFullYear()}:
  <a href="${url}">the week before it</a>.
</p>`;
}

function panelTable(panel: Panel, total: number, query: SignatureQuery): Html {
  const hasInstalls = panel.rows.some(({ installs }) => installs !== null);
  const rows = panel.rows.map(
    (row) => html`<tr>
  <th scope="row" class="grow">${panelTerm(row, query)}</th>
  <td class="num">${countText(row.count)}</td>
  ${hasInstalls ? html`<td class="num">${countText(row.installs ?? 0)}</td>` : nothing}
  <td class="num">${barCell(row.count, total)}</td>
</tr>`,
  );
  return html`<div>
<table class="data tight plain panel">
  <caption class="vh">${panel.name}</caption>
  <thead><tr>
    <th scope="col" class="grow name">${panel.name}</th>
    <th scope="col" class="num">Crashes</th>
    ${hasInstalls ? html`<th scope="col" class="num">Installs</th>` : nothing}
    <th scope="col" class="num">Share</th>
  </tr></thead>
  <tbody>${rows}</tbody>
</table>
</div>`;
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
  const range = `${title} by ${trend.field}, ${days.length} days`;
  const sentence = `${range}: ${countText(trend.total)} in all, at most ${countText(top)} a day`;
  return html`<section class="section" aria-labelledby="trend">
${sectionHead('trend', title, `last ${days.length} days, by ${trend.field}`, legend(trend.series))}
${dayChart(days, trend.series, sentence)}
<details class="more">
<summary>The same as numbers</summary>
${trendTable(trend)}
</details>
</section>`;
}

function trendTable({ days, series }: TrendView): Html {
  const heads = series.map(({ name }) => html`<th scope="col" class="num">${name}</th>`);
  const rows = days.map((day, at) => {
    const cells = series.map(({ values }) => html`<td class="num">${countText(values[at] ?? 0)}</td>`);
    return html`<tr><th scope="row" class="nowrap">${day}</th>${cells}</tr>`;
  });
  return html`<div class="table-wrap">
<table class="data tight plain narrow">
  <caption class="vh">Crashes per day</caption>
  <thead><tr><th scope="col">Day</th>${heads}</tr></thead>
  <tbody>${rows}</tbody>
</table>
</div>`;
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
  const picker = fieldPicker(trend.field, query, (field) => `/signature/graphs/${encodeURIComponent(field)}/`);
  return html`<div class="section">${picker}</div>
${trendSection(trend, 'Crashes per day')}`;
}

export function aggregationContent(view: AggregationView, query: SignatureQuery): Html {
  const field = searchFields.get(view.field);
  const rows = view.rows.map(({ rank, term, count }) => {
    const text = field ? shownTerm(field, term) : String(term);
    const refined = field ? refineValue(field, term) : String(term);
    const url = signatureUrl('/signature/', query, { [view.field]: [refined] });
    const link = html`<a class="plain-link" href="${url}" title="${text}">${breakable(cutText(text, 300))}</a>`;
    return html`<tr role="row">
  ${numberCell(rank, '', 'lead-cell')}
  ${rowHead(link, 'grow name')}
  ${numberCell(countText(count), 'Crashes')}
  ${numberCell(barCell(count, view.total))}
</tr>`;
  });
  const heads = [
    columnHead('#', 'num'),
    columnHead('Value', 'grow'),
    columnHead('Crashes', 'num'),
    columnHead('Share', 'num'),
  ];
  const picker = fieldPicker(view.field, query, (name) => `/signature/aggregation/${encodeURIComponent(name)}/`);
  return html`<div class="section">${picker}</div>
<section class="section" aria-labelledby="aggregation">
${sectionHead('aggregation', view.field, `${countText(view.total)} crashes`)}
${
  rows.length === 0
    ? html`<p class="prose">No report in this period has a value.</p>`
    : dataTable(`Values of ${view.field}`, heads, rows, { look: 'tight plain narrow stack', hasKeys: true })
}
</section>`;
}
