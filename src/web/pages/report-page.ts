// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Html, html, nothing, urlWith } from '../html.ts';
import { icon, type PageContext, renderPage } from '../page.ts';
import { smallChart } from '../parts/charts.ts';
import { countText } from '../parts/figures.ts';
import { signatureHeading } from '../parts/frames.ts';
import { crumbs, pageHead } from '../parts/heads.ts';
import { copyButton, lockBadge, notice } from '../parts/notices.ts';
import { cell, columnHead, dataTable, rowHead } from '../parts/tables.ts';
import { breakable, cutText } from '../parts/text.ts';
import { ago, dateIn, shortDateText } from '../parts/times.ts';
import type { ReportNeighbours } from '../views/report-neighbours.ts';
import { reportMarkdown } from '../views/report-text.ts';
import type { ReportView, WholeReportView } from '../views/report-view.ts';
import { reportId, reprocessForm } from './pending-page.ts';
import {
  annotationsSection,
  factsList,
  modulesSection,
  processingSection,
  rawSection,
  registersSection,
  stackSection,
  threadsSection,
  whySection,
} from './report-sections.ts';

export interface ReportPageParts {
  readonly whole: WholeReportView;
  /** The same report as the public sees it, for texts that are pasted elsewhere. */
  readonly publicReport: ReportView;
  readonly neighbours: ReportNeighbours;
  /** Address of the report, absolute. */
  readonly url: string;
  /** What a button of this page did just now. */
  readonly done: 'reprocess' | null;
}

/** One report, on one long page: what happened, where, whose code, and everything else below. */
export function reportPage(page: ReportPageParts, context: PageContext): Html {
  const { whole } = page;
  const { report, threads, modules, unloadedModules, annotations } = whole;
  const content = html`${where(report)}
${head(page, context)}
${doneNotice(page)}
${changedNotice(report)}
${tabs(whole)}
<div class="with-rail">
<div class="report-main">
${factsList(report.facts)}
${stackSection(report)}
${threadsSection(threads)}
</div>
${rail(page, context)}
</div>
${modulesSection(modules, unloadedModules)}
${annotationsSection(annotations, report)}
${registersSection(report)}
${processingSection(report)}
${rawSection(report)}`;
  const program = [report.product, report.version].filter(Boolean).join(' ');
  const title = `[@ ${report.signature.slice(0, 150)}] – ${program} – Report ${report.crash_id}`;
  return renderPage(
    {
      title,
      nav: null,
      page: 'report',
      product: report.product,
      version: report.version,
      scripts: ['report.js'],
      content,
    },
    context,
  );
}

function signatureUrl({ signature, product }: ReportView): string {
  return urlWith('/signature/', { signature, product });
}

function where(report: ReportView): Html {
  const signature = html`<a href="${signatureUrl(report)}">${breakable(report.signature.slice(0, 120))}</a>`;
  return crumbs(report.product, [signature, reportId(report.crash_id)]);
}

function head({ whole, publicReport, url }: ReportPageParts, context: PageContext): Html {
  const { report } = whole;
  return html`${reasonLine(report)}
<div class="page-head">
${signatureHeading(report.signature)}
<div class="actions">
${copyButton('markdown', 'Copy as Markdown', 'btn')}
${reprocessForm(report, context, 'Reprocess', 'btn')}
</div>
</div>
${badges(report)}
<pre id="markdown" hidden>${reportMarkdown(publicReport, url)}</pre>`;
}

/** `SIGSEGV at 0x18: write through a null pointer`, each with its own weight. */
function reasonLine({ reason: { type, address, words } }: ReportView): Html {
  if (type === null) return nothing;
  const at = address === null ? nothing : html` <span class="id">at ${address}</span>`;
  const why = words === null ? nothing : html` <span class="why">${words}</span>`;
  return html`<p class="reason"><span>${type}</span>${at}${why}</p>`;
}

