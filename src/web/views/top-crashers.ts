// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { TopCrasher, TopCrashers } from '../../search/top-crashers.ts';
import { bucketCount, comparableCrashesMin } from '../../search/top-crashers.ts';
import { topCrashersDays, topCrashersSizes } from '../../search/top-crashers-query.ts';
import { type Html, html, inputValue, nothing, urlWith } from '../html.ts';
import { spark } from '../parts/charts.ts';
import { bar, countText, percentText } from '../parts/figures.ts';
import { notice } from '../parts/notices.ts';
import { middle, processNames } from '../parts/text.ts';
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
  const lead =
    list.total === 0
      ? html`No crashes, ${dayText(current.from)} – ${dayText(lastMoment)}`
      : html`<span class="strong">${countText(list.rows.length)}</span> ${list.rows.length === 1 ? 'signature covers' : 'signatures cover'} ${countText(list.shown)} of ${countText(list.total)} crashes (${percentText(list.shown, list.total)}), <span title="${dateTimeText(current.from)} – ${dateTimeText(current.to)} UTC">${dayText(current.from)} – ${dayText(lastMoment)}</span>`;
  return html`<div class="page-head">
  <h1>Top crashers</h1>
  <p class="lead">${lead}</p>
  <div class="actions"><a class="btn quiet" href="${links.to({ format: 'csv' }, '/api/v1/topcrashers')}">CSV</a><a class="btn quiet" href="${links.to({}, '/api/v1/topcrashers')}">JSON</a></div>
</div>
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
  <div class="group"><span class="label">Last</span><div class="segments" role="group" aria-label="Last">${topCrashersDays.map((days) => segment('days', String(days), `${days} d`, days === query.days))}</div></div>
  <div class="group"><span class="label">Rank by</span><div class="segments" role="group" aria-label="Rank by">${segment('_rank_by', 'clients', 'Clients', query.rankBy === 'clients')}${segment('_rank_by', 'crashes', 'Crashes', query.rankBy === 'crashes')}</div></div>
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
  return html`<div class="group"><label class="label" for="${name}">${label}</label><select class="select" id="${name}" name="${name}" data-submit>${choices.map(([value, shown]) => html`<option value="${value}"${value === chosen ? html` selected` : nothing}>${shown}</option>`)}</select></div>`;
}

function warnings(list: TopCrashers): Html {
  const few = list.total > 0 && (list.total < comparableCrashesMin || list.previousTotal < comparableCrashesMin);
  const noClients = list.query.rankBy === 'clients' && list.total > 0 && list.totalClients === 0;
  return html`${noClients ? notice('info', html`<strong>These reports carry no client id,</strong> so they are ranked by crashes.`) : nothing}${few ? notice('info', html`<strong>Few reports:</strong> ${countText(list.total)} in this period, ${countText(list.previousTotal)} in the one before. Shares and movements say little.`) : nothing}`;
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
  return html`<div class="empty"><h2>Nothing crashed here</h2><p>No report of ${query.product}${query.versions.length > 0 ? html` ${query.versions.join(', ')}` : nothing} in the last ${query.days === 1 ? 'day' : `${query.days} days`} matches these filters.</p><div class="actions">${ways}</div></div>`;
}

/** The ranked signatures. */
export function topCrashersTable(list: TopCrashers, links: TopCrashersLinks): Html {
  const { query } = list;
  const byClients = query.rankBy === 'clients';
  const sortHead = (name: 'clients' | 'crashes', shown: string) =>
    html`<th role="columnheader" scope="col" class="num"${query.rankBy === name ? html` aria-sort="descending"` : nothing}><a href="${links.to({ _rank_by: name })}">${shown}</a></th>`;
  const versions = query.versions.length > 1 ? query.versions : [];
  const most = Math.max(1, ...list.rows.map((row) => (byClients ? row.clients : row.crashes)));
  return html`<div class="table-wrap">
  <table role="table" class="data stack top" data-rows>
    <caption class="vh">Signatures ranked by ${query.rankBy}, ${query.product}, ${query.versions.length > 0 ? query.versions.join(', ') : 'all versions'}, last ${query.days} days</caption>
    <thead role="rowgroup"><tr role="row">
      <th role="columnheader" scope="col" class="num">#</th>
      <th role="columnheader" scope="col" class="mid-wide"><span class="vh">Rank change</span></th>
      <th role="columnheader" scope="col" class="grow">Signature</th>
      ${sortHead('clients', 'Clients')}
      ${sortHead('crashes', 'Crashes')}
      <th role="columnheader" scope="col" class="num">Share</th>
      <th role="columnheader" scope="col" class="num mid-wide" title="Percentage points against the ${query.days} days before">± pp</th>
      ${versions.map((version) => html`<th role="columnheader" scope="col" class="num wide">${version}</th>`)}
      ${query.platform ? html`<th role="columnheader" scope="col" class="num mid-wide">${query.platform.name}</th>` : html`<th role="columnheader" scope="col" class="mid-wide"><span class="legend inline"><span class="s1">Win</span><span class="s2">Mac</span><span class="s3">Lin</span></span></th>`}
      <th role="columnheader" scope="col" class="num wide" title="Distinct install times">Installs</th>
      ${hasGarbageCollection(list) ? html`<th role="columnheader" scope="col" class="num wide" title="Reports from inside garbage collection">GC</th>` : nothing}
      <th role="columnheader" scope="col" class="wide">First seen</th>
      <th role="columnheader" scope="col" class="num mid-wide">${query.days === 1 ? '1 day' : `${query.days} days`}</th>
    </tr></thead>
    <tbody role="rowgroup">${list.rows.map((row) => rowView(row, list, links, most))}</tbody>
  </table>
