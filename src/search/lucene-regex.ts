// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { searchErrors } from './errors.ts';

const unsupported = new Set(['~', '&', '<', '>', '#', '@']);

/**
 * Translates a Lucene regular expression, which is anchored at both ends, into the part that PostgreSQL and JavaScript
 * share. `"…"` quotes literally. Operators that neither has (`~ & < > # @`) are refused with `search_bad_argument`.
 */
export function translateLuceneRegex(pattern: string): string {
  let translated = '';
  for (let at = 0; at < pattern.length; at++) {
    const letter = pattern[at] as string;
    if (letter === '\\') {
      at += 1;
      if (at >= pattern.length) throw malformed(pattern, 'it ends in a backslash');
      translated += escapeLiteral(pattern[at] as string);
    } else if (letter === '"') {
      const end = pattern.indexOf('"', at + 1);
      if (end < 0) throw malformed(pattern, 'a quotation mark is not closed');
      translated += [...pattern.slice(at + 1, end)].map(escapeLiteral).join('');
      at = end;
    } else if (letter === '[') {
      const end = endOfClass(pattern, at);
      translated += classText(pattern.slice(at, end + 1));
      at = end;
    } else if (unsupported.has(letter)) {
      throw malformed(pattern, `the operator ${letter} is not supported; write \\${letter} for the character`);
    } else if (letter === '(' && pattern[at + 1] === '?') {
      throw malformed(pattern, 'a group cannot begin with ?');
    } else {
      translated += letter === '^' || letter === '$' ? `\\${letter}` : letter;
    }
  }
  const anchored = `^(?:${translated})$`;
  try {
    new RegExp(anchored, 'su');
  } catch (error) {
    throw malformed(pattern, error instanceof Error ? error.message.replace(/^.*: /, '') : 'it cannot be read');
  }
  return anchored;
}

function escapeLiteral(letter: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(letter) ? `\\${letter}` : letter;
}

function endOfClass(pattern: string, start: number): number {
  for (let at = start + 1; at < pattern.length; at++) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === ']' && at > start + 1) return at;
  }
  throw malformed(pattern, 'a bracket is not closed');
}

/** A character class with only literal members and ranges: inner brackets and class escapes mean themselves. */
function classText(text: string): string {
  const negated = text[1] === '^' ? '^' : '';
  const members = text.slice(1 + negated.length, -1).replace(/\\(.)|[\\[\]^]/gsu, (whole, escaped?: string) => {
    if (escaped === undefined) return `\\${whole}`;
    return /[\\[\]^-]/.test(escaped) ? `\\${escaped}` : escaped;
  });
  return `[${negated}${members}]`;
}

function malformed(pattern: string, why: string): SalvageError {
  return new SalvageError(
    searchErrors.search_bad_argument,
    `Malformed supersearch query: regular expression ${JSON.stringify(pattern)}: ${why}`,
  );
}
