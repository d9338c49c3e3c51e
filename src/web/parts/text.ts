// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { raw } from 'hono/html';
import { type Html, html, nothing } from '../html.ts';

/** Cut to a number of characters, whole characters only, with an ellipsis where something is missing. */
export function cutText(text: string, max: number): string {
  return text.length <= max
    ? text
    : `${text
        .slice(0, max)
        .toWellFormed()
        .replace(/\ufffd$/, '')}…`;
}

/** Text of our own in which names stand in backquotes, as in declarations and messages. */
export function ticked(text: string): Html {
  return html`${text.split('`').map((piece, at) => (at % 2 === 1 ? html`<code>${piece}</code>` : piece))}`;
}

/** Kinds of processes as people say them. */
export const processNames: Readonly<Record<string, string>> = {
  parent: 'Main',
  content: 'Content',
  gpu: 'GPU',
  plugin: 'Plug-in',
  rdd: 'RDD',
  socket: 'Socket',
  utility: 'Utility',
};

/** The name of a kind of process; kinds that only one program knows keep their own word. */
export function processName(type: string): string {
  return Object.hasOwn(processNames, type) ? (processNames[type] as string) : type;
}

/** A name that may break after `::`, `,`, `<` and `/`, and nowhere else before it must. */
export function breakable(text: string): Html {
  // Escaped once, then broken: no entity that escaping makes holds one of these but `&lt;` itself.
  return raw(String(html`${text}`).replace(/::|,|&lt;|\//g, '$&<wbr>'));
}

/** A name on one line with the ellipsis in its middle: the tail, which tells it from others, always stays. */
export function middle(text: string): Html {
  const at = tailStart(text);
  const head = text.slice(0, at);
  const tail = text.slice(at);
  return head === ''
    ? breakable(tail)
    : html`<span class="mid"><span>${breakable(head)}</span><span>${breakable(tail)}</span></span>`;
}

/** A signature on one line that leads somewhere. */
export function signatureLink(url: string, signature: string): Html {
  const name = signature.slice(0, 1000);
  return html`<a class="sig" href="${url}" title="${name}">${middle(name)}</a>`;
}

/** Where the tail begins: at the last `::` or ` | ` that leaves a name of reasonable length. */
function tailStart(text: string): number {
  if (text.length < 24) return 0;
  const bar = text.lastIndexOf(' | ');
  const scope = text.lastIndexOf('::');
  const at = Math.max(bar, scope, 0);
  const tailLength = text.length - at;
  return at > 0 && tailLength <= 44 && tailLength >= 4 ? at : text.length - 20;
}

/** A function's name in three tones: scope, own name, arguments. Linear in its length. */
export function functionText(name: string, options: { readonly cutsTemplates: boolean }): Html {
  const { scope, own, args } = splitFunction(name);
  const shown = (text: string) => (options.cutsTemplates ? withCutTemplates(text) : breakable(text));
  return html`${shown(scope)}<b>${shown(own)}</b>${args === '' ? nothing : html`<span class="args">${breakable(args)}</span>`}`;
}

/** `a::B<c>::d(int) const` = scope `a::B<c>::`, own name `d`, arguments `(int) const`. */
export function splitFunction(name: string): { scope: string; own: string; args: string } {
  const argsAt = argumentsStart(name);
  const head = name.slice(0, argsAt);
  const operator = /(?:^|::)(operator[^\w\s].*)$/.exec(head);
  const ownAt = operator ? head.length - (operator[1] as string).length : lastScope(head);
  return { scope: head.slice(0, ownAt), own: head.slice(ownAt), args: name.slice(argsAt) };
}

function argumentsStart(name: string): number {
  const end = /\)(?: const| volatile| noexcept|&{1,2}| \[[^\]]*\])*$/.exec(name)?.index;
  if (end === undefined) return name.length;
  let depth = 0;
  for (let at = end; at > 0; at--) {
    if (name[at] === ')') depth++;
    if (name[at] !== '(' || --depth > 0) continue;
    const isOwnName = name.startsWith('(anonymous', at) || /operator$/.test(name.slice(Math.max(0, at - 8), at));
    return isOwnName ? name.length : at;
  }
  return name.length;
}

/** Behind the last `::` that is not inside brackets. */
function lastScope(head: string): number {
  let depth = 0;
  for (let at = head.length - 1; at > 0; at--) {
    const letter = head[at] as string;
    if ('>)}]'.includes(letter) && head[at - 1] !== '-') depth++;
    else if ('<({['.includes(letter)) depth--;
    else if (letter === ':' && head[at - 1] === ':' && depth === 0) return at + 1;
  }
  return 0;
}

/** Template arguments longer than this are folded in frames that are not ours. */
const templateShownMax = 26;

function withCutTemplates(text: string): Html {
  const pieces: Html[] = [];
  let depth = 0;
  let start = 0;
  let done = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '<' && depth++ === 0) start = at;
    if (text[at] !== '>' || depth === 0 || --depth > 0) continue;
    // A name that begins with brackets is Rust's `<T as Trait>::f`: they are the name itself.
    if (start === 0 || at - start < templateShownMax) continue;
    const template = text.slice(start, at + 1);
    const cut = html`<span class="cut" title="${template}">&lt;…&gt;</span>`;
    const full = html`<span class="full">${breakable(template)}</span>`;
    pieces.push(breakable(text.slice(done, start)), html`<span class="tpl">${cut}${full}</span>`);
    done = at + 1;
  }
  return html`${pieces}${breakable(text.slice(done))}`;
}
