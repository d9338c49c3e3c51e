// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Html, html, nothing, urlWith } from '../html.ts';
import { icon, type PageContext, renderPage } from '../page.ts';
import { smallChart } from '../parts/charts.ts';
import { countText } from '../parts/figures.ts';
import { signatureHeading } from '../parts/frames.ts';
import { crumbs } from '../parts/heads.ts';
import { copyButton, lockBadge, notice } from '../parts/notices.ts';
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
  const content = html`${where(report)}${head(page, context)}${doneNotice(page)}${changedNotice(report)}${tabs(whole)}
<div class="with-rail">
<div class="report-main">${factsList(report.facts)}${stackSection(report)}${threadsSection(threads)}</div>
${rail(page, context)}
</div>
${modulesSection(modules, unloadedModules)}${annotationsSection(annotations, report)}${registersSection(report)}${processingSection(report)}${rawSection(report)}`;
  const title = `[@ ${report.signature.slice(0, 150)}] – ${[report.product, report.version].filter(Boolean).join(' ')} – Report ${report.crash_id}`;
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
  const { type, address, words } = report.reason;
  return html`${
    type === null
      ? nothing
      : html`<p class="reason"><span>${type}</span>${address === null ? nothing : html` <span class="id">at ${address}</span>`}${words === null ? nothing : html` <span class="why">${words}</span>`}</p>`
  }
<div class="page-head">${signatureHeading(report.signature)}<div class="actions">${copyButton('markdown', 'Copy as Markdown', 'btn')}${reprocessForm(report, context, 'Reprocess', 'btn')}</div></div>
${badges(report)}
<pre id="markdown" hidden>${reportMarkdown(publicReport, url)}</pre>`;
}

function badges(report: ReportView): Html {
  const process = report.facts.find(({ name }) => name === 'Process')?.value ?? 'Main';
  const lost = report.lost_parts.length;
  return html`<p class="badges">${report.version === null ? nothing : html`<span class="badge">${cutText(report.version, 40)}</span> `}${report.system === null ? nothing : html`<span class="badge">${cutText(report.system, 40)}</span> `}<span class="badge">${cutText(process, 40)} process</span>${
    report.is_provisional
      ? html` <span class="badge provisional" title="Made without symbols; it may change once they are there">provisional</span>`
      : nothing
  }${report.named_frames_percent === null ? nothing : html` <span class="badge" title="Frames of the crashing thread with a function name">symbols ${report.named_frames_percent} %</span>`}${
    lost > 0 ? html` <a class="badge warn" href="#notes">${lost} part${lost === 1 ? '' : 's'} lost</a>` : nothing
  }${report.rights.sees_protected ? html` ${lockBadge('You see protected data', 'Opening this report was recorded')}` : nothing}</p>`;
}

function doneNotice({ done }: ReportPageParts): Html {
  return done === 'reprocess'
    ? html`<div role="status">${notice('ok', html`<strong>Queued.</strong> The report will be processed again; reload in a few seconds.`)}</div>`
    : nothing;
}

/** The lists have changed since: what the report would be called now (web.md §1.4). */
function changedNotice(report: ReportView): Html {
  if (report.signature_now === null) return nothing;
  const body = html`<strong>The signature rules have changed.</strong> Processed again, this report would be <span class="sig">${breakable(cutText(report.signature_now, 200))}</span>.`;
  const actions = html`<a class="btn" href="${`/report/index/${report.crash_id}/signature`}">Why</a>`;
  return notice('info', body, { actions });
}

function tabs({ report, threads, modules, annotations }: WholeReportView): Html {
  const others = threads.filter((thread) => !thread.is_crashing).length;
  const count = (value: number) => html`<span class="count">${countText(value)}</span>`;
  return html`<nav class="tabs sticky" aria-label="Parts of this report"><a href="#stack" aria-current="true">Stack</a>${others > 0 ? html`<a href="#threads">Threads${count(others)}</a>` : nothing}${modules.length > 0 ? html`<a href="#modules">Modules${count(modules.length)}</a>` : nothing}<a href="#annotations">Annotations${count(annotations.public.length + (annotations.protected?.length ?? 0))}</a>${report.registers === null ? nothing : html`<a href="#registers">Registers</a>`}<a href="#notes">Processing</a><a href="#raw">Raw data</a></nav>`;
}

