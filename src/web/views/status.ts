// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { SiteStatus } from '../api/v1-status.ts';
import { type Html, html, nothing } from '../html.ts';
import { countText } from '../parts/figures.ts';
import { notice, sectionHead } from '../parts/notices.ts';
import { cutText } from '../parts/text.ts';
import { ago, dateIn, dateTimeText, durationText, shortDateText } from '../parts/times.ts';

/** A row that says nothing for this long is of a process that is gone (decisions.md 44: one every 10 s). */
const silentAfterMs = 60_000;
/** A queue whose oldest message waits longer than this is behind. */
const behindAfterS = 15 * 60;

/** What is wrong now, then depths and ages of everything that waits (web.md §1.9). */
export function statusView(status: SiteStatus): Html {
  const problems = problemsOf(status);
  return html`<div class="page-head"><h1>Status</h1><p class="lead">${dateTimeText(status.now)} UTC</p><div class="actions"><a class="btn quiet" href="/api/v1/status">JSON</a></div></div>
${problems.length === 0 ? html`<p class="statusline" role="status"><span class="state ok">Nothing needs attention</span></p>` : html`<div role="status">${problems}</div>`}
${figuresView(status)}
<div class="two">
${queuesView(status)}
${rolesView(status)}
${deadView(status)}
${partitionsView(status)}
${jobsView(status)}
${symbolsView(status)}
</div>`;
}

const numberIn = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0);
const textIn = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');
const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

function rolesNamed(status: SiteStatus, role: string): readonly JsonObject[] {
  return status.roles.filter((row) => row.role === role).map(({ details }) => details);
}

/** Everything that asks for somebody's attention, the worst first; each says what is still true. */
function problemsOf(status: SiteStatus): readonly Html[] {
  const problems: Html[] = [];
  const { entryCount, damagedCount } = spoolOf(status);
  const down = rolesNamed(status, 'mover').flatMap((details) =>
    Array.isArray(details['down']) ? details['down'] : [],
  );
  if (down.length > 0)
    problems.push(
      notice(
        'warn',
        html`<strong>Reports cannot be moved out of the spool.</strong> ${countText(entryCount)} are accepted and stay there; nothing is lost, and they move by themselves once the back end answers.`,
        { slug: down.map(String).join(', ').slice(0, 200) },
      ),
    );
  for (const row of status.roles)
    if (status.now.getTime() - row.updatedAt.getTime() > silentAfterMs)
      problems.push(
        notice(
          'danger',
          html`<strong>${row.role} ${row.instance} is silent</strong> since ${ago(row.updatedAt, status.now)}. If it was stopped on purpose, this goes away with its row.`,
        ),
      );
  for (const depth of depthsOf(status))
    if (depth.oldestAgeS > behindAfterS && depth.name !== 'reprocessing')
      problems.push(
        notice(
          'warn',
          html`<strong>The ${depth.name} queue is behind:</strong> its oldest crash has waited ${durationText(depth.oldestAgeS)}. More processors, or fewer reports, let it catch up.`,
        ),
      );
  if (damagedCount > 0)
    problems.push(
      notice(
        'warn',
        html`<strong>${countText(damagedCount)} spool entries are damaged</strong> and were set aside. <code>salvage spool</code> shows them.`,
      ),
    );
  const strays = rolesNamed(status, 'search').reduce((sum, details) => sum + numberIn(details['strayCount']), 0);
  if (strays > 0)
    problems.push(
      notice(
        'warn',
        html`<strong>${countText(strays)} reports have dates that no partition was made for.</strong> They are found as all others; the clock of a client or of this machine was wrong.`,
      ),
    );
  for (const job of jobsOf(status))
    if (numberIn(job['errorsInARow']) > 0)
      problems.push(
        notice(
          'danger',
          html`<strong>The job ${textIn(job['name'])} fails,</strong> ${countText(numberIn(job['errorsInARow']))} times in a row: ${cutText(textIn(job['lastError']), 300)}`,
        ),
      );
  return problems;
}

function spoolOf(status: SiteStatus) {
  const spools = rolesNamed(status, 'collector')
    .map((details) => details['spool'])
    .filter(isJsonObject);
  const sum = (name: string) => spools.reduce((total, spool) => total + numberIn(spool[name]), 0);
  return {
    entryCount: sum('entryCount'),
    sizeBytes: sum('sizeBytes'),
    damagedCount: sum('damagedCount'),
    oldestAgeS: Math.max(0, ...spools.map((spool) => numberIn(spool['oldestAgeS']))),
  };
}

function depthsOf(status: SiteStatus) {
  return rolesNamed(status, 'queue')
    .flatMap((details) => objectsIn(details['depths']))
    .map((depth) => ({
      name: textIn(depth['queue']),
      waiting: numberIn(depth['waiting']),
      leased: numberIn(depth['leased']),
      oldestAgeS: numberIn(depth['oldestAgeS']),
    }));
}

const deadOf = (status: SiteStatus) => rolesNamed(status, 'queue').flatMap((details) => objectsIn(details['dead']));
const jobsOf = (status: SiteStatus) => status.roles.flatMap(({ details }) => objectsIn(details['jobs']));

