// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type Html, html, nothing, urlWith } from '../html.ts';
import { bytesText, countText } from '../parts/figures.ts';
import { FrameCells, frameList, threadDetails } from '../parts/frames.ts';
import { command, copyButton, lockBadge, notice, sectionHead } from '../parts/notices.ts';
import { cell, columnHead, dataTable, numberCell, rowHead } from '../parts/tables.ts';
import { breakable } from '../parts/text.ts';
import { dateIn, dateTimeText } from '../parts/times.ts';
import type { AnnotationsView, AnnotationView } from '../views/report-annotations.ts';
import type { FactView } from '../views/report-facts.ts';
import type { ModuleView, UnloadedModuleView } from '../views/report-modules.ts';
import type { ThreadView } from '../views/report-stack.ts';
import { frameLine } from '../views/report-text.ts';
import type { ReportView } from '../views/report-view.ts';
import type { WhyStep } from '../views/report-why.ts';

export function factsList(facts: readonly FactView[]): Html {
  const rows = facts.map(({ name, value, note }) => {
    const after = note === null ? nothing : html` <span class="faint">${note}</span>`;
    return html`<div><dt>${name}</dt><dd>${value}${after}</dd></div>`;
  });
  return html`<dl class="kv cols facts">${rows}</dl>`;
}

/** The crashing thread, with what its missing symbols hide and how to bring them. */
export function stackSection(report: ReportView): Html {
  const thread = report.crashing_thread;
  if (thread === null || thread.frames.length === 0) return noStack(report, thread);
  const actions = html`${pressButton('app-only', 'Our frames only')}
${pressButton('full-names', 'Full names')}
${copyButton('stack-text', 'Copy stack', 'btn quiet')}`;
  const title = [thread.index, thread.name].filter((part) => part !== null).join(', ');
  const lines = thread.frames.map((frame) => `${frameLine(frame, 2000)}\n`);
  const leftOut = `${countText(thread.frames_left_out)} of ${countText(thread.frame_count)} frames were left out`;
  return html`${missingSymbolsNotice(report)}
<pre id="stack-text" hidden>${lines}</pre>
<section class="section" aria-labelledby="stack">
${sectionHead('stack', 'Crashing thread', title, actions)}
${frameList(thread, new FrameCells(), 'stack-frames')}
${thread.frames_left_out > 0 ? html`<p class="soft">${leftOut}: the stack is endless or damaged.</p>` : nothing}
</section>`;
}

/** A button that changes how the stack is shown while it is pressed. */
function pressButton(look: string, text: string): Html {
  return html`<button class="btn quiet" type="button"
  aria-pressed="false" data-press-class="${look}" data-for="stack-frames">${text}</button>`;
}

function noStack(report: ReportView, thread: ThreadView | null): Html {
  const java = report.details.find(({ name }) => name === 'Java stack trace');
  const status = report.processing.walker_status;
  const why =
    status !== null && status !== 'OK'
      ? `The stackwalker says: ${status}.`
      : 'The dump names no crashing thread, or there is no dump.';
  const index = thread === null ? null : String(thread.index);
  return html`<section class="section" aria-labelledby="stack">
${sectionHead('stack', 'Crashing thread', index)}
${java ? well('Java stack trace', html`${java.value}`) : html`<p class="prose">There is no stack. ${why}</p>`}
</section>`;
}

/** Text as it is, in a box that scrolls. */
function well(label: string, text: Html): Html {
  return html`<pre class="well" role="region" tabindex="0" aria-label="${label}">${text}</pre>`;
}

