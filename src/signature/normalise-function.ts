// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { trim } from '../lib/python-text.ts';
import { isPreceded, rewriteSlices, type Slice } from './brackets.ts';
import { signatureLimits } from './limits.ts';
import { valueText } from './text.ts';

/** Tells whether a function's line number belongs into its signature. */
export type WantsLine = (functionText: string) => boolean;

/** What Swift's compiler calls the inlined trap of a failed check; the words behind it are the reason, not a type and a name. */
const swiftFailure = 'Swift runtime failure: ';

const paramTraits = 'IPC::ParamTraits';

/**
 * A C or C++ function as it stands in signatures: no return type, no arguments, template parameters as `<T>`, with
 * the line number where the line-number list asks for it (spec processor.md §4.4; the order of the steps matters).
 */
export function normaliseCppFunction(name: string, line: unknown, wantsLine: WantsLine): string {
  if (name.startsWith(swiftFailure)) return name;
  let text = dropQualifiers(name);
  if (!text.includes('::operator')) text = dropPrefix(text);
  if (text.includes('`')) text = text.replaceAll("`anonymous namespace'", '(anonymous namespace)');
  if (text.includes('::$_')) text = text.replace(/::\$_\p{Nd}+::/gu, '::$$::');
  text = collapseTypes(text);
  text = collapseArguments(text);
  if (text.includes('clone .cold')) text = rewriteSlices(text, '[', ']', () => '');
  return fixSpaces(withLine(text, line, wantsLine));
}

/** A Rust function as it stands in signatures: casts such as `<A as B>` stay, the hash at the end goes. */
export function normaliseRustFunction(name: string, line: unknown, wantsLine: WantsLine): string {
  let text = dropPrefix(name);
  text = rewriteSlices(text, '<', '>', (all, slice) => (holds(all, slice, ' as ') ? piece(all, slice) : '<T>'));
  text = rewriteSlices(text, '(', ')', () => '');
  return dropRustHash(fixSpaces(withLine(text, line, wantsLine)));
}

const qualifiers = ['const', 'const&', 'const &', '&&', '&'] as const;

/**
 * One pass over the endings, each cut at most once, so `f() const &&` keeps its `const` (which then passes for the
 * name): existing groups depend on it. A name that is nothing but qualifiers stays whole.
 */
function dropQualifiers(name: string): string {
  let text = name;
  for (const ending of qualifiers) if (text.endsWith(ending)) text = trim(text.slice(0, -ending.length));
  return text === '' ? name : text;
}

const closers: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']', '<': '>', '`': "'" };
const bracketKinds = new Uint8Array(128);
for (const [open, close] of Object.entries(closers)) {
  bracketKinds[open.charCodeAt(0)] = 1;
  bracketKinds[close.charCodeAt(0)] = 2;
}
const closerOf = new Uint8Array(128);
for (const [open, close] of Object.entries(closers)) closerOf[open.charCodeAt(0)] = close.charCodeAt(0);

/** The last word outside brackets, with the argument list and clone marks that follow it after a space. */
export function dropPrefix(text: string): string {
  if (!text.includes(' ')) return text;
  const starts = [0];
  const expected: number[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const kind = unit < 128 ? bracketKinds[unit] : 0;
    if (kind === 1) expected.push(closerOf[unit]!);
    else if (kind === 2) {
      if (expected.at(-1) === unit) expected.pop();
    } else if (unit === 0x20 && expected.length === 0) starts.push(index + 1);
  }
  let end = text.length;
  if (starts.length > 1 && starts.at(-1) === end) {
    starts.pop();
    end -= 1;
  }
  while (starts.length > 1) {
    const start = starts.at(-1)!;
    if (!text.startsWith('(', start) && !text.startsWith('[clone', start)) break;
    starts.pop();
  }
  return text.slice(starts.at(-1)!, end);
}

/** `Bag<int>` as `Bag<T>`; `<name omitted>`, casts, `<unknown in x>`, operators and IPC::ParamTraits are left readable. */
export function collapseTypes(text: string, depth = 0): string {
  return rewriteSlices(text, '<', '>', (all, slice) => {
    if (isPreceded(all, slice, 'operator') || holds(all, slice, ' as ') || holds(all, slice, ' in '))
      return piece(all, slice);
    if (slice.end - slice.start === 14 && all.startsWith('<name omitted>', slice.start)) return '<name omitted>';
    if (isPreceded(all, slice, paramTraits) && depth < signatureLimits.paramTraitsDepthMax.value)
      return `<${collapseTypes(all.slice(slice.start + 1, slice.isClosed ? slice.end - 1 : slice.end), depth + 1)}>`;
    return '<T>';
  });
}

/** `f(int)` as `f`; `(anonymous namespace)` and what follows `operator` stay. */
export function collapseArguments(text: string): string {
  return rewriteSlices(text, '(', ')', (all, slice) => {
    const isKept =
      isPreceded(all, slice, 'operator') ||
      (slice.end - slice.start === 21 && all.startsWith('(anonymous namespace)', slice.start));
    return isKept ? piece(all, slice) : '';
  });
}

function piece(text: string, slice: Slice): string {
  return text.slice(slice.start, slice.end);
}

function holds(text: string, slice: Slice, word: string): boolean {
  return piece(text, slice).includes(word);
}

function withLine(text: string, line: unknown, wantsLine: WantsLine): string {
  return wantsLine(text) ? `${text}:${valueText(line)}` : text;
}

/** No space before `*`, `&` and `,`; one after every comma. */
export function fixSpaces(text: string): string {
  const packed = text.includes(' ') ? text.replace(/ (?=[*&,])/g, '') : text;
  return packed.includes(',') ? packed.replace(/,(?! )/g, ', ') : packed;
}

function dropRustHash(text: string): string {
  const mark = text.lastIndexOf('::h');
  if (mark < 0) return text;
  const end = text.endsWith('\n') ? text.length - 1 : text.length;
  return /^[0-9a-fA-F]+$/.test(text.slice(mark + 3, end)) ? text.slice(0, mark) + text.slice(end) : text;
}