function badges(report: ReportView): Html {
  const process = report.facts.find(({ name }) => name === 'Process')?.value ?? 'Main';
  const { version, system, named_frames_percent: namedPercent } = report;
  const lost = report.lost_parts.length;
  const all: Html[] = [];
  const add = (text: string) => all.push(html`<span class="badge">${text}</span> `);
  const addTitled = (look: string, text: string, title: string) =>
    all.push(html`<span class="${look}" title="${title}">${text}</span> `);
  if (version !== null) add(cutText(version, 40));
  if (system !== null) add(cutText(system, 40));
  add(`${cutText(process, 40)} process`);
  if (report.is_provisional)
    addTitled('badge provisional', 'provisional', 'Made without symbols; it may change once they are there');
  if (namedPercent !== null)
    addTitled('badge', `symbols ${namedPercent} %`, 'Frames of the crashing thread with a function name');
  if (lost > 0) all.push(html`<a class="badge warn" href="#notes">${lost} part${lost === 1 ? '' : 's'} lost</a> `);
  if (report.rights.sees_protected) all.push(lockBadge('You see protected data', 'Opening this report was recorded'));
  return html`<p class="badges">${all}</p>`;
}

function doneNotice({ done }: ReportPageParts): Html {
  if (done !== 'reprocess') return nothing;
  const text = html`<strong>Queued.</strong> The report will be processed again; reload in a few seconds.`;
  return html`<div role="status">${notice('ok', text)}</div>`;
}

/** The lists have changed since: what the report would be called now (web.md §1.4). */
function changedNotice(report: ReportView): Html {
  if (report.signature_now === null) return nothing;
  const now = html`<span class="sig">${breakable(cutText(report.signature_now, 200))}</span>`;
  const body = html`<strong>The signature rules have changed.</strong> Processed again, this report would be ${now}.`;
  const actions = html`<a class="btn" href="${`/report/index/${report.crash_id}/signature`}">Why</a>`;
  return notice('info', body, { actions });
}

function tabs({ report, threads, modules, annotations }: WholeReportView): Html {
  const others = threads.filter((thread) => !thread.is_crashing).length;
  const known = annotations.public.length + (annotations.protected?.length ?? 0);
  const count = (value: number) => html`<span class="count">${countText(value)}</span>`;
  return html`<nav class="tabs sticky" aria-label="Parts of this report">
  <a href="#stack" aria-current="true">Stack</a>
  ${others > 0 ? html`<a href="#threads">Threads${count(others)}</a>` : nothing}
  ${modules.length > 0 ? html`<a href="#modules">Modules${count(modules.length)}</a>` : nothing}
  <a href="#annotations">Annotations${count(known)}</a>
  ${report.registers === null ? nothing : html`<a href="#registers">Registers</a>`}
  <a href="#notes">Processing</a>
  <a href="#raw">Raw data</a>
</nav>`;
}

function rail({ whole: { report }, neighbours }: ReportPageParts, context: PageContext): Html {
  const { trend, same_client: sameClient } = neighbours;
  return html`<aside class="rail" aria-label="Signature">
<section>
<h2>This signature <span class="aside"><a href="${signatureUrl(report)}">Open</a></span></h2>
${trend === null ? nothing : trendChart(trend)}
${seenList(neighbours, context.parts.clock.now())}
</section>
${whySection(report)}
${sameClient === null || sameClient.length === 0 ? nothing : sameClientSection(sameClient, report)}
</aside>`;
}

function trendChart({ days, counts, total }: NonNullable<ReportNeighbours['trend']>): Html {
  const most = countText(Math.max(0, ...counts));
  return smallChart(
    days.map((day) => new Date(day)),
    counts,
    `Crashes per day, last ${days.length} days: ${countText(total)} in all, at most ${most} a day`,
  );
}

/** How often and when the signature was seen. */
function seenList({ seen, trend }: ReportNeighbours, now: Date): Html {
  const first = dateIn(seen?.first_date);
  const last = dateIn(seen?.last_date);
  const build = seen?.first_build ? html` <span class="faint">build ${seen.first_build}</span>` : nothing;
  const rows = [
    ...(trend === null
      ? []
      : [
          html`<dt>Crashes</dt><dd>${countText(trend.total)} <span class="faint">in ${trend.days.length} days</span></dd>`,
        ]),
    html`<dt>All reports</dt><dd>${seen === null ? 'not counted yet' : countText(seen.report_count)}</dd>`,
    ...(first === null ? [] : [html`<dt>First seen</dt><dd>${ago(first, now)}${build}</dd>`]),
    ...(last === null ? [] : [html`<dt>Last seen</dt><dd>${ago(last, now)}</dd>`]),
  ];
  return html`<dl class="kv">${rows}</dl>`;
}