function missingSymbolsNotice({ missing_symbols: all, crashing_thread: thread }: ReportView): Html {
  const missing = all.filter((one) => !one.is_system);
  const systems = all.filter((one) => one.is_system);
  const [first] = missing;
  // Frames of the system alone hide nothing of ours; the stack marks them.
  if (!first) return nothing;
  const frames = missing.reduce((sum, one) => sum + one.frames, 0);
  const guesses = thread?.frames.filter(({ trust }) => trust === 'scan').length ?? 0;
  const names =
    missing.length === 1
      ? html`${first.debug_file ?? first.module} has no symbols.`
      : html`${missing.length} modules have no symbols.`;
  const guessed = guesses > 0 ? `, and ${guesses} ${guesses === 1 ? 'is a guess' : 'are guesses'}` : '';
  const links = (modules: typeof all) =>
    modules.map((one, at) => html`${at > 0 ? ', ' : ''}<a href="${`#${one.module_id}`}">${one.module}</a>`);
  const nameless =
    frames === 1 ? '1 frame of this thread has no name' : `${frames} frames of this thread have no names`;
  const commands = missing.slice(0, 3).map((one, at) =>
    one.command === null
      ? html`<p class="soft">${one.module} (${one.debug_id ?? 'no debug id'})</p>`
      : html`${command(`cmd-symbols-${at}`, one.command)}
<p class="faint">${one.debug_file ?? one.module} <span class="id">${one.debug_id ?? ''}</span></p>`,
  );
  const body = html`<strong>${names}</strong> ${nameless}${guessed}. Make the symbols where the program was built,
  add them on the server, then process the report again.
${commands}
${missing.length > 3 ? html`<p class="soft">and ${links(missing.slice(3))}</p>` : nothing}
${systems.length > 0 ? html`<p class="soft">Also without symbols, of the system: ${links(systems)}</p>` : nothing}`;
  return notice('warn', body);
}

export function threadsSection(threads: readonly ThreadView[]): Html {
  const others = threads.filter((thread) => !thread.is_crashing);
  if (others.length === 0) return nothing;
  const actions = html`<button class="btn quiet" type="button" data-open-all="details.thread">Open all</button>`;
  const shown = others.slice(0, 150);
  const rest = others.slice(150);
  const cells = new FrameCells();
  const details = (thread: ThreadView) => threadDetails(thread, cells);
  return html`<section class="section threads" aria-labelledby="threads">
${sectionHead('threads', 'Other threads', countText(others.length), actions)}
${shown.map(details)}
${rest.length > 0 ? moreDetails(`${rest.length} more threads`, html`${rest.map(details)}`) : nothing}
</section>`;
}

/** What is there on request. */
function moreDetails(summary: string, content: Html): Html {
  return html`<details class="more">
<summary>${summary}</summary>
${content}
</details>`;
}

const symbolClasses: Readonly<Record<ModuleView['symbols'], string>> = {
  loaded: 'state ok',
  missing: 'state warn',
  corrupt: 'state danger',
  'not needed': 'state',
};

export function modulesSection(modules: readonly ModuleView[], unloaded: readonly UnloadedModuleView[]): Html {
  if (modules.length === 0 && unloaded.length === 0) return nothing;
  const used = modules.filter((module) => module.frames > 0);
  const first = used.length > 0 ? used : modules.slice(0, 20);
  const rest = modules.filter((module) => !first.includes(module));
  const aside = `${countText(modules.length)} loaded${unloaded.length > 0 ? `, ${countText(unloaded.length)} unloaded` : ''}`;
  const more = `${countText(rest.length)} more module${rest.length === 1 ? '' : 's'} without frames in this crash`;
  const gone = `${countText(unloaded.length)} unloaded module${unloaded.length === 1 ? '' : 's'}`;
  return html`<section class="section" aria-labelledby="modules">
${sectionHead('modules', 'Modules', aside)}
${moduleTable(first, 'Modules with frames')}
${rest.length > 0 ? moreDetails(more, moduleTable(rest, 'Modules without frames')) : nothing}
${unloaded.length > 0 ? moreDetails(gone, unloadedList(unloaded)) : nothing}
</section>`;
}

function unloadedList(modules: readonly UnloadedModuleView[]): Html {
  const rows = modules.map(
    ({ filename, code_id: codeId }) => html`<div><dt>${filename}</dt><dd>${codeId ?? ''}</dd></div>`,
  );
  return html`<dl class="kv rows">${rows}</dl>`;
}

function moduleTable(modules: readonly ModuleView[], caption: string): Html {
  const areSigned = modules.some(({ signer }) => signer !== null);
  const heads = [
    columnHead('Module'),
    columnHead('Symbols'),
    columnHead('Frames', 'num'),
    columnHead('Version', 'mid-wide'),
    columnHead('Debug file', 'mid-wide'),
    ...(areSigned
      ? [columnHead('Debug id', 'wide'), columnHead('Signed by', 'grow wide')]
      : [columnHead('Debug id', 'grow wide')]),
  ];
  const all = modules.map((module) => moduleRow(module, areSigned));
  return dataTable(caption, heads, all, { look: 'tight stack modules' });
}

function moduleRow(module: ModuleView, areSigned: boolean): Html {
  const debugFile = module.debug_file ?? '';
  const debugId = html`<code class="soft">${module.debug_id ?? ''}</code>`;
  const signer = html`<span class="clip">${module.signer ?? ''}</span>`;
  return html`<tr role="row" id="${module.id}">
  ${rowHead(html`<code title="${module.filename}">${module.filename}</code>`, 'nowrap name')}
  ${cell(html`<span class="${symbolClasses[module.symbols]}">${module.symbols}</span>`, 'nowrap', 'Symbols')}
  ${numberCell(module.frames === 0 ? html`<span class="faint">0</span>` : countText(module.frames), 'Frames')}
  ${cell(html`<code>${module.version ?? ''}</code>`, 'nowrap mid-wide')}
  ${cell(html`<code title="${debugFile}">${debugFile}</code>`, 'nowrap mid-wide')}
  ${areSigned ? [cell(debugId, 'nowrap wide'), cell(signer, 'soft grow wide')] : cell(debugId, 'nowrap grow wide')}
</tr>`;
}

function rows(annotations: readonly AnnotationView[] | readonly FactView[]): Html {
  const all = annotations.map(
    ({ name, value }) => html`<div><dt>${name}</dt><dd class="value">${value}${timeNote(name, value)}</dd></div>`,
  );
  return html`<dl class="kv rows">${all}</dl>`;
}

/** Seconds since 1970, as annotations such as `CrashTime` have them, as a date beside them. */
function timeNote(name: string, value: string): Html {
  const date = /Time$/.test(name) && /^\d{9,10}$/.test(value) ? dateIn(Number(value)) : null;
  return date === null ? nothing : html` <span class="faint">${dateTimeText(date)}</span>`;
}

const annotationsAtOnce = 60;

export function annotationsSection(annotations: AnnotationsView, report: ReportView): Html {
  const details = report.protected_details ?? [];
  // What stands there under its processed name already needs no second line.
  const hidden =
    annotations.protected?.filter(({ value }) => !details.some((detail) => detail.value === value)) ?? null;
  const all = annotations.public.length + (annotations.protected?.length ?? 0);
  const shown = annotations.public.slice(0, annotationsAtOnce);
  const rest = annotations.public.slice(annotationsAtOnce);
  return html`<section class="section" aria-labelledby="annotations">
${sectionHead('annotations', 'Annotations', hidden === null ? null : countText(all))}
${hidden === null ? publicOnly : protectedRows([...details, ...hidden])}
<h3 class="sub-head">Public</h3>
${annotations.public.length === 0 ? html`<p class="soft">None.</p>` : rows(shown)}
${rest.length > 0 ? moreDetails(`${rest.length} more public annotations`, rows(rest)) : nothing}
${report.details.length > 0 ? html`<h3 class="sub-head">Further details</h3>${rows(report.details)}` : nothing}
</section>`;
}

const publicOnly = html`<p class="soft">
  Public annotations. What a person wrote, where they were, and whatever is not known to be harmless needs the permission
  to see protected data.
</p>`;

function protectedRows(values: readonly AnnotationView[] | readonly FactView[]): Html {
  if (values.length === 0) return nothing;
  return html`<h3 class="sub-head">Protected ${lockBadge(String(values.length))}</h3>
${rows(values)}`;
}

export function registersSection(report: ReportView): Html {
  const { registers, instruction, memory_accesses: accesses } = report;
  if (registers === null && instruction === null) return nothing;
  const values = (registers ?? []).map(([name, value]) => {
    const digits = value.replace(/^0x/, '');
    return html`<div><dt><code>${name}</code></dt><dd><code>${digits}</code></dd></div>`;
  });
  const touched = (accesses ?? []).map(
    ({ address, size, kind }) => `\n  ${kind} of ${size ?? '?'} bytes at ${address}`,
  );
  return html`<section class="section" aria-labelledby="registers">
<div class="section-head"><h2 id="registers">Registers ${lockBadge('protected')}</h2></div>
<dl class="kv cols regs">${values}</dl>
${instruction === null ? nothing : well('Instruction at the fault', html`<b>→ ${instruction}</b>${touched}`)}
</section>`;
}

export function lostPartsNotice({ lost_parts: lost }: ReportView): Html {
  if (lost.length === 0) return nothing;
  const one = lost[0] as (typeof lost)[number];
  const parts = lost.map(
    ({ name, size_bytes: size, limit_bytes: limit, reason }) =>
      html` <code>${name}</code>${size === null ? '' : ` of ${bytesText(size)}`}: ${reason}${limit === null ? '' : ` (${bytesText(limit)})`}.`,
  );
  const count = lost.length === 1 ? 'One part was lost.' : `${lost.length} parts were lost.`;
  const isWhole = !lost.some(({ slug }) => slug === 'too_many_files');
  const body = html`<strong>${count}</strong>${parts}${isWhole ? ' The dump is whole.' : nothing}`;
  return notice('info', body, { slug: one.slug });
}

export function processingSection(report: ReportView): Html {
  const { processing } = report;
  const step = (text: string | null, words: string) => {
    const date = dateIn(text);
    return date === null ? nothing : html`<li><time>${dateTimeText(date)}</time><span>${words}</span></li>`;
  };
  const walker =
    processing.walker === null
      ? ''
      : ` by the stackwalker of ${/^\d/.test(processing.walker) ? 'Salvage ' : ''}${processing.walker}`;
  const said =
    processing.walker_status === null || processing.walker_status === 'OK'
      ? ''
      : `; stackwalker: ${processing.walker_status}`;
  const collector = processing.collector ?? [];
  return html`<section class="section" aria-labelledby="notes">
${sectionHead('notes', 'Processing')}
${lostPartsNotice(report)}
<ul class="timeline">
${step(processing.received_at, `Received, throttle ${processing.throttle}`)}
${step(processing.started_at, 'Processing began')}
${step(processing.completed_at, `Processed${walker}${said}`)}
</ul>
${collector.length > 0 ? html`<h3 class="sub-head">What the collector knew ${lockBadge('protected')}</h3>${rows(collector)}` : nothing}
${notesOf(processing)}
${report.withheld.length > 0 ? withheldLine(report.withheld) : nothing}
</section>`;
}

/** Notes of the last pass, those of earlier passes on request. */
function notesOf({ notes, history }: ReportView['processing']): Html {
  const earlier = `Notes of ${history.length} earlier pass${history.length === 1 ? '' : 'es'}`;
  return html`<h3 class="sub-head">Notes</h3>
${notes === '' ? html`<p class="soft">None.</p>` : well('Processor notes', html`${notes}`)}
${history.length > 0 ? moreDetails(earlier, html`${history.map((one) => html`<pre class="well">${one}</pre>`)}`) : nothing}`;
}

function withheldLine(paths: readonly string[]): Html {
  const names = paths.map((path, at) => html`${at > 0 ? ', ' : ''}<code>${path.slice(0, 100)}</code>`);
  return html`<p class="soft">Withheld because they are not what they should be: ${names}</p>`;
}

export function rawSection(report: ReportView): Html {
  const id = report.crash_id;
  const hiddenMark = report.rights.sees_protected ? lockBadge('with protected data') : nothing;
  const dumps = (report.dumps ?? []).map((name) => {
    const url = urlWith('/api/RawCrash/', { crash_id: id, format: 'raw', name });
    return html`<li><a href="${url}">${name}.dmp</a> ${lockBadge('dump reader')}</li>`;
  });
  return html`<section class="section" aria-labelledby="raw">
${sectionHead('raw', 'Raw data')}
<ul class="links raw">
<li><a href="${urlWith('/api/ProcessedCrash/', { crash_id: id, pretty: 'print' })}">Processed crash, JSON</a> ${hiddenMark}</li>
<li><a href="${urlWith('/api/RawCrash/', { crash_id: id, pretty: 'print' })}">Annotations, JSON</a> ${hiddenMark}</li>
<li><a href="${`/api/v1/reports/${id}?pretty=print`}">This page as JSON</a></li>
<li><a href="${`/api/v1/reports/${id}/report.md`}">Markdown</a></li>
<li><a href="${`/api/v1/reports/${id}/report.txt`}">Text</a></li>
${dumps}
</ul>
</section>`;
}

/** Which frames were skipped and taken, and what the rules did then. */
export function whySection(report: ReportView): Html {
  const { why, crash_id: id } = report;
  if (why === null)
    return html`<section>
<h2>Why this signature</h2>
<p class="soft">
  This report was processed before the reasons were kept. Processing it again writes them down.
</p>
</section>`;
  const change = html`<span class="aside"><a href="${`/report/index/${id}/signature`}">Try a change</a></span>`;
  const rules = why.rules.map(({ rule, words, signature }) => {
    const result = html`${words}: <span class="sig">${breakable(signature)}</span>`;
    return explained('', 'rule', html`<span class="what">${rule}</span>`, result);
  });
  return html`<section>
<h2>Why this signature ${why.steps.length > 0 ? change : nothing}</h2>
<p class="soft">Made from ${why.source}.</p>
<ol class="steps">
${runsOf(why.steps).map(runItem)}
${rules}
</ol>
</section>`;
}

/** One line of the story: its number, what it is about, and what was done with it. */
function explained(look: string, number: string, what: Html, words: Html): Html {
  return html`<li class="${look}"><span class="n">${number}</span><span>${what}<span class="rule">${words}</span></span></li>`;
}

/** Frames in a row that met the same fate for the same reason: what was above a sentinel is one line. */
function runsOf(steps: readonly WhyStep[]): readonly (readonly WhyStep[])[] {
  const runs: WhyStep[][] = [];
  for (const step of steps) {
    const run = runs.at(-1);
    if (step.fate === 'above' && run?.[0]?.fate === 'above' && run[0].words === step.words) run.push(step);
    else runs.push([step]);
  }
  return runs;
}

function runItem(run: readonly WhyStep[]): Html {
  const [first] = run as readonly [WhyStep];
  if (run.length === 1) return stepItem(first);
  const last = run.at(-1) as WhyStep;
  const numbers = first.frame === last.frame ? `${first.frame}` : `${first.frame}–${last.frame}`;
  const summary = html`<span class="what">${run.length} frames</span><span class="rule">${first.words}</span>`;
  const names = run.map(({ text }) => html`<span class="what sig">${breakable(text)}</span>`);
  return html`<li class="skip-step">
<span class="n">${numbers}</span>
<details class="run"><summary>${summary}</summary>${names}</details>
</li>`;
}

function stepItem(step: WhyStep): Html {
  const number = `${step.frame ?? '–'}${step.is_inline ? ' inl' : ''}`;
  const list = step.list === null ? nothing : html` · <span title="${step.entry ?? ''}">${step.list}</span>`;
  const what = html`<span class="what sig">${breakable(step.text)}</span>`;
  return explained(stepClass(step), number, what, html`${step.words}${list}`);
}

export function stepClass({ is_taken: isTaken, fate }: WhyStep): string {
  if (isTaken) return 'take';
  return fate === 'below' ? '' : 'skip-step';
}