function figuresView(status: SiteStatus): Html {
  const spool = spoolOf(status);
  const waiting = depthsOf(status).reduce((sum, { waiting: count }) => sum + count, 0);
  const busy = rolesNamed(status, 'processor').reduce((sum, details) => sum + numberIn(details['inFlight']), 0);
  const owed = owedOf(status).reduce((sum, [, count]) => sum + count, 0);
  const figure = (name: string, value: string, small: string) =>
    html`<div><dt>${name}</dt><dd>${value}<small>${small}</small></dd></div>`;
  return html`<dl class="figures">
  ${figure('In the spool', countText(spool.entryCount), spool.entryCount === 0 ? 'empty' : `${sizeText(spool.sizeBytes)}, oldest ${durationText(spool.oldestAgeS)}`)}
  ${figure('Waiting', countText(waiting), 'in all queues')}
  ${figure('Being processed', countText(busy), 'at this moment')}
  ${figure('Not yet saved everywhere', countText(owed), owed === 0 ? 'nothing owed' : 'tried again by itself')}
  ${figure('Dead letters', countText(deadOf(status).length), deadOf(status).length >= 100 ? 'the newest 100' : 'given up')}
</dl>`;
}

function owedOf(status: SiteStatus): readonly (readonly [string, number])[] {
  return rolesNamed(status, 'processor').flatMap((details) =>
    isJsonObject(details['owed'])
      ? Object.entries(details['owed']).map(([name, count]): [string, number] => [name, numberIn(count)])
      : [],
  );
}

interface Column {
  readonly name: string;
  readonly className?: string;
}

