// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Html, html, nothing, urlWith } from '../html.ts';
import { type PageContext, renderPage } from '../page.ts';
import { crumbs, pageHead } from '../parts/heads.ts';
import { copyButton, lockBadge, notice, sectionHead } from '../parts/notices.ts';
import { dateIn, dateTimeText, durationText } from '../parts/times.ts';
import type { PendingView } from '../views/pending-view.ts';

/** The page of a report that has no result yet, or never will (web.md §1.3). */
export function pendingPage(view: PendingView, context: PageContext): Html {
  const content = view.state === 'failed' ? failedContent(view, context) : waitingContent(view);
  return renderPage(
    {
      title: view.state === 'failed' ? 'Report that cannot be processed' : 'Report not processed yet',
      nav: null,
      page: 'pending',
      product: view.product,
      ...(view.state === 'failed' ? {} : { scripts: ['pending.js'] }),
      content: html`${crumbs(view.product, [reportId(view.crash_id)])}${content}`,
    },
    context,
  );
}

/** The id of the report that a page is about, to be copied. */
export function reportId(crashId: string): Html {
  return html`Report <span class="id" id="crash-id">${crashId}</span>${copyButton('crash-id', 'Copy id')}`;
}

function waitingContent(view: PendingView): Html {
  const isExpected = view.state === 'expected';
  const where = isExpected
    ? 'The id is less than a day old and no store has the report yet: it may still be in the spool of a collector.'
    : 'The report is safe in storage and was put before others because you are looking.';
  const done = (text: string) => html`<span class="${isExpected ? 'todo' : 'state ok'}">${text}</span>`;
  const waiting = view.age_s === null ? 'Waiting' : `Waiting for ${durationText(view.age_s)}`;
  return html`<div class="page-head" data-state-url="${`/api/v1/reports/${view.crash_id}/state`}" id="pending">
  <h1>${isExpected ? 'Not here yet' : 'Received, not processed yet'}</h1>
  <p class="lead" role="status" id="pending-status">${view.progress}</p>
</div>
<p class="prose">${where} <span id="pending-how">Reload this page to look again.</span></p>
<section class="section" aria-labelledby="way">
${sectionHead('way', 'Way of this report')}
<ul class="timeline">
  <li><time>${timeOf(view.received_at)}</time><span>${done('Received')}${isExpected ? '' : productText(view)}</span></li>
  <li><time>–</time><span>${done('In storage')}</span></li>
  ${failedAttempt(view)}
  <li><time>now</time><span class="strong" id="pending-age">${waiting}</span></li>
  <li><time>–</time><span class="todo">Processed</span></li>
</ul>
</section>
<div class="actions section">
  <a class="btn" href="${`/report/index/${view.crash_id}`}">Look again</a>
  ${isExpected ? nothing : annotationsLink(view)}
  <a class="btn quiet" href="/status">Status of all queues</a>
</div>`;
}

/** What went wrong the last time, while it is tried again. */
function failedAttempt({ place }: PendingView): Html {
  if (place === null || place.last_error === null) return nothing;
  const failed = place.is_taken ? place.attempts - 1 : place.attempts;
  return html`<li><time>–</time><span><span class="state warn">Attempt ${failed} failed</span>: ${place.last_error}</span></li>`;
}

function productText({ product, version }: PendingView): string {
  const name = [product, version].filter(Boolean).join(' ');
  return name === '' ? '' : `, ${name}`;
}

function timeOf(text: string | null): string {
  const date = dateIn(text);
  return date === null ? '–' : dateTimeText(date);
}

function failedContent(view: PendingView, context: PageContext): Html {
  const { failure } = view;
  const at = dateIn(failure?.at);
  const tries = failure === null ? '' : `${failure.attempts} attempt${failure.attempts === 1 ? '' : 's'}`;
  const { slug, words } = reasonOf(failure?.reason ?? '');
  const body = html`<strong>${words}.</strong> ${tries}${at === null ? '' : `, the last ${dateTimeText(at)}`}.`;
  const actions = reprocessForm(view, context, 'Try again', 'btn');
  const program = [view.product, view.version].filter(Boolean).join(' ') || 'unknown';
  return html`${pageHead('This report cannot be processed')}
${notice('danger', body, slug === null ? { actions } : { slug, actions })}
<p class="prose">
  The report itself is safe in storage. It can be tried again at any time: after an update, or once missing symbols are
  there.
</p>
<dl class="kv section">
  <dt>Product</dt><dd>${program}</dd>
  <dt>Received</dt><dd>${timeOf(view.received_at)}</dd>
</dl>
<div class="actions section">
  ${annotationsLink(view, 'btn')}
  ${context.access.reader.permissions.has('view_rawdump') ? dumpLink(view) : nothing}
</div>`;
}

function dumpLink(view: PendingView): Html {
  const url = urlWith('/api/RawCrash/', { crash_id: view.crash_id, format: 'raw' });
  return html`<a class="btn quiet" href="${url}">Download the dump ${lockBadge('dump reader')}</a>`;
}

/** `dump_bad_signature: the dump is …` = slug and a sentence; a text without a slug is the sentence. */
function reasonOf(text: string): { readonly slug: string | null; readonly words: string } {
  const [, slug = null, rest = text] = /^([a-z]+(?:_[a-z0-9]+)+)(?::\s*|$)(.*)$/s.exec(text) ?? [];
  const words = (rest || 'Processing gave up').trim().replace(/\.$/, '');
  return { slug, words: words.charAt(0).toUpperCase() + words.slice(1) };
}

function annotationsLink(view: PendingView, style: 'btn' | 'btn quiet' = 'btn quiet'): Html {
  const url = urlWith('/api/RawCrash/', { crash_id: view.crash_id, pretty: 'print' });
  return html`<a class="${style}" href="${url}">Annotations as received</a>`;
}

/** A button that asks for processing, for those who may; a form, so that no link and no crawler can. */
export function reprocessForm(
  view: { readonly crash_id: string },
  context: PageContext,
  label: string,
  style: 'btn' | 'btn quiet',
): Html {
  const { reader, session } = context.access;
  if (!session || !reader.permissions.has('reprocess_crashes')) return nothing;
  return html`<form method="post" action="${`/report/index/${view.crash_id}/reprocess`}">
  <input type="hidden" name="csrf" value="${session.csrfSecret}">
  <button class="${style}" type="submit">${label}</button>
</form>`;
}