function rail({ whole: { report }, neighbours }: ReportPageParts, context: PageContext): Html {
  const now = context.parts.clock.now();
  const { seen, trend, same_client: sameClient } = neighbours;
  const first = dateIn(seen?.first_date);
  const last = dateIn(seen?.last_date);
  return html`<aside class="rail" aria-label="Signature"><section><h2>This signature <span class="aside"><a href="${signatureUrl(report)}">Open</a></span></h2>${
    trend === null
      ? nothing
      : smallChart(
          trend.days.map((day) => new Date(day)),
          trend.counts,
          `Crashes per day, last ${trend.days.length} days: ${countText(trend.total)} in all, at most ${countText(Math.max(0, ...trend.counts))} a day`,
        )
  }<dl class="kv">${trend === null ? nothing : html`<dt>Crashes</dt><dd>${countText(trend.total)} <span class="faint">in ${trend.days.length} days</span></dd>`}${seen === null ? html`<dt>All reports</dt><dd>not counted yet</dd>` : html`<dt>All reports</dt><dd>${countText(seen.report_count)}</dd>`}${first === null ? nothing : html`<dt>First seen</dt><dd>${ago(first, now)}${seen?.first_build ? html` <span class="faint">build ${seen.first_build}</span>` : nothing}</dd>`}${last === null ? nothing : html`<dt>Last seen</dt><dd>${ago(last, now)}</dd>`}</dl></section>${whySection(report)}${
    sameClient === null || sameClient.length === 0
      ? nothing
      : html`<section><h2>Same client ${lockBadge('protected')}</h2><ul>${sameClient.map((other) => html`<li>${other.crash_id === report.crash_id ? html`${otherDate(other.date)} <span class="soft">this report</span>` : html`<a href="${`/report/index/${other.crash_id}`}">${otherDate(other.date)}</a> <span class="soft">${other.signature === report.signature ? 'same signature' : breakable(other.signature)}</span>`}</li>`)}</ul></section>`
  }</aside>`;
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
  const content = html`<div class="page-head"><h1>No report with this id</h1><p class="lead"><span class="id">${crashId}</span></p></div>
<p class="prose">Looked in storage at ${now.toISOString().slice(11, 19)}. The id says that it was made on ${day}. The report may have been older than reports are kept, may have been discarded by the throttle rules, or has not arrived yet. <span class="faint">not_found</span></p>
<div class="actions section"><a class="btn" href="${`/report/index/${crashId}`}">Look again</a><a class="btn quiet" href="/search/">Search</a></div>`;
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
  const content = html`<div class="page-head"><h1>${reports.length} reports begin with <span class="id">${digits}</span></h1></div>
<div class="table-wrap"><table role="table" class="data tight stack" data-rows><caption class="vh">Reports</caption><thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Report</th><th role="columnheader" scope="col">Date</th><th role="columnheader" scope="col">Product</th><th role="columnheader" scope="col" class="grow">Signature</th></tr></thead><tbody role="rowgroup">${reports.map(
    (report) =>
      html`<tr role="row"><th role="rowheader" scope="row"><a class="id" href="${`/report/index/${report.crash_id}`}">${report.crash_id}</a></th><td role="cell" class="nowrap">${otherDate(report.date)}</td><td role="cell" class="nowrap">${report.product} ${report.version}</td><td role="cell" class="grow"><span class="sig">${breakable(report.signature)}</span></td></tr>`,
  )}</tbody></table></div>`;
  return renderPage({ title: 'Several reports', nav: 'search', page: 'chooser', content }, context);
}

/** What was asked for and not found, and every way that was tried (web.md §1.8). */
export function nothingFoundPage(text: string, tried: readonly string[], context: PageContext): Html {
  const content = html`<div class="page-head"><h1>Nothing found</h1><p class="lead"><span class="id">${text.slice(0, 200)}</span></p></div><p class="prose">Tried: <span class="faint">not_found</span></p><ul class="tried">${tried.map((one) => html`<li>${one}</li>`)}</ul><div class="actions section"><a class="btn" href="${urlWith('/search/', { signature: `~${text.slice(0, 200)}` })}">${icon('search')}Search signatures for it</a></div>`;
  return renderPage({ title: 'Nothing found', nav: 'search', page: 'nothing-found', content }, context);
}
