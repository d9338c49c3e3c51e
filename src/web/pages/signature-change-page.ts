// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { TriableList } from '../../signature/signature.ts';
import { type Html, html, nothing, urlWith } from '../html.ts';
import { webLimits } from '../limits.ts';
import { type PageContext, renderPage } from '../page.ts';
import { crumbs } from '../parts/heads.ts';
import { command, notice, sectionHead, snippet } from '../parts/notices.ts';
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
<div class="page-head"><h1>Try a change to the signature lists</h1></div>
<p class="prose">What would the signature of this report be with one more entry in a list? Nothing is saved, and the address holds the change.</p>
${changeForm(page)}
${'problem' in trial ? notice('danger', html`<strong>This entry cannot be used.</strong> ${trial.problem}`, { slug: 'siglist_invalid' }) : outcome(page, trial, context)}`;
  return renderPage(
    { title: 'Try a change to the signature lists', nav: null, page: 'signature-change', product, content },
    context,
  );
}

function changeForm({ crashId, change }: SignatureChangePage): Html {
  const options = listNames.map((name) =>
    name === change?.list
      ? html`<option value="${name}" selected>${listWords[name][0]}</option>`
      : html`<option value="${name}">${listWords[name][0]}</option>`,
  );
  return html`<form class="toolbar" method="get" action="${`/report/index/${crashId}/signature`}">
  <span class="group"><label class="vh" for="list">List</label><select class="select" id="list" name="list">${options}</select></span>
  <span class="group try-entry"><label class="vh" for="entry">Entry</label><input class="input sig" id="entry" name="entry" required maxlength="${webLimits.signatureEntryMax.value}" placeholder="regular expression, matched from the beginning of a frame" value="${change?.entry ?? ''}" spellcheck="false" autocomplete="off"></span>
  <button class="btn primary" type="submit">Try</button>
</form>`;
}

function outcome(page: SignatureChangePage, trial: SignatureTrial, context: PageContext): Html {
  const { change } = page;
  const name = (text: string) => html`<span class="sig">${breakable(cutText(text, 500) || '(empty)')}</span>`;
  const isStale = trial.stored !== trial.now;
  const rows = html`<dl class="kv trial">${isStale ? html`<dt>Stored</dt><dd>${name(trial.stored)}</dd>` : nothing}<dt>Now</dt><dd>${name(trial.now)}${isStale ? html` <span class="faint">the lists have changed since this report was processed</span>` : nothing}</dd>${
    trial.changed === null
      ? nothing
      : html`<dt>Then</dt><dd><span role="status">${trial.changed === trial.now ? html`<span class="soft">the same</span>` : html`<strong>${name(trial.changed)}</strong>`}</span></dd>`
  }</dl>`;
  return html`${rows}${steps(page, trial)}${change !== null && trial.changed !== trial.now && trial.file !== null ? keepIt(trial.file, change, context) : nothing}`;
}

function steps({ crashId, change }: SignatureChangePage, { why }: SignatureTrial): Html {
  if (why === null || why.steps.length === 0)
    return html`<p class="prose section">This signature is not made from frames: no list decides on it.</p>`;
  const rows = why.steps.map(
    (step) =>
      html`<tr role="row" class="${stepClass(step)}"><th role="rowheader" scope="row" class="num">${step.frame ?? '–'}${step.is_inline ? ' inl' : ''}</th><td role="cell" class="what-cell"><span class="what sig">${breakable(step.text)}</span></td><td role="cell" class="soft">${step.words}${step.list === null ? '' : html` · <span title="${step.entry ?? ''}">${step.list.replace(/:0$/, ', your entry')}</span>`}</td><td role="cell" class="nowrap">${tryLinks(crashId, step)}</td></tr>`,
  );
  return html`<section class="section" aria-labelledby="steps">${sectionHead('steps', change === null ? 'Frames now' : 'Frames with the change')}
<div class="table-wrap"><table role="table" class="data tight stack steps-table"><caption class="vh">Frames and what became of them</caption><thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col" class="num">#</th><th role="columnheader" scope="col" class="what-cell">Frame</th><th role="columnheader" scope="col">What became of it</th><th role="columnheader" scope="col">Try</th></tr></thead><tbody role="rowgroup">${rows}</tbody></table></div></section>`;
}

/** An entry that names exactly this frame. */
function tryLinks(crashId: string, step: WhyStep): Html {
  const exact = `${step.text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;
  const link = (list: TriableList) => {
    const entry = list === 'sentinels' ? step.text : exact;
    return html`<a href="${urlWith(`/report/index/${crashId}/signature`, { list, entry: entry.slice(0, webLimits.signatureEntryMax.value) })}">${listWords[list][1]}</a>`;
  };
  return html`${listNames.map((list, at) => html`${at === 0 ? nothing : ' · '}${link(list)}`)}`;
}

function keepIt(file: string, { entry }: SignatureChange, { parts }: PageContext): Html {
  const weekAgo = new Date(parts.clock.now().getTime() - 7 * 86_400_000).toISOString().slice(0, 10);
  return html`<section class="section" aria-labelledby="keep">${sectionHead('keep', 'To keep it')}
<ol class="numbered"><li><div><h2>Add the entry to <code>${file}</code></h2><p class="soft">in the directory that <code>SALVAGE_SIGNATURE_LIST_DIRECTORY</code> names. The file is read again by itself.</p>${snippet('cmd-entry', entry)}</div></li>
<li><div><h2>See what else would change, then process those reports again</h2>${command('cmd-dry', `salvage reprocess --since ${weekAgo} --dry-run`)}</div></li></ol></section>`;
}
