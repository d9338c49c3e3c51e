// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { blanks } from '../lib/python-text.ts';

/** A set of code points as a pattern names it: ranges, `\d` `\w` `\s` and their opposites, possibly negated. */
export class CharSet {
  /** Equal sets have equal keys. */
  readonly key: string;
  readonly #ranges: readonly (readonly [number, number])[];
  readonly #classes: string;
  readonly #isNegated: boolean;

  constructor(ranges: readonly (readonly [number, number])[], classes = '', isNegated = false) {
    this.#ranges = ranges;
    this.#classes = classes;
    this.#isNegated = isNegated;
    this.key = `${isNegated ? '^' : ''}${classes}:${ranges.join(';')}`;
  }

  /** False if all code points beyond ASCII are in the set, or none is. */
  get tellsApartBeyondAscii(): boolean {
    return this.#classes !== '' || this.#ranges.some(([, last]) => last > 0x7f);
  }

  has(codePoint: number): boolean {
    for (const [first, last] of this.#ranges) if (codePoint >= first && codePoint <= last) return !this.#isNegated;
    for (const name of this.#classes) if (isOfClass(name, codePoint)) return !this.#isNegated;
    return this.#isNegated;
  }
}

/** `\d`, `\w`, `\s` as Python reads them for text, and with a capital their opposites. */
function isOfClass(name: string, codePoint: number): boolean {
  const character = String.fromCodePoint(codePoint);
  switch (name) {
    case 'd':
      return /^\p{Nd}$/u.test(character);
    case 'w':
      return isWordCharacter(codePoint);
    case 's':
      return isSpace.test(character);
    default:
      return !isOfClass(name.toLowerCase(), codePoint);
  }
}

const isSpace = new RegExp(`^[${blanks}]$`);

/** Letters and numbers of any script, and the underscore. */
export function isWordCharacter(codePoint: number): boolean {
  return /^[\p{L}\p{N}_]$/u.test(String.fromCodePoint(codePoint));
}
