// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { searchErrors } from './errors.ts';
import { searchFieldOf, searchFields } from './search-fields.ts';

/**
 * The text form of a search: `product:AppA signature~dom uptime<60 !platform:Linux`. It says exactly what the parameters
 * of an address say, in both directions: a term is the name of a parameter followed by its value, with `:` between where
 * the value does not begin with an operator of its own. Words that are no term are looked for in the signature.
 */
export type SearchPair = readonly [name: string, value: string];

const operatorStart = /^(?:>=|<=|[<>=~^$@])/;
const nameStart = /^(?:[A-Za-z_][A-Za-z0-9_.-]*|"(?:[^"\\]|\\.)*")/;

/** The text of these parameters. */
export function formatSearchText(pairs: readonly SearchPair[]): string {
  return pairs
    .map(([name, value]) => {
      const negated = value.startsWith('!') ? '!' : '';
      const rest = value.slice(negated.length);
      const operator = operatorStart.exec(rest)?.[0] ?? '';
      return `${negated}${shownName(name)}${operator || ':'}${quoted(rest.slice(operator.length))}`;
    })
    .join(' ');
}

const shownName = (name: string): string => (nameStart.exec(name)?.[0] === name ? name : quoteText(name));

/** A value as it stands, or in quotes where it would end early or read as something else. */
function quoted(value: string): string {
  return value === '' || /[\s"\\]/.test(value) ? quoteText(value) : value;
}

const quoteText = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** The parameters that a text means. Throws `search_bad_argument` for a field that does not exist or an open quote. */
export function parseSearchText(text: string): readonly SearchPair[] {
  const pairs: SearchPair[] = [];
  const words: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const term = readTerm(rest);
    if (term) {
      pairs.push(term.pair);
      rest = term.rest.trimStart();
    } else {
      const word = readValue(rest);
      words.push(word.value);
      rest = word.rest.trimStart();
    }
  }
  // Signatures have blanks in them, so words that follow one another are one text.
  if (words.length > 0) pairs.push(['signature', `~${words.join(' ')}`]);
  return pairs;
}

function readTerm(text: string): { readonly pair: SearchPair; readonly rest: string } | null {
  const negated = text.startsWith('!') ? '!' : '';
  const body = text.slice(negated.length);
  const spelt = nameStart.exec(body)?.[0];
  if (spelt === undefined) return null;
  const name = spelt.startsWith('"') ? unquote(spelt) : spelt;
  const after = body.slice(spelt.length);
  const operator = after.startsWith(':') ? ':' : (operatorStart.exec(after)?.[0] ?? '');
  if (operator === '') return null;
  if (!isParameter(name)) {
    // `std::vector` and `a<b>` are names of functions; a single colon behind a plain word is meant as a field.
    const looksMeant = /^:[^:\s]/.test(after) && /^[a-z_.]+$/.test(name) && !/^https?$/.test(name);
    if (looksMeant) throw bad(`Unknown field '${name}'${nearest(name)}`);
    return null;
  }
  const { value, rest } = readValue(after.slice(operator.length));
  const bare = `${operator === ':' ? '' : operator}${value}`;
  // `date:-7d` is how people write it; a date without an operator means nothing else.
  const whole = name === 'date' && /^-\d/.test(bare) ? `>=${bare}` : bare;
  return { pair: [name, `${negated}${whole}`], rest };
}

const isParameter = (name: string): boolean => name.startsWith('_') || searchFieldOf(name) !== null;

function readValue(text: string): { readonly value: string; readonly rest: string } {
  if (!text.startsWith('"')) {
    const value = /^\S*/.exec(text)?.[0] ?? '';
    return { value, rest: text.slice(value.length) };
  }
  const quotedText = /^"(?:[^"\\]|\\.)*"/s.exec(text)?.[0];
  if (quotedText === undefined) throw bad('A quotation mark is not closed');
  return { value: unquote(quotedText), rest: text.slice(quotedText.length) };
}

const unquote = (text: string): string => text.slice(1, -1).replace(/\\(.)/gs, '$1');

function nearest(name: string): string {
  const near = [...searchFields.keys()].find((field) => field.startsWith(name) || name.startsWith(field));
  return near ? `; did you mean ${near}?` : '; quote the word to look for it in signatures';
}

function bad(text: string): SalvageError {
  return new SalvageError(searchErrors.search_bad_argument, text);
}