function sameClientSection(others: NonNullable<ReportNeighbours['same_client']>, report: ReportView): Html {
  const items = others.map((other) => {
    const date = otherDate(other.date);
    if (other.crash_id === report.crash_id) return html`<li>${date} <span class="soft">this report</span></li>`;
    const signature = other.signature === report.signature ? 'same signature' : breakable(other.signature);
    const link = html`<a href="${`/report/index/${other.crash_id}`}">${date}</a>`;
    return html`<li>${link} <span class="soft">${signature}</span></li>`;
  });
  return html`<section>
<h2>Same client ${lockBadge('protected')}</h2>
<ul>${items}</ul>
</section>`;
}

function otherDate(text: string): string {
  const date = dateIn(text);
  return date === null ? text.slice(0, 40) : shortDateText(date);
}

/** Nothing is stored under this id: where it was looked for, and what that means. */
export function absentPage(crashId: string, context: PageContext): Html {
  const now = context.parts.clock.now();
  const six = crashId.slice(-6);
  const day = `20${six.slice(0, 2)}-${six.slice(2, 4)}-${six.slice(4, 6)}`;
  const content = html`${pageHead('No report with this id', html`<span class="id">${crashId}</span>`)}
<p class="prose">
  Looked in storage at ${now.toISOString().slice(11, 19)}. The id says that it was made on ${day}. The report may have
  been older than reports are kept, may have been discarded by the throttle rules, or has not arrived yet.
  <span class="faint">not_found</span>
</p>
<div class="actions section">
  <a class="btn" href="${`/report/index/${crashId}`}">Look again</a>
  <a class="btn quiet" href="/search/">Search</a>
</div>`;
  return renderPage({ title: 'No report with this id', nav: null, page: 'absent', content }, context);
}

/** Several reports begin with the digits that the reader holds. */
export function chooserPage(
  digits: string,
  reports: readonly {
    readonly crash_id: string;
    readonly date: string;
    readonly product: string;
    readonly version: string;
    readonly signature: string;
  }[],
  context: PageContext,
): Html {
  const heads = [columnHead('Report'), columnHead('Date'), columnHead('Product'), columnHead('Signature', 'grow')];
  const rows = reports.map(
    (report) => html`<tr role="row">
  ${rowHead(html`<a class="id" href="${`/report/index/${report.crash_id}`}">${report.crash_id}</a>`)}
  ${cell(otherDate(report.date), 'nowrap')}
  ${cell(`${report.product} ${report.version}`, 'nowrap')}
  ${cell(html`<span class="sig">${breakable(report.signature)}</span>`, 'grow')}
</tr>`,
  );
  const content = html`${pageHead(html`${reports.length} reports begin with <span class="id">${digits}</span>`)}
${dataTable('Reports', heads, rows, { look: 'tight stack', hasKeys: true })}`;
  return renderPage({ title: 'Several reports', nav: 'search', page: 'chooser', content }, context);
}

/** What was asked for and not found, and every way that was tried (web.md §1.8). */
export function nothingFoundPage(text: string, tried: readonly string[], context: PageContext): Html {
  const shown = text.slice(0, 200);
  const url = urlWith('/search/', { signature: `~${shown}` });
  const content = html`${pageHead('Nothing found', html`<span class="id">${shown}</span>`)}
<p class="prose">Tried: <span class="faint">not_found</span></p>
<ul class="tried">${tried.map((one) => html`<li>${one}</li>`)}</ul>
<div class="actions section"><a class="btn" href="${url}">${icon('search')}Search signatures for it</a></div>`;
  return renderPage({ title: 'Nothing found', nav: 'search', page: 'nothing-found', content }, context);
}
