// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { SiteStatus } from '../api/v1-status.ts';
import { type Html, html, nothing, urlWith } from '../html.ts';
import { bar, countText } from '../parts/figures.ts';
import { notice, sectionHead } from '../parts/notices.ts';
import { cutText } from '../parts/text.ts';
import { ago, dateIn, dateTimeText, durationText, shortDateText } from '../parts/times.ts';

/** A row that says nothing for this long is of a process that is gone (decisions.md 44: one every 10 s). */
const silentAfterMs = 60_000;
/** A queue whose oldest message waits longer than this is behind. */
const behindAfterS = 15 * 60;
/** Below this share of free space somebody should look at a disk. */
const lowDiskShare = 0.05;

/** What is wrong now, then depths and ages of everything that waits (web.md §1.9). */
export function statusView(status: SiteStatus): Html {
  const problems = problemsOf(status);
  return html`<div class="page-head"><h1>Status</h1><p class="lead">${dateTimeText(status.now)} UTC, refreshed every 10 s</p><div class="actions"><a class="btn quiet" href="/api/v1/status">JSON</a></div></div>
${problems.length === 0 ? html`<p class="statusline" role="status"><span class="state ok">Nothing needs attention</span></p>` : html`<div role="status">${problems}</div>`}
${figuresView(status)}
<div class="two">
${queuesView(status)}
${processesView(status)}
${deadView(status)}
${jobsView(status)}
${symbolsView(status)}
${storageView(status)}
</div>`;
}

const numberIn = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0);
const textIn = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');
const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

/** True if a part of that role could not answer, so that its numbers are missing and not zero. */
function isUnknown(status: SiteStatus, role: string): boolean {
  return rolesNamed(status, role).some((details) => textIn(details['error']) !== '');
}

function rolesNamed(status: SiteStatus, role: string): readonly JsonObject[] {
  return status.roles.filter((row) => row.role === role).map(({ details }) => details);
}