</div>`;
}

/** Most programs have no garbage collector that says so. */
function hasGarbageCollection({ rows }: TopCrashers): boolean {
  return rows.some(({ garbageCollecting }) => garbageCollecting > 0);
}

function rowView(row: TopCrasher, list: TopCrashers, links: TopCrashersLinks, most: number): Html {
  const byClients = list.query.rankBy === 'clients';
  const weight = byClients ? row.clients : row.crashes;
  const main = (count: number, isMain: boolean) =>
    isMain
      ? html`<span class="cell-bar"><svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="100%" rx="1"/><rect class="fill" width="${((100 * weight) / most).toFixed(1)}%" height="100%" rx="1"/></svg><span class="fig">${countText(count)}</span></span>`
      : html`${countText(count)}`;
  const versions = list.query.versions.length > 1 ? list.query.versions : [];
  return html`<tr role="row" id="r${row.rank}">
  <td role="cell" class="num lead-cell">${row.rank}</td>
  <td role="cell" class="num mid-wide">${movement(row, list)}</td>
  <th role="rowheader" scope="row" class="grow"><div class="sigline"><a class="sig" href="${links.signature(row.signature)}" title="${row.signature.slice(0, 1000)}">${middle(row.signature.slice(0, 1000))}</a>${badges(row, list)}</div></th>
  <td role="cell" class="num${byClients ? ' strong' : ''}" data-label="Clients">${main(row.clients, byClients)}</td>
  <td role="cell" class="num${byClients ? '' : ' strong'}" data-label="Crashes">${main(row.crashes, !byClients)}</td>
  <td role="cell" class="num" data-label="Share">${row.share.toFixed(1)} %</td>
  <td role="cell" class="num delta mid-wide">${change(row, list)}</td>
  ${versions.map((version) => html`<td role="cell" class="num wide">${countText(row.versions[version] ?? 0)}</td>`)}
  ${list.query.platform ? html`<td role="cell" class="num mid-wide">${countText(row.crashes)}</td>` : platformCell(row)}
  <td role="cell" class="num wide">${countText(row.installs)}</td>
  ${hasGarbageCollection(list) ? html`<td role="cell" class="num wide">${row.garbageCollecting === 0 ? html`<span class="faint">–</span>` : countText(row.garbageCollecting)}</td>` : nothing}
  <td role="cell" class="nowrap wide">${row.firstDate ? html`<span class="soft" title="${dateTimeText(new Date(row.firstDate))} UTC${row.firstBuild === null ? '' : `, build ${row.firstBuild}`}">${row.firstDate.slice(0, 10)}</span>` : html`<span class="faint">–</span>`}</td>
  <td role="cell" class="mid-wide">${spark(row.buckets, `Crashes in ${bucketCount} equal parts of the period`)}</td>
</tr>`;
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
    return html`<span class="faint" title="${list.previousTotal === 0 ? 'No crashes in the period before' : 'Not in the period before'}">${list.previousTotal === 0 ? '–' : 'absent'}</span>`;
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
  if (row.isNew) all.push(html`<span class="badge info" title="First seen in this period">new</span>`);
  if (row.startup === 'all')
    all.push(
      html`<span class="badge danger" title="Every report is from before the program had started">startup</span>`,
    );
  if (row.startup === 'some')
    all.push(
      html`<span class="badge warn" title="Some reports are from before the program had started">some at startup</span>`,
    );
  if (row.isFirstMinute && row.startup !== 'all')
    all.push(
      html`<span class="badge" title="More than half of the reports come from the first minute">first minute</span>`,
    );
  if (row.isPlugin) all.push(html`<span class="badge">plug-in</span>`);
  if (row.crashes > 1 && (row.clients === 1 || (row.clients === 0 && row.installs === 1)))
    all.push(
      html`<span class="badge" title="All ${countText(row.crashes)} reports come from one ${row.clients === 1 ? 'client' : 'installation'}">${row.clients === 1 ? 'one client' : 'one install'}</span>`,
    );
  if (row.provisional > 0)
    all.push(
      html`<span class="badge provisional" title="${countText(row.provisional)} of ${countText(row.crashes)} reports were named without symbols; they may move once symbols arrive">provisional</span>`,
    );
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
  return html`<td role="cell" class="mid-wide" title="${title}"><span class="plat">${bar([...parts.map(([, count, ink]) => ({ share: share(count), ink })), { share: share(rest), ink: 'dr' as const }])}<span class="soft">${shown}<span class="vh">${most === 0 ? '' : ' percent'}; ${title}</span></span></span></td>`;
}

function pager(list: TopCrashers, links: TopCrashersLinks): Html {
  const restCrashes = list.total - list.shown;
  const restSignatures = list.totalSignatures - list.rows.length;
  const sizes = topCrashersSizes.map(
    (size) =>
      html`<a href="${links.to({ _facets_size: String(size) })}"${size === list.query.size ? html` aria-current="true"` : nothing}>${size}</a>`,
  );
  return html`<nav class="pager" aria-label="List length">
  <span>Show</span>
  <span class="segments">${sizes}</span>
  ${restCrashes > 0 ? html`<span class="faint">The rest: ${countText(restCrashes)} crashes in ${countText(restSignatures)} signatures</span>` : nothing}
  <a class="end" href="${links.search()}">Open as search</a>
</nav>`;
}
