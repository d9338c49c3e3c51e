// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { TriableList } from '../../signature/signature.ts';
import { type Html, html, nothing, urlWith } from '../html.ts';
import { webLimits } from '../limits.ts';
import { type PageContext, renderPage } from '../page.ts';
import { crumbs, pageHead } from '../parts/heads.ts';
import { command, notice, sectionHead, snippet } from '../parts/notices.ts';
import { cell, columnHead, dataTable, rowHead } from '../parts/tables.ts';
import { breakable, cutText } from '../parts/text.ts';
import type { WhyStep } from '../views/report-why.ts';
import type { SignatureChange, SignatureTrial } from '../views/signature-change.ts';
import { stepClass } from './report-sections.ts';

/** What each list does with a frame, in the words of the form. */
const listWords: Readonly<Record<TriableList, readonly [choice: string, link: string]>> = {
  irrelevant: ['Skip frames that match', 'skip'],
  prefix: ['Take frames that match, and go on', 'take and go on'],
  sentinels: ['Begin at frames that are exactly', 'begin here'],
};
const listNames = Object.keys(listWords) as TriableList[];

export interface SignatureChangePage {
  readonly crashId: string;
  readonly product: string | null;
  readonly change: SignatureChange | null;
  /** The trial, or why the entry is none. */
  readonly trial: SignatureTrial | { readonly problem: string };
}

/** Try a change to the lists on one report (web.md X2): the address holds the change, and nothing is written. */
export function signatureChangePage(page: SignatureChangePage, context: PageContext): Html {
  const { crashId, product, trial } = page;
  const report = html`<a href="${`/report/index/${crashId}`}">Report <span class="id">${crashId}</span></a>`;
  const content = html`${crumbs(product, [report, html`Try a change`])}
${pageHead('Try a change to the signature lists')}
<p class="prose">
  What would the signature of this report be with one more entry in a list? Nothing is saved, and the address holds the
  change.
</p>
${changeForm(page)}
${'problem' in trial ? problemNotice(trial.problem) : outcome(page, trial, context)}`;
  return renderPage(
    { title: 'Try a change to the signature lists', nav: null, page: 'signature-change', product, content },
    context,
  );
}

function problemNotice(problem: string): Html {
  return notice('danger', html`<strong>This entry cannot be used.</strong> ${problem}`, { slug: 'siglist_invalid' });
}

function changeForm({ crashId, change }: SignatureChangePage): Html {
  const options = listNames.map((name) =>
    name === change?.list
      ? html`<option value="${name}" selected>${listWords[name][0]}</option>`
      : html`<option value="${name}">${listWords[name][0]}</option>`,
  );
  return html`<form class="toolbar" method="get" action="${`/report/index/${crashId}/signature`}">
  <span class="group">
    <label class="vh" for="list">List</label>
    <select class="select" id="list" name="list">${options}</select>
  </span>
  <span class="group try-entry">
    <label class="vh" for="entry">Entry</label>
    <input class="input sig" id="entry" name="entry" required maxlength="${webLimits.signatureEntryMax.value}"
      placeholder="regular expression, matched from the beginning of a frame" value="${change?.entry ?? ''}"
      spellcheck="false" autocomplete="off">
  </span>
  <button class="btn primary" type="submit">Try</button>
</form>`;
}

function outcome(page: SignatureChangePage, trial: SignatureTrial, context: PageContext): Html {
  const { change } = page;
  const name = (text: string) => html`<span class="sig">${breakable(cutText(text, 500) || '(empty)')}</span>`;
  const isStale = trial.stored !== trial.now;
  const staleNote = isStale
    ? html` <span class="faint">the lists have changed since this report was processed</span>`
    : nothing;
  const then = (changed: string) =>
    changed === trial.now ? html`<span class="soft">the same</span>` : html`<strong>${name(changed)}</strong>`;
  const canKeep = change !== null && trial.changed !== trial.now && trial.file !== null;
  return html`<dl class="kv trial">
${isStale ? html`<dt>Stored</dt><dd>${name(trial.stored)}</dd>` : nothing}
<dt>Now</dt><dd>${name(trial.now)}${staleNote}</dd>
${trial.changed === null ? nothing : html`<dt>Then</dt><dd><span role="status">${then(trial.changed)}</span></dd>`}
</dl>
${steps(page, trial)}
${canKeep ? keepIt(trial.file, change, context) : nothing}`;
}

function steps({ crashId, change }: SignatureChangePage, { why }: SignatureTrial): Html {
  if (why === null || why.steps.length === 0)
    return html`<p class="prose section">This signature is not made from frames: no list decides on it.</p>`;
  const heads = [
    columnHead('#', 'num'),
    columnHead('Frame', 'what-cell'),
    columnHead('What became of it'),
    columnHead('Try'),
  ];
  const rows = why.steps.map((step) => stepRow(crashId, step));
  return html`<section class="section" aria-labelledby="steps">
${sectionHead('steps', change === null ? 'Frames now' : 'Frames with the change')}
${dataTable('Frames and what became of them', heads, rows, { look: 'tight stack steps-table' })}
</section>`;
}

function stepRow(crashId: string, step: WhyStep): Html {
  const list =
    step.list === null
      ? nothing
      : html` · <span title="${step.entry ?? ''}">${step.list.replace(/:0$/, ', your entry')}</span>`;
  return html`<tr role="row" class="${stepClass(step)}">
  ${rowHead(`${step.frame ?? '–'}${step.is_inline ? ' inl' : ''}`, 'num')}
  ${cell(html`<span class="what sig">${breakable(step.text)}</span>`, 'what-cell')}
  ${cell(html`${step.words}${list}`, 'soft')}
  ${cell(tryLinks(crashId, step), 'nowrap')}
</tr>`;
}

/** An entry that names exactly this frame. */
function tryLinks(crashId: string, step: WhyStep): Html {
  const exact = `${step.text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;
  const link = (list: TriableList) => {
    const entry = (list === 'sentinels' ? step.text : exact).slice(0, webLimits.signatureEntryMax.value);
    return html`<a href="${urlWith(`/report/index/${crashId}/signature`, { list, entry })}">${listWords[list][1]}</a>`;
  };
  return html`${listNames.map((list, at) => html`${at === 0 ? nothing : ' · '}${link(list)}`)}`;
}

function keepIt(file: string, { entry }: SignatureChange, { parts }: PageContext): Html {
  const weekAgo = new Date(parts.clock.now().getTime() - 7 * 86_400_000).toISOString().slice(0, 10);
  return html`<section class="section" aria-labelledby="keep">
${sectionHead('keep', 'To keep it')}
<ol class="numbered">
  <li><div>
    <h2>Add the entry to <code>${file}</code></h2>
    <p class="soft">
      in the directory that <code>SALVAGE_SIGNATURE_LIST_DIRECTORY</code> names. The file is read again by itself.
    </p>
    ${snippet('cmd-entry', entry)}
  </div></li>
  <li><div>
    <h2>See what else would change, then process those reports again</h2>
    ${command('cmd-dry', `salvage reprocess --since ${weekAgo} --dry-run`)}
  </div></li>
</ol>
</section>`;
}