/** A section with a table, or one line when there is nothing to tell. */
function tableSection(
  id: string,
  title: string,
  columns: readonly Column[],
  rows: readonly Html[],
  none: string,
  aside: Html | null = null,
): Html {
  const heads = columns.map(
    ({ name, className = '' }) => html`<th role="columnheader" scope="col" class="${className}">${name}</th>`,
  );
  return html`<section class="section" aria-labelledby="${id}">${sectionHead(id, title, null, aside === null ? nothing : html`<span class="faint">${aside}</span>`)}
${
  rows.length === 0
    ? html`<p class="faint none">${none}</p>`
    : html`<div class="table-wrap"><table role="table" class="data tight plain stack"><caption class="vh">${title}</caption>
<thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">${rows}</tbody></table></div>`
}</section>`;
}

function queuesView(status: SiteStatus): Html {
  const rows = depthsOf(status).map(({ name, waiting, leased, oldestAgeS }) => {
    const isBehind = oldestAgeS > behindAfterS;
    const state = waiting === 0 ? 'empty' : !isBehind ? 'steady' : name === 'reprocessing' ? 'draining' : 'behind';
    return html`<tr role="row"><th role="rowheader" scope="row" class="nowrap">${name}</th><td role="cell"><span class="state ${state === 'behind' ? 'warn' : 'ok'}">${state}</span></td><td role="cell" class="num" data-label="Waiting">${countText(waiting)}</td><td role="cell" class="num" data-label="Taken">${countText(leased)}</td><td role="cell" class="num" data-label="Oldest">${waiting === 0 ? '–' : durationText(oldestAgeS)}</td></tr>`;
  });
  const columns = [
    { name: 'Queue' },
    { name: 'State' },
    { name: 'Waiting', className: 'num' },
    { name: 'Taken', className: 'num' },
    { name: 'Oldest', className: 'num' },
  ];
  return tableSection('queues', 'Queues', columns, rows, 'No queue tells its depth here.');
}

function rolesView(status: SiteStatus): Html {
  const rows = status.roles.map(({ role, instance, updatedAt, details }) => {
    const isSilent = status.now.getTime() - updatedAt.getTime() > silentAfterMs;
    const isHeld = Array.isArray(details['down']) && details['down'].length > 0;
    const [ink, state] = isSilent ? ['danger', 'silent'] : isHeld ? ['warn', 'held up'] : ['ok', 'running'];
    return html`<tr role="row"><th role="rowheader" scope="row" class="nowrap">${role}</th><td role="cell"><span class="state ${ink}">${state}</span></td><td role="cell" class="nowrap soft" data-label="at">${cutText(instance, 60)}</td><td role="cell" class="grow soft">${loadText(role, details)}</td></tr>`;
  });
  const columns = [{ name: 'Part' }, { name: 'State' }, { name: 'Process' }, { name: 'Load', className: 'grow' }];
  return tableSection('roles', 'Parts', columns, rows, 'No part has told its state yet.');
}

function loadText(role: string, details: JsonObject): string {
  if (role === 'collector') {
    const spool = isJsonObject(details['spool']) ? details['spool'] : {};
    return `${countText(numberIn(details['inFlight']))} requests open, spool ${countText(numberIn(spool['entryCount']))}`;
  }
  if (role === 'processor') return `${countText(numberIn(details['inFlight']))} crashes at work`;
  if (role === 'mover') {
    const down = Array.isArray(details['down']) ? details['down'] : [];
    return down.length > 0 ? `away: ${down.map(String).join(', ').slice(0, 200)}` : 'moving';
  }
  return '';
}

/** Dead letters by reason: the slug before the colon tells what to do, the rest is one crash's story. */
function deadView(status: SiteStatus): Html {
  const byReason = Map.groupBy(deadOf(status), (letter) => textIn(letter['reason']).split(/[:\s]/)[0] || 'unknown');
  const rows = [...byReason]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([reason, letters]) => {
      const dates = letters
        .map((letter) => textIn(letter['diedAt']))
        .filter(Boolean)
        .sort();
      const last = dateIn(dates.at(-1));
      const id = textIn(letters[0]?.['crashId']);
      return html`<tr role="row"><th role="rowheader" scope="row" class="nowrap"><code title="${reason.slice(0, 500)}">${cutText(reason, 60)}</code></th><td role="cell" class="num" data-label="Now">${countText(letters.length)}</td><td role="cell" class="nowrap" data-label="Last">${last ? shortDateText(last) : '–'}</td><td role="cell" class="grow"><a class="id" href="/report/index/${encodeURIComponent(id)}">${id.slice(0, 8)}</a> <span class="soft">${cutText(textIn(letters[0]?.['reason']), 120)}</span></td></tr>`;
    });
  const columns = [
    { name: 'Reason' },
    { name: 'Now', className: 'num' },
    { name: 'Last' },
    { name: 'For example', className: 'grow' },
  ];
  const aside = rows.length === 0 ? null : html`<code>salvage queue</code> puts them back`;
  return tableSection('dead', 'Dead letters', columns, rows, 'Every crash that was taken was dealt with.', aside);
}

function partitionsView(status: SiteStatus): Html {
  const partitions = rolesNamed(status, 'search').flatMap((details) => objectsIn(details['partitions']));
  const total = partitions.reduce((sum, one) => sum + numberIn(one['sizeBytes']), 0);
  const most = Math.max(1, ...partitions.map((one) => numberIn(one['sizeBytes'])));
  const rows = partitions.toReversed().map((one) => {
    const size = numberIn(one['sizeBytes']);
    return html`<tr role="row"><th role="rowheader" scope="row" class="nowrap">${textIn(one['week'])}</th><td role="cell"><svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="100%" rx="1"/><rect class="fill" width="${((100 * size) / most).toFixed(1)}%" height="100%" rx="1"/></svg></td><td role="cell" class="num" data-label="Size">${sizeText(size)}</td><td role="cell" class="grow soft">${Date.parse(textIn(one['week'])) > status.now.getTime() ? 'made ahead' : ''}</td></tr>`;
  });
  const columns = [
    { name: 'Week from' },
    { name: '' },
    { name: 'Size', className: 'num' },
    { name: '', className: 'grow' },
  ];
  return tableSection('search-index', `Search index, ${sizeText(total)}`, columns, rows, 'No partition yet.');
}

function jobsView(status: SiteStatus): Html {
  const rows = jobsOf(status).map((job) => {
    const errors = numberIn(job['errorsInARow']);
    const [last, next] = [dateIn(job['lastRunAt']), dateIn(job['nextRunAt'])];
    return html`<tr role="row"><th role="rowheader" scope="row" class="nowrap">${cutText(textIn(job['name']), 40)}</th><td role="cell"><span class="state ${errors > 0 ? 'danger' : 'ok'}">${errors > 0 ? 'failing' : 'fine'}</span></td><td role="cell" class="nowrap" data-label="Last">${last ? shortDateText(last) : '–'}</td><td role="cell" class="nowrap mid-wide">${next ? shortDateText(next) : '–'}</td><td role="cell" class="grow soft">${cutText(textIn(job['lastError']) || textIn(job['lastResult']), 200)}</td></tr>`;
  });
  const columns = [
    { name: 'Job' },
    { name: 'State' },
    { name: 'Last run' },
    { name: 'Next run', className: 'mid-wide' },
    { name: 'Last result', className: 'grow' },
  ];
  return tableSection('jobs', 'Scheduled jobs', columns, rows, 'No job has run yet.');
}

function symbolsView(status: SiteStatus): Html {
  const wanted = status.roles.flatMap(({ details }) => objectsIn(details['symbolsWanted'])).slice(0, 20);
  if (wanted.length === 0) return nothing;
  const rows = wanted.map(
    (one) =>
      html`<tr role="row"><th role="rowheader" scope="row" class="nowrap"><code>${cutText(textIn(one['debugFile']), 60)}</code></th><td role="cell" class="grow"><code class="soft">${textIn(one['debugId'])}</code></td><td role="cell" class="num" data-label="Reports">${countText(numberIn(one['reportCount']))}</td></tr>`,
  );
  const columns = [
    { name: 'Debug file' },
    { name: 'Debug id', className: 'grow' },
    { name: 'Reports', className: 'num' },
  ];
  return tableSection('wanted', 'Symbols wanted', columns, rows, '');
}

/** Disk sizes in the units of disks' tools. */
function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}
