// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { SiteStatus } from '../api/v1-status.ts';
import { type Html, html, nothing, urlWith } from '../html.ts';
import { bar, countText } from '../parts/figures.ts';
import { pageHead } from '../parts/heads.ts';
import { sectionHead } from '../parts/notices.ts';
import { cell, columnHead, dataTable, numberCell, rowHead } from '../parts/tables.ts';
import { cutText } from '../parts/text.ts';
import { dateIn, dateTimeText, durationText, shortDateText } from '../parts/times.ts';
import { problemsOf } from './status-problems.ts';
import {
  behindAfterS,
  deadOf,
  depthsOf,
  disksOf,
  isUnknown,
  jobsOf,
  numberIn,
  objectsIn,
  owedOf,
  rolesNamed,
  sharedRoles,
  silentAfterMs,
  sizeText,
  spoolOf,
  textIn,
} from './status-values.ts';

/** What is wrong now, then depths and ages of everything that waits (web.md §1.9). */
export function statusView(status: SiteStatus): Html {
  const problems = problemsOf(status);
  const lead = `${dateTimeText(status.now)} UTC, refreshed every 10 s`;
  const summary =
    problems.length === 0
      ? html`<p class="statusline" role="status"><span class="state ok">Nothing needs attention</span></p>`
      : html`<div role="status">${problems}</div>`;
  return html`${pageHead('Status', lead, html`<a class="btn quiet" href="/api/v1/status">JSON</a>`)}
${summary}
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

function figuresView(status: SiteStatus): Html {
  const spool = spoolOf(status);
  const waiting = depthsOf(status).reduce((sum, { waiting: count }) => sum + count, 0);
  const busy = rolesNamed(status, 'processor').reduce((sum, details) => sum + numberIn(details['inFlight']), 0);
  const owed = owedOf(status).reduce((sum, [, count]) => sum + count, 0);
  const figure = (role: string, name: string, value: string, small: string) =>
    isUnknown(status, role)
      ? html`<div><dt>${name}</dt><dd class="faint">–<small>not known</small></dd></div>`
      : html`<div><dt>${name}</dt><dd>${value}<small>${small}</small></dd></div>`;
  const dead = deadOf(status).length;
  const spoolText =
    spool.entryCount === 0 ? 'empty' : `${sizeText(spool.sizeBytes)}, oldest ${durationText(spool.oldestAgeS)}`;
  return html`<dl class="figures">
  ${figure('collector', 'In the spool', countText(spool.entryCount), spoolText)}
  ${figure('queue', 'Waiting', countText(waiting), 'in all queues')}
  ${figure('processor', 'Being processed', countText(busy), 'at this moment')}
  ${figure('outbox', 'Not yet saved everywhere', countText(owed), owed === 0 ? 'nothing owed' : 'tried again by itself')}
  ${figure('queue', 'Dead letters', countText(dead), dead >= 100 ? 'the newest 100' : 'given up')}
</dl>`;
}

/** A section with a table, or one line when there is nothing to tell. */
function tableSection(
  id: string,
  title: string,
  heads: readonly Html[],
  rows: readonly Html[],
  none: string,
  aside: Html | null = null,
): Html {
  const words = aside === null ? nothing : html`<span class="faint">${aside}</span>`;
  return html`<section class="section" aria-labelledby="${id}">
${sectionHead(id, title, null, words)}
${
  rows.length === 0
    ? html`<p class="faint none">${none}</p>`
    : dataTable(title, heads, rows, { look: 'tight plain stack' })
}
</section>`;
}

/** Whether something is well, as a coloured word. */
function stateCell(ink: string, text: string): Html {
  return cell(html`<span class="state ${ink}">${text}</span>`);
}

function queuesView(status: SiteStatus): Html {
  const rows = depthsOf(status).map(({ name, waiting, leased, oldestAgeS }) => {
    const isBehind = oldestAgeS > behindAfterS;
    const state = waiting === 0 ? 'empty' : !isBehind ? 'steady' : name === 'reprocessing' ? 'draining' : 'behind';
    return html`<tr role="row">
  ${rowHead(name, 'nowrap')}
  ${stateCell(state === 'behind' ? 'warn' : 'ok', state)}
  ${numberCell(countText(waiting), 'Waiting')}
  ${numberCell(countText(leased), 'Taken')}
  ${numberCell(waiting === 0 ? '–' : durationText(oldestAgeS), 'Oldest')}
</tr>`;
  });
  const heads = [
    columnHead('Queue'),
    columnHead('State'),
    columnHead('Waiting', 'num'),
    columnHead('Taken', 'num'),
    columnHead('Oldest', 'num'),
  ];
  return tableSection('queues', 'Queues', heads, rows, 'No queue tells its depth here.');
}

function processesView(status: SiteStatus): Html {
  const rows = status.roles
    .filter(({ role }) => !sharedRoles.has(role))
    .map((row) => {
      const [ink, state] = stateOf(row, status.now);
      return html`<tr role="row">
  ${rowHead(row.role, 'nowrap')}
  ${stateCell(ink, state)}
  ${cell(cutText(row.instance, 60), 'nowrap soft', 'at')}
  ${cell(loadText(row.role, row.details), 'grow soft')}
</tr>`;
    });
  const heads = [columnHead('Role'), columnHead('State'), columnHead('Process'), columnHead('Load', 'grow')];
  return tableSection('processes', 'Processes', heads, rows, 'No process has told its state yet.');
}

/** Colour and word for how a process is. */
function stateOf({ updatedAt, details }: SiteStatus['roles'][number], now: Date): readonly [ink: string, word: string] {
  if (now.getTime() - updatedAt.getTime() > silentAfterMs) return ['danger', 'silent'];
  if (textIn(details['error']) !== '') return ['danger', 'no answer'];
  const isHeld = Array.isArray(details['down']) && details['down'].length > 0;
  return isHeld ? ['warn', 'held up'] : ['ok', 'running'];
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
    .map(([reason, letters]) => deadRow(reason, letters));
  const heads = [columnHead('Reason'), columnHead('Now', 'num'), columnHead('Last'), columnHead('For example', 'grow')];
  const aside = rows.length === 0 ? null : html`<code>salvage queue</code> puts them back`;
  const none = isUnknown(status, 'queue')
    ? 'Not known: the queue does not answer.'
    : 'Every crash that was taken was dealt with.';
  return tableSection('dead', 'Dead letters', heads, rows, none, aside);
}

function deadRow(reason: string, letters: readonly JsonObject[]): Html {
  const dates = letters
    .map((letter) => textIn(letter['diedAt']))
    .filter(Boolean)
    .sort();
  const id = textIn(letters[0]?.['crashId']);
  const story = cutText(textIn(letters[0]?.['reason']).replace(/^[a-z_]+: /, ''), 120);
  const link = html`<a class="id" href="/report/index/${encodeURIComponent(id)}">${id.slice(0, 8)}</a>`;
  return html`<tr role="row">
  ${rowHead(html`<code title="${reason.slice(0, 500)}">${cutText(reason, 60)}</code>`, 'nowrap')}
  ${numberCell(countText(letters.length), 'Now')}
  ${cell(momentText(dates.at(-1)), 'nowrap', 'Last')}
  ${cell(html`${link} <span class="soft">${story}</span>`, 'grow')}
</tr>`;
}

function momentText(value: JsonValue | undefined): string {
  const date = dateIn(value);
  return date ? shortDateText(date) : '–';
}

/** Disks of the collectors, then the weeks of the search index; empty weeks that wait for their time are one line. */
function storageView(status: SiteStatus): Html {
  const partitions = rolesNamed(status, 'search').flatMap((details) => objectsIn(details['partitions']));
  const isAhead = (one: JsonObject) => Date.parse(textIn(one['week'])) > status.now.getTime();
  const weeks = partitions.filter((one) => !isAhead(one)).toReversed();
  const ahead = partitions.length - weeks.length;
  const total = partitions.reduce((sum, one) => sum + numberIn(one['sizeBytes']), 0);
  const most = Math.max(1, ...weeks.map((one) => numberIn(one['sizeBytes'])));
  const row = (what: string, size: string, share: number, note: string) => html`<tr role="row">
  ${rowHead(what, 'nowrap')}
  ${numberCell(size, 'Size')}
  ${cell(bar([{ share, ink: '' }], true))}
  ${cell(note, 'grow soft')}
</tr>`;
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
  const heads = [columnHead('What'), columnHead('Used', 'num'), columnHead('Share'), columnHead('Outlook', 'grow')];
  const aside =
    partitions.length === 0
      ? null
      : html`search ${sizeText(total)}, ${ahead === 0 ? 'no week' : counted(ahead, 'week')} made ahead`;
  return tableSection('storage', 'Storage', heads, rows, 'No partition yet.', aside);
}

function jobsView(status: SiteStatus): Html {
  const rows = jobsOf(status).map((job) => {
    const errors = numberIn(job['errorsInARow']);
    return html`<tr role="row">
  ${rowHead(cutText(textIn(job['name']), 40), 'nowrap')}
  ${errors > 0 ? stateCell('danger', 'failing') : stateCell('ok', 'fine')}
  ${cell(momentText(job['lastRunAt']), 'nowrap', 'Last')}
  ${cell(momentText(job['nextRunAt']), 'nowrap mid-wide')}
  ${cell(cutText(textIn(job['lastError']) || textIn(job['lastResult']), 200), 'grow soft')}
</tr>`;
  });
  const heads = [
    columnHead('Job'),
    columnHead('State'),
    columnHead('Last run'),
    columnHead('Next run', 'mid-wide'),
    columnHead('Last result', 'grow'),
  ];
  return tableSection('jobs', 'Scheduled jobs', heads, rows, 'No job has run yet.');
}

function symbolsView(status: SiteStatus): Html {
  const wanted = status.roles.flatMap(({ details }) => objectsIn(details['symbolsWanted'])).slice(0, 20);
  if (wanted.length === 0) return nothing;
  const rows = wanted.map((one) => {
    const debugId = textIn(one['debugId']);
    const url = urlWith('/search/', { missing_symbols: `~/${debugId}/` });
    return html`<tr role="row">
  ${rowHead(html`<code>${cutText(textIn(one['debugFile']), 40)}</code>`, 'nowrap')}
  ${cell(html`<code class="soft">${cutText(debugId, 40)}</code>`, 'grow')}
  ${numberCell(html`<a href="${url}">${countText(numberIn(one['reportCount']))}</a>`, 'Reports')}
</tr>`;
  });
  const heads = [columnHead('Debug file'), columnHead('Debug id', 'grow'), columnHead('Reports', 'num')];
  return tableSection('wanted', 'Symbols wanted', heads, rows, '', html`by reports of the last 7 days`);
}
