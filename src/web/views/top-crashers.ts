// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { TopCrasher, TopCrashers } from '../../search/top-crashers.ts';
import { bucketCount, comparableCrashesMin } from '../../search/top-crashers.ts';
import { topCrashersDays, topCrashersSizes } from '../../search/top-crashers-query.ts';
import { type Html, html, inputValue, nothing, urlWith } from '../html.ts';
import { spark } from '../parts/charts.ts';
import { segments } from '../parts/fields.ts';
import { bar, countBar, countText, percentText } from '../parts/figures.ts';
import { pageHead } from '../parts/heads.ts';
import { notice } from '../parts/notices.ts';
import { cell, columnHead, dataTable, numberCell, rowHead } from '../parts/tables.ts';
import { processNames, signatureLink } from '../parts/text.ts';
import { dateTimeText, dayText } from '../parts/times.ts';

/** The page as it was asked for; every control is a link or a form over it. */
export class TopCrashersLinks {
  readonly #list: TopCrashers;

  constructor(list: TopCrashers) {
    this.#list = list;
  }

  /** The parameters in force; defaults are left out, so that addresses stay short. */
  parameters(): Record<string, string | readonly string[]> {
    const { query } = this.#list;
    return {
      product: query.product,
      version: query.versions,
      days: query.days === 7 ? '' : String(query.days),
      process_type: query.processType === 'parent' ? '' : query.processType,
      platform: query.platform?.name ?? '',
      _report_type: query.reportType === 'crash' ? '' : query.reportType,
      _facets_size: query.size === 50 ? '' : String(query.size),
      _tcbs_mode: query.mode === 'realtime' ? '' : query.mode,
      _range_type: query.rangeType === 'report' ? '' : query.rangeType,
      _rank_by: query.rankBy === 'clients' ? '' : query.rankBy,
    };
  }

  to(change: Record<string, string>, path = '/topcrashers/'): string {
    const url = urlWith(path, { ...this.parameters(), ...change });
    return this.#list.query.versions.length === 0 ? `${url}&version=` : url;
  }

