// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** A bracketed piece at depth zero, `text.slice(start, end)`, and where the plain text before it began. */
export interface Slice {
  readonly before: number;
  readonly start: number;
  readonly end: number;
  /** False if the text ended before the bracket closed. */
  readonly isClosed: boolean;
}

/**
 * Rewrites each outermost `open`…`close` piece. Only this one pair counts; closers at depth zero are plain text; a piece
 * that never closes runs to the end of the text (spec processor.md §4.4).
 */
export function rewriteSlices(
  text: string,
  open: string,
  close: string,
  rewrite: (text: string, slice: Slice) => string,
): string {
  let start = text.indexOf(open);
  if (start < 0) return text;
  let result = '';
  let before = 0;
  while (start >= 0) {
    const end = sliceEnd(text, start, open.charCodeAt(0), close.charCodeAt(0));
    const slice = { before, start, end: Math.abs(end), isClosed: end > 0 };
    result += text.slice(before, start) + rewrite(text, slice);
    before = slice.end;
    start = text.indexOf(open, before);
  }
  return result + text.slice(before);
}

/** Index after the closing bracket, or minus the length of the text if there is none. */
function sliceEnd(text: string, start: number, open: number, close: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit === open) depth += 1;
    else if (unit === close) {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return -text.length;
}

/** True if the plain text in front of a slice, since the slice before it, ends with `word`. */
export function isPreceded(text: string, slice: Slice, word: string): boolean {
  return slice.start - slice.before >= word.length && text.startsWith(word, slice.start - word.length);
}