/** Everything that asks for somebody's attention, the worst first; each says what is still true. */
function problemsOf(status: SiteStatus): readonly Html[] {
  const problems: Html[] = [...silentParts(status)];
  for (const job of jobsOf(status))
    if (numberIn(job['errorsInARow']) > 0)
      problems.push(
        notice(
          'danger',
          html`<strong>The job ${textIn(job['name'])} fails,</strong> ${countText(numberIn(job['errorsInARow']))} times in a row: ${cutText(textIn(job['lastError']), 300)}`,
        ),
      );
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
  for (const { instance, freeBytes, sizeBytes } of disksOf(status))
    if (freeBytes < sizeBytes * lowDiskShare)
      problems.push(
        notice(
          'warn',
          html`<strong>The disk of ${instance} is nearly full:</strong> ${sizeText(freeBytes)} of ${sizeText(sizeBytes)} are free. When it is full, intake answers 503 and clients keep their reports.`,
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
  return problems;
}

/** Processes that have stopped talking, and parts that cannot answer now: their numbers are missing, not zero. */
function silentParts(status: SiteStatus): Html[] {
  return status.roles.flatMap((row) => {
    if (status.now.getTime() - row.updatedAt.getTime() > silentAfterMs)
      return notice(
        'danger',
        html`<strong>${row.role} ${row.instance} is silent</strong> since ${ago(row.updatedAt, status.now)}. If it was stopped on purpose, this goes away within a day.`,
      );
    const error = textIn(row.details['error']);
    if (error === '') return [];
    return notice(
      'danger',
      html`<strong>The ${sharedRoles.has(row.role) ? `${row.role} part` : `${row.role} ${row.instance}`} cannot say how it is:</strong> ${cutText(error, 300)}. Its numbers are missing below; intake goes on.`,
    );
  });
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
  const figure = (role: string, name: string, value: string, small: string) =>
    isUnknown(status, role)
      ? html`<div><dt>${name}</dt><dd class="faint">–<small>not known</small></dd></div>`
      : html`<div><dt>${name}</dt><dd>${value}<small>${small}</small></dd></div>`;
  return html`<dl class="figures">
  ${figure('collector', 'In the spool', countText(spool.entryCount), spool.entryCount === 0 ? 'empty' : `${sizeText(spool.sizeBytes)}, oldest ${durationText(spool.oldestAgeS)}`)}
  ${figure('queue', 'Waiting', countText(waiting), 'in all queues')}
  ${figure('processor', 'Being processed', countText(busy), 'at this moment')}
  ${figure('outbox', 'Not yet saved everywhere', countText(owed), owed === 0 ? 'nothing owed' : 'tried again by itself')}
  ${figure('queue', 'Dead letters', countText(deadOf(status).length), deadOf(status).length >= 100 ? 'the newest 100' : 'given up')}
</dl>`;
}

function owedOf(status: SiteStatus): readonly (readonly [string, number])[] {
  return status.roles.flatMap(({ details }) =>
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

/** What all processes share is no process: it has its own section. */
const sharedRoles = new Set(['queue', 'search', 'outbox', 'jobs', 'symbols']);

function processesView(status: SiteStatus): Html {
  const rows = status.roles
    .filter(({ role }) => !sharedRoles.has(role))
    .map(({ role, instance, updatedAt, details }) => {
      const isSilent = status.now.getTime() - updatedAt.getTime() > silentAfterMs;
      const isHeld = Array.isArray(details['down']) && details['down'].length > 0;
      const isAway = textIn(details['error']) !== '';
      const [ink, state] = isSilent
        ? ['danger', 'silent']
        : isAway
          ? ['danger', 'no answer']
          : isHeld
            ? ['warn', 'held up']
            : ['ok', 'running'];
      return html`<tr role="row"><th role="rowheader" scope="row" class="nowrap">${role}</th><td role="cell"><span class="state ${ink}">${state}</span></td><td role="cell" class="nowrap soft" data-label="at">${cutText(instance, 60)}</td><td role="cell" class="grow soft">${loadText(role, details)}</td></tr>`;
    });
  const columns = [{ name: 'Role' }, { name: 'State' }, { name: 'Process' }, { name: 'Load', className: 'grow' }];
  return tableSection('processes', 'Processes', columns, rows, 'No process has told its state yet.');
}

function loadText(role: string, details: JsonObject): string {
  const inFlight = numberIn(details['inFlight']);
  if (role === 'collector') {
    const spool = isJsonObject(details['spool']) ? details['spool'] : {};
    return `${counted(inFlight, 'request')} open, ${counted(numberIn(spool['entryCount']), 'report')} in the spool`;
  }
  if (role === 'processor') return inFlight === 0 ? 'idle' : `${counted(inFlight, 'crash', 'crashes')} at work`;
  if (role === 'mover') {
    const down = Array.isArray(details['down']) ? details['down'] : [];
    return down.length > 0 ? `waits for ${down.map(String).join(', ').slice(0, 200)}` : 'moves what comes';
  }
  return '';
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
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
      return html`<tr role="row"><th role="rowheader" scope="row" class="nowrap"><code title="${reason.slice(0, 500)}">${cutText(reason, 60)}</code></th><td role="cell" class="num" data-label="Now">${countText(letters.length)}</td><td role="cell" class="nowrap" data-label="Last">${last ? shortDateText(last) : '–'}</td><td role="cell" class="grow"><a class="id" href="/report/index/${encodeURIComponent(id)}">${id.slice(0, 8)}</a> <span class="soft">${cutText(textIn(letters[0]?.['reason']).replace(/^[a-z_]+: /, ''), 120)}</span></td></tr>`;
    });
  const columns = [
    { name: 'Reason' },
    { name: 'Now', className: 'num' },
    { name: 'Last' },
    { name: 'For example', className: 'grow' },
  ];
  const aside = rows.length === 0 ? null : html`<code>salvage queue</code> puts them back`;
  const none = isUnknown(status, 'queue')
    ? 'Not known: the queue does not answer.'
    : 'Every crash that was taken was dealt with.';
  return tableSection('dead', 'Dead letters', columns, rows, none, aside);
}

function disksOf(status: SiteStatus) {
  return status.roles.flatMap(({ instance, details }) =>
    isJsonObject(details['disk'])
      ? [
          {
            instance,
            sizeBytes: numberIn(details['disk']['sizeBytes']),
            freeBytes: numberIn(details['disk']['freeBytes']),
          },
        ]
      : [],
  );
}

/** Disks of the collectors, then the weeks of the search index; empty weeks that wait for their time are one line. */
function storageView(status: SiteStatus): Html {
  const partitions = rolesNamed(status, 'search').flatMap((details) => objectsIn(details['partitions']));
  const isAhead = (one: JsonObject) => Date.parse(textIn(one['week'])) > status.now.getTime();
  const weeks = partitions.filter((one) => !isAhead(one)).toReversed();
  const ahead = partitions.length - weeks.length;
  const total = partitions.reduce((sum, one) => sum + numberIn(one['sizeBytes']), 0);
  const most = Math.max(1, ...weeks.map((one) => numberIn(one['sizeBytes'])));
  const row = (what: string, size: string, share: number, note: string) =>
    html`<tr role="row"><th role="rowheader" scope="row" class="nowrap">${what}</th><td role="cell" class="num" data-label="Size">${size}</td><td role="cell">${bar([{ share, ink: '' }], true)}</td><td role="cell" class="grow soft">${note}</td></tr>`;
  const rows = [
    ...disksOf(status).map(({ instance, sizeBytes, freeBytes }) => {
      const used = sizeBytes - freeBytes;
      const share = sizeBytes > 0 ? used / sizeBytes : 0;
      return row(`Disk of ${cutText(instance, 40)}`, sizeText(used), share, `${sizeText(freeBytes)} free`);
    }),
    ...weeks.map((one) => {
      const size = numberIn(one['sizeBytes']);
      return row(`Search, week of ${textIn(one['week'])}`, sizeText(size), size / most, '');
    }),
  ];
  const columns = [
    { name: 'What' },
    { name: 'Used', className: 'num' },
    { name: 'Share' },
    { name: 'Outlook', className: 'grow' },
  ];
  const aside =
    partitions.length === 0
      ? null
      : html`search ${sizeText(total)}, ${ahead === 0 ? 'no week' : counted(ahead, 'week')} made ahead`;
  return tableSection('storage', 'Storage', columns, rows, 'No partition yet.', aside);
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
      html`<tr role="row"><th role="rowheader" scope="row" class="nowrap"><code>${cutText(textIn(one['debugFile']), 40)}</code></th><td role="cell" class="grow"><code class="soft">${cutText(textIn(one['debugId']), 40)}</code></td><td role="cell" class="num" data-label="Reports"><a href="${urlWith('/search/', { missing_symbols: `~/${textIn(one['debugId'])}/` })}">${countText(numberIn(one['reportCount']))}</a></td></tr>`,
  );
  const columns = [
    { name: 'Debug file' },
    { name: 'Debug id', className: 'grow' },
    { name: 'Reports', className: 'num' },
  ];
  return tableSection('wanted', 'Symbols wanted', columns, rows, '', html`by reports of the last 7 days`);
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
