// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { raw } from 'hono/html';
import { type Html, html, nothing, safeUrl } from '../html.ts';
import type { FrameView, ThreadView } from '../views/report-stack.ts';
import { breakable, functionText } from './text.ts';

/** How a frame was found, as a word and as a sentence. */
const trusts: Readonly<Record<string, readonly [string, string]>> = {
  context: ['context', 'From the CPU registers at the crash'],
  prewalked: ['prewalked', 'From a stack that came with the dump'],
  cfi: ['cfi', 'Unwound with call frame information'],
  frame_pointer: ['frame ptr', 'Followed the frame pointer'],
  cfi_scan: ['cfi scan', 'Found by scanning, then checked with call frame information'],
  scan: ['scan', 'Guessed by scanning the stack: this frame may be wrong'],
  inlined: ['inlined', 'Inlined into the next real frame'],
};

/** Cells of one page by what is in them: a hundred threads wait in the same ten functions. */
export class FrameCells {
  readonly #made = new Map<string, Html>();

  /** The cells with this content, made once. */
  of(content: readonly unknown[], make: () => Html): Html {
    const key = JSON.stringify(content);
    const known = this.#made.get(key);
    if (known) return known;
    const made = make();
    this.#made.set(key, made);
    return made;
  }
}

const listHead = raw(
  `<li class="frame head" aria-hidden="true">${[
    '<span class="fno">#</span>',
    '<span>Function</span>',
    '<span>Module</span>',
    '<span>Source</span>',
    '<span>Trust</span>',
  ].join('')}</li>`,
);

/** The frames of a thread. */
export function frameList(thread: ThreadView, cells: FrameCells, id: string | null = null): Html {
  let module: string | null = null;
  const lines = thread.frames.map((frame) => {
    const isSame = frame.module !== null && frame.module === module;
    module = frame.module;
    return frameLine(frame, isSame, cells);
  });
  const list = html`${listHead}${lines}`;
  return id === null ? html`<ol class="frames">${list}</ol>` : html`<ol class="frames" id="${id}">${list}</ol>`;
}

function frameLine(frame: FrameView, isSameModule: boolean, cells: FrameCells): Html {
  const anchor = `#${frame.id}`;
  const { text, owner, has_function, gave_signature, module, module_id, file, line, source_url, trust } = frame;
  const content = [
    text,
    owner,
    has_function,
    gave_signature,
    module,
    isSameModule,
    module_id,
    file,
    line,
    source_url,
    trust,
  ];
  const rest = cells.of(content, () => frameCells(frame, isSameModule));
  return html`<li class="${frameClasses(frame)}" id="${frame.id}"><a class="fno" href="${anchor}">${frame.frame}</a>${rest}</li>`;
}

function frameCells(frame: FrameView, isSameModule: boolean): Html {
  const module = html`<span class="${isSameModule ? 'mod same' : 'mod'}">${frame.module ?? ''}</span>`;
  return html`${functionCell(frame)}${module}${sourceCell(frame)}${trustCell(frame)}`;
}

function frameClasses(frame: FrameView): string {
  const classes = ['frame'];
  if (frame.owner === 'ours') classes.push('app');
  if (frame.owner === 'system') classes.push('sys');
  if (frame.owner === 'no_symbols') classes.push('lost');
  if (frame.is_inline) classes.push('inl');
  if (frame.is_crash) classes.push('crash');
  if (frame.gave_signature) classes.push('named');
  if (frame.trust === 'scan') classes.push('guess');
  return classes.join(' ');
}

function functionCell(frame: FrameView): Html {
  if (!frame.has_function)
    return frame.gave_signature
      ? html`<span class="fn"><b>${frame.text}</b></span>`
      : html`<span class="fn"><i>${frame.text}</i></span>`;
  return html`<span class="fn">${functionText(frame.text, { cutsTemplates: frame.owner !== 'ours' })}</span>`;
}

function sourceCell(frame: FrameView): Html {
  if (frame.owner === 'no_symbols')
    return frame.module_id === null
      ? html`<span class="src"><span>no symbols</span></span>`
      : html`<span class="src"><span>no symbols · <a href="${`#${frame.module_id}`}">module</a></span></span>`;
  if (frame.file === null) return html`<span class="src"></span>`;
  const { directory, leaf } = splitPath(frame.file);
  const line = frame.line === null ? '' : `:${frame.line}`;
  const place = html`<span>${leaf}</span><span>${line}</span>`;
  const full = `${frame.file}${line}`;
  return html`<span class="src">${directory === '' ? nothing : html`<span class="dir">${directory}</span>`}${
    frame.source_url === null
      ? html`<span class="at" title="${full}">${place}</span>`
      : html`<a class="at" href="${safeUrl(frame.source_url)}" rel="noreferrer" title="${full}">${place}</a>`
  }</span>`;
}

/** The directory gives way first, then the file, the line never. */
export function splitPath(path: string): { directory: string; leaf: string } {
  const at = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  return { directory: path.slice(0, at), leaf: path.slice(at) };
}

function trustCell({ trust }: FrameView): Html {
  const known = Object.hasOwn(trusts, trust) ? trusts[trust] : undefined;
  if (!known) return html`<span class="trust"></span>`;
  return raw(`<span class="trust" title="${known[1]}">${known[0]}</span>`) as Html;
}

/** A thread that did not crash: one line, its frames on request. */
export function threadDetails(thread: ThreadView, cells: FrameCells): Html {
  const top = thread.frames.find((frame) => !frame.is_inline) ?? thread.frames[0];
  const shown = thread.frames.filter((frame) => !frame.is_inline).length;
  const rest = thread.frame_count - shown;
  const name = thread.name ?? (thread.thread_id === null ? '' : `id ${thread.thread_id}`);
  const line = [
    html`<span class="tno">${thread.index}</span>`,
    html`<span class="clip">${name}</span>`,
    html`<span class="top">${top?.text ?? 'no frames'}</span>`,
    html`<span class="num faint">${thread.frame_count} frame${thread.frame_count === 1 ? '' : 's'}</span>`,
  ];
  return html`<details class="thread" id="${`t${thread.index}`}">
<summary>${line}</summary>
${frameList(thread, cells)}
${rest > 0 ? html`<p class="soft">${rest} more frames are in the raw data.</p>` : nothing}
</details>`;
}

/** A signature that wraps where names end; over 120 characters in a smaller size. */
export function signatureHeading(signature: string): Html {
  return html`<h1 class="${signature.length > 120 ? 'signature long' : 'signature'}">${breakable(signature)}</h1>`;
}