  /** Everything of the period that a signature link carries: product, versions and both dates. */
  #period(): Record<string, string | readonly string[]> {
    const { query, current } = this.#list;
    return {
      product: query.product,
      version: query.versions,
      date: [`>=${current.from.toISOString()}`, `<${current.to.toISOString()}`],
    };
  }

  signature(signature: string): string {
    return urlWith('/signature/', { signature, ...this.#period() });
  }

  search(): string {
    const { query } = this.#list;
    const processType = query.processType === 'parent' ? ['parent', 'browser'] : [query.processType];
    return urlWith('/search/', {
      ...this.#period(),
      process_type: query.processType === 'any' || query.processType === 'other' ? [] : processType,
      platform: query.platform ? `^${query.platform.prefix}` : '',
      report_type: query.reportType === 'any' ? '' : query.reportType,
    });
  }
}

export function topCrashersView(list: TopCrashers): Html {
  const links = new TopCrashersLinks(list);
  const { query, current } = list;
  const lastMoment = new Date(current.to.getTime() - 1);
  const days = `${dayText(current.from)} – ${dayText(lastMoment)}`;
  const moments = `${dateTimeText(current.from)} – ${dateTimeText(current.to)} UTC`;
  const share = `${countText(list.total)} crashes (${percentText(list.shown, list.total)})`;
  const covered = list.rows.length === 1 ? 'signature covers' : 'signatures cover';
  const lead =
    list.total === 0
      ? html`No crashes, ${days}`
      : html`<span class="strong">${countText(list.rows.length)}</span> ${covered} ${countText(list.shown)} of ${share},
        <span title="${moments}">${days}</span>`;
  const actions = html`<a class="btn quiet" href="${links.to({ format: 'csv' }, '/api/v1/topcrashers')}">CSV</a>
    <a class="btn quiet" href="${links.to({}, '/api/v1/topcrashers')}">JSON</a>`;
  return html`${pageHead('Top crashers', lead, actions)}
${toolbar(list, links)}
${warnings(list)}
${list.total === 0 ? emptyView(list, links) : topCrashersTable(list, links)}
${list.total === 0 ? nothing : pager(list, links)}
<p class="vh">${query.versions.join(', ')}</p>`;
}

const processChoices: readonly (readonly [string, string])[] = [
  ['any', 'Any'],
  ...Object.entries(processNames),
  ['other', 'Other'],
];

function toolbar(list: TopCrashers, links: TopCrashersLinks): Html {
  const { query } = list;
  const segment = (name: string, value: string, shown: string, isCurrent: boolean) =>
    html`<a href="${links.to({ [name]: value })}"${isCurrent ? html` aria-current="true"` : nothing}>${shown}</a>`;
  const periods = topCrashersDays.map((days) => segment('days', String(days), `${days} d`, days === query.days));
  const ranks = [
    segment('_rank_by', 'clients', 'Clients', query.rankBy === 'clients'),
    segment('_rank_by', 'crashes', 'Crashes', query.rankBy === 'crashes'),
  ];
  const hidden = Object.entries(links.parameters())
    .filter(([name]) => !['process_type', 'platform', '_report_type'].includes(name))
    .flatMap(([name, value]) =>
      (typeof value === 'string' ? [value] : value.length > 0 ? value : ['']).map((one) =>
        one === '' && name !== 'version'
          ? nothing
          : html`<input type="hidden" name="${name}" value="${inputValue(one)}">`,
      ),
    );
  return html`<form class="toolbar" action="/topcrashers/" aria-label="Filters">
  ${hidden}
  ${segments('Last', periods)}
  ${segments('Rank by', ranks)}
  ${select('process_type', 'Process', processChoices, query.processType)}
  ${select(
    'platform',
    'Platform',
    [
      ['', 'All'],
      ['Windows', 'Windows'],
      ['macOS', 'macOS'],
      ['Linux', 'Linux'],
    ],
    query.platform?.name ?? '',
  )}
  ${select(
    '_report_type',
    'Type',
    [
      ['crash', 'Crash'],
      ['hang', 'Hang'],
      ['any', 'Any'],
    ],
    query.reportType,
  )}
  <button class="btn" type="submit" data-submit-hidden>Apply</button>
</form>`;
}

function select(name: string, label: string, choices: readonly (readonly [string, string])[], chosen: string): Html {
  const options = choices.map(
    ([value, shown]) => html`<option value="${value}"${value === chosen ? html` selected` : nothing}>${shown}</option>`,
  );
  return html`<div class="group">
  <label class="label" for="${name}">${label}</label>
  <select class="select" id="${name}" name="${name}" data-submit>${options}</select>
</div>`;
}

function warnings(list: TopCrashers): Html {
  const few = list.total > 0 && (list.total < comparableCrashesMin || list.previousTotal < comparableCrashesMin);
  const noClients = list.query.rankBy === 'clients' && list.total > 0 && list.totalClients === 0;
  const noClientsText = html`<strong>These reports carry no client id,</strong> so they are ranked by crashes.`;
  const fewText = html`<strong>Few reports:</strong> ${countText(list.total)} in this period,
    ${countText(list.previousTotal)} in the one before. Shares and movements say little.`;
  return html`${noClients ? notice('info', noClientsText) : nothing}
${few ? notice('info', fewText) : nothing}`;
}

function emptyView(list: TopCrashers, links: TopCrashersLinks): Html {
  const { query } = list;
  const ways = [
    query.processType === 'any'
      ? null
      : html`<a class="btn" href="${links.to({ process_type: 'any' })}">All processes</a>`,
    query.days === 28 ? null : html`<a class="btn" href="${links.to({ days: '28' })}">Last 28 days</a>`,
    query.reportType === 'any'
      ? null
      : html`<a class="btn" href="${links.to({ _report_type: 'any' })}">Crashes and hangs</a>`,
    query.versions.length === 0
      ? null
      : html`<a class="btn" href="${urlWith('/topcrashers/', { product: query.product })}&amp;version=">All versions</a>`,
  ].filter((way) => way !== null);
  const program = [query.product, query.versions.join(', ')].filter(Boolean).join(' ');
  const period = query.days === 1 ? 'day' : `${query.days} days`;
  return html`<div class="empty">
  <h2>Nothing crashed here</h2>
  <p>No report of ${program} in the last ${period} matches these filters.</p>
  <div class="actions">${ways}</div>
</div>`;
}

/** The ranked signatures. */
export function topCrashersTable(list: TopCrashers, links: TopCrashersLinks): Html {
  const { query } = list;
  const byClients = query.rankBy === 'clients';
  const most = Math.max(1, ...list.rows.map((row) => (byClients ? row.clients : row.crashes)));
  const rows = list.rows.map((row) => rowView(row, list, links, most));
  const versions = query.versions.length > 0 ? query.versions.join(', ') : 'all versions';
  const caption = `Signatures ranked by ${query.rankBy}, ${query.product}, ${versions}, last ${query.days} days`;
  return dataTable(caption, headsOf(list, links), rows, { look: 'stack top', hasKeys: true });
}

/** The legend of the bars that `platformCell` draws. */
export const platformLegend = html`<span class="legend inline">${[
  html`<span class="s1">Win</span>`,
  html`<span class="s2">Mac</span>`,
  html`<span class="s3">Lin</span>`,
]}</span>`;

function headsOf(list: TopCrashers, links: TopCrashersLinks): readonly Html[] {
  const { query } = list;
  const sortHead = (name: 'clients' | 'crashes', shown: string) => {
    const order = query.rankBy === name ? html` aria-sort="descending"` : nothing;
    const link = html`<a href="${links.to({ _rank_by: name })}">${shown}</a>`;
    return html`<th role="columnheader" scope="col" class="num"${order}>${link}</th>`;
  };
  const titledHead = (shown: string, look: string, title: string) =>
    html`<th role="columnheader" scope="col" class="${look}" title="${title}">${shown}</th>`;
  return [
    columnHead('#', 'num'),
    columnHead(html`<span class="vh">Rank change</span>`, 'mid-wide'),
    columnHead('Signature', 'grow'),
    sortHead('clients', 'Clients'),
    sortHead('crashes', 'Crashes'),
    columnHead('Share', 'num'),
    titledHead('± pp', 'num mid-wide', `Percentage points against the ${query.days} days before`),
    ...comparedVersions(list).map((version) => columnHead(version, 'num wide')),
    query.platform ? columnHead(query.platform.name, 'num mid-wide') : columnHead(platformLegend, 'mid-wide'),
    titledHead('Installs', 'num wide', 'Distinct install times'),
    hasGarbageCollection(list) ? titledHead('GC', 'num wide', 'Reports from inside garbage collection') : nothing,
    columnHead('First seen', 'wide'),
    columnHead(query.days === 1 ? '1 day' : `${query.days} days`, 'num mid-wide'),
  ];
}

/** Several versions stand beside each other; one alone has no column of its own. */
function comparedVersions({ query }: TopCrashers): readonly string[] {
  return query.versions.length > 1 ? query.versions : [];
}

/** Most programs have no garbage collector that says so. */
function hasGarbageCollection({ rows }: TopCrashers): boolean {
  return rows.some(({ garbageCollecting }) => garbageCollecting > 0);
}

function rowView(row: TopCrasher, list: TopCrashers, links: TopCrashersLinks, most: number): Html {
  const byClients = list.query.rankBy === 'clients';
  const ranked = (count: number, isMain: boolean, label: string) =>
    isMain ? numberCell(countBar(count, most), label, 'strong') : numberCell(countText(count), label);
  const link = signatureLink(links.signature(row.signature), row.signature);
  return html`<tr role="row" id="r${row.rank}">
  ${numberCell(row.rank, '', 'lead-cell')}
  ${numberCell(movement(row, list), '', 'mid-wide')}
  ${rowHead(html`<div class="sigline">${link}${badges(row, list)}</div>`, 'grow')}
  ${ranked(row.clients, byClients, 'Clients')}
  ${ranked(row.crashes, !byClients, 'Crashes')}
  ${numberCell(`${row.share.toFixed(1)} %`, 'Share')}
  ${numberCell(change(row, list), '', 'delta mid-wide')}
  ${comparedVersions(list).map((version) => numberCell(countText(row.versions[version] ?? 0), '', 'wide'))}
  ${list.query.platform ? numberCell(countText(row.crashes), '', 'mid-wide') : platformCell(row)}
  ${numberCell(countText(row.installs), '', 'wide')}
  ${hasGarbageCollection(list) ? numberCell(garbageText(row), '', 'wide') : nothing}
  ${cell(firstSeen(row), 'nowrap wide')}
  ${cell(spark(row.buckets, `Crashes in ${bucketCount} equal parts of the period`), 'mid-wide')}
</tr>`;
}

const none = html`<span class="faint">–</span>`;

function garbageText({ garbageCollecting }: TopCrasher): Html | string {
  return garbageCollecting === 0 ? none : countText(garbageCollecting);
}

/** The day of the first report ever; its moment and build on hover. */
function firstSeen({ firstDate, firstBuild }: TopCrasher): Html {
  if (!firstDate) return none;
  const build = firstBuild === null ? '' : `, build ${firstBuild}`;
  const title = `${dateTimeText(new Date(firstDate))} UTC${build}`;
  return html`<span class="soft" title="${title}">${firstDate.slice(0, 10)}</span>`;
}

/** Only moves of five places and more: smaller ones are noise (web.md §5.1). */
function movement(row: TopCrasher, list: TopCrashers): Html {
  if (row.rankChange === null || list.previousTotal < comparableCrashesMin) return nothing;
  if (row.rankChange >= 5)
    return html`<span class="up delta" title="Up ${row.rankChange} places">▲${row.rankChange}</span>`;
  if (row.rankChange <= -5)
    return html`<span class="down delta" title="Down ${-row.rankChange} places">▼${-row.rankChange}</span>`;
  return nothing;
}

function change(row: TopCrasher, list: TopCrashers): Html {
  if (row.isNew) return html`<span class="faint">new</span>`;
  if (row.previousCrashes === 0)
    return list.previousTotal === 0
      ? html`<span class="faint" title="No crashes in the period before">–</span>`
      : html`<span class="faint" title="Not in the period before">absent</span>`;
  const points = row.share - row.previousShare;
  const shown = points.toFixed(1);
  if (shown === '0.0' || shown === '-0.0') return html`<span class="faint">0.0</span>`;
  const title = `${percentText(row.previousCrashes, list.previousTotal)} before`;
  return points > 0
    ? html`<span class="up" title="${title}">+${shown}</span>`
    : html`<span class="down" title="${title}">−${shown.slice(1)}</span>`;
}

function badges(row: TopCrasher, list: TopCrashers): Html {
  const all: Html[] = [];
  const add = (look: string, text: string, title: string) =>
    all.push(html`<span class="${look}" title="${title}">${text}</span>`);
  if (row.isNew) add('badge info', 'new', 'First seen in this period');
  if (row.startup === 'all') add('badge danger', 'startup', 'Every report is from before the program had started');
  if (row.startup === 'some')
    add('badge warn', 'some at startup', 'Some reports are from before the program had started');
  if (row.isFirstMinute && row.startup !== 'all')
    add('badge', 'first minute', 'More than half of the reports come from the first minute');
  if (row.isPlugin) all.push(html`<span class="badge">plug-in</span>`);
  const count = countText(row.crashes);
  if (row.crashes > 1 && row.clients === 1) add('badge', 'one client', `All ${count} reports come from one client`);
  if (row.crashes > 1 && row.clients === 0 && row.installs === 1)
    add('badge', 'one install', `All ${count} reports come from one installation`);
  if (row.provisional > 0) {
    const share = `${countText(row.provisional)} of ${count} reports`;
    add('badge provisional', 'provisional', `${share} were named without symbols; they may move once symbols arrive`);
  }
  return all.length === 0 || list.total === 0 ? nothing : html`<span class="badges">${all}</span>`;
}

function platformCell(row: TopCrasher): Html {
  const share = (count: number) => count / Math.max(1, row.crashes);
  const parts = [
    ['Win', row.windows, ''],
    ['Mac', row.mac, 'd2'],
    ['Lin', row.linux, 'd3'],
  ] as const;
  const rest = row.crashes - row.windows - row.mac - row.linux;
  const [name, most] = parts.reduce((best, part) => (part[1] > best[1] ? part : best));
  const title = [
    ...parts.map(([short, count]) => `${short} ${countText(count)}`),
    ...(rest > 0 ? [`other ${countText(rest)}`] : []),
  ].join(', ');
  const shown = most === 0 ? 'other' : `${name} ${Math.round(100 * share(most))}`;
  const drawn = bar([
    ...parts.map(([, count, ink]) => ({ share: share(count), ink })),
    { share: share(rest), ink: 'dr' as const },
  ]);
  const heard = html`<span class="vh">${most === 0 ? '' : ' percent'}; ${title}</span>`;
  const figure = html`<span class="plat">${drawn}<span class="soft">${shown}${heard}</span></span>`;
  return html`<td role="cell" class="mid-wide" title="${title}">${figure}</td>`;
}

function pager(list: TopCrashers, links: TopCrashersLinks): Html {
  const restCrashes = list.total - list.shown;
  const restSignatures = list.totalSignatures - list.rows.length;
  const sizes = topCrashersSizes.map((size) => {
    const current = size === list.query.size ? html` aria-current="true"` : nothing;
    return html`<a href="${links.to({ _facets_size: String(size) })}"${current}>${size}</a>`;
  });
  const left = `The rest: ${countText(restCrashes)} crashes in ${countText(restSignatures)} signatures`;
  return html`<nav class="pager" aria-label="List length">
  <span>Show</span>
  <span class="segments">${sizes}</span>
  ${restCrashes > 0 ? html`<span class="faint">${left}</span>` : nothing}
  <a class="end" href="${links.search()}">Open as search</a>
</nav>`;
}
