// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { CharSet } from './char-set.ts';
import { signatureLimits } from './limits.ts';

/** What a pattern asks of a position: start, end, end or final newline, word edge, no word edge. */
export type AssertionKind = 'start' | 'end' | 'end-or-newline' | 'word-edge' | 'no-word-edge';

/** A pattern, parsed. */
export type Pattern =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly items: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly item: Pattern; readonly min: number; readonly max: number }
  | { readonly kind: 'assert'; readonly assertion: AssertionKind };

/** A pattern that cannot be read or is not supported; the message says what and at which character. */
export class PatternError extends Error {}

const anyButNewline = new CharSet([[10, 10]], '', true);
const letterEscapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7 };
const assertionEscapes: Readonly<Record<string, AssertionKind>> = {
  A: 'start',
  Z: 'end',
  b: 'word-edge',
  B: 'no-word-edge',
};

/**
 * Parses one entry of a signature list: the part of Python's regular expressions that a finite automaton can match in
 * linear time. Groups that look around, back references, flags and possessive quantifiers are refused.
 */
export function parsePattern(source: string): Pattern {
  return new PatternParser(source).parse();
}

class PatternParser {
  readonly #text: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#text = [...source];
    if (this.#text.length > signatureLimits.patternCharactersMax.value)
      throw new PatternError(`longer than ${signatureLimits.patternCharactersMax.value} characters`);
  }

  parse(): Pattern {
    const pattern = this.#choice();
    if (this.#at < this.#text.length) throw this.#error('unbalanced parenthesis');
    return pattern;
  }

  #choice(): Pattern {
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    return items.length === 1 ? items[0]! : { kind: 'choice', items };
  }

  #sequence(): Pattern {
    const items: Pattern[] = [];
    while (this.#at < this.#text.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const at = this.#at;
      const atom = this.#atom();
      items.push(this.#quantified(atom, at));
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  #atom(): Pattern {
    const character = this.#next();
    switch (character) {
      case '.':
        return { kind: 'set', set: anyButNewline };
      case '^':
        return { kind: 'assert', assertion: 'start' };
      case '$':
        return { kind: 'assert', assertion: 'end-or-newline' };
      case '(':
        return this.#group();
      case '[':
        return { kind: 'set', set: this.#bracketSet() };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        this.#at -= 1;
        throw this.#error('nothing to repeat');
      default:
        return literal(character);
    }
  }

  #group(): Pattern {
    if (this.#take('?') && !this.#take(':'))
      throw this.#error('only plain and (?:…) groups are supported: no look-around, names or flags', -1);
    this.#depth += 1;
    if (this.#depth > signatureLimits.patternDepthMax.value) throw this.#error('groups are nested too deeply');
    const pattern = this.#choice();
    if (!this.#take(')')) throw this.#error('missing )');
    this.#depth -= 1;
    return pattern;
  }

  #quantified(atom: Pattern, at: number): Pattern {
    const range = this.#quantifier();
    if (!range) return atom;
    if (atom.kind === 'assert') {
      this.#at = at;
      throw this.#error('a position cannot be repeated');
    }
    this.#take('?');
    if (this.#peek() === '+') throw this.#error('possessive quantifiers are not supported');
    if (this.#peek() === '*' || this.#peek() === '?' || this.#isCount()) throw this.#error('multiple repeat');
    return { kind: 'repeat', item: atom, min: range[0], max: range[1] };
  }

  #quantifier(): readonly [number, number] | null {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    const count = this.#isCount();
    if (!count) return null;
    const [, min, comma, max] = count;
    const least = Number(min || 0);
    const most = comma === undefined ? least : max ? Number(max) : Number.POSITIVE_INFINITY;
    if (least > most) throw this.#error('the smaller count comes first');
    this.#at += count[0].length;
    return [least, most];
  }

  /** `{2}`, `{2,}`, `{,3}`, `{2,3}`; any other brace is a plain character. */
  #isCount(): RegExpExecArray | null {
    if (this.#peek() !== '{') return null;
    const found = /^\{(\d*)(?:(,)(\d*))?\}/.exec(this.#text.slice(this.#at, this.#at + 16).join(''));
    return found && found[0] !== '{}' ? found : null;
  }

  #escape(): Pattern {
    const character = this.#next();
    if (/[dwsDWS]/.test(character)) return { kind: 'set', set: new CharSet([], character) };
    const assertion = assertionEscapes[character];
    if (assertion) return { kind: 'assert', assertion };
    return literal(String.fromCodePoint(this.#escapedCodePoint(character)));
  }

  #escapedCodePoint(character: string): number {
    if (Object.hasOwn(letterEscapes, character)) return letterEscapes[character]!;
    const digits = { x: 2, u: 4, U: 8 }[character];
    if (digits !== undefined) {
      const hex = this.#text.slice(this.#at, this.#at + digits).join('');
      const codePoint = Number.parseInt(hex, 16);
      if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex) || codePoint > 0x10ffff)
        throw this.#error(`\\${character} needs ${digits} hex digits`);
      this.#at += digits;
      return codePoint;
    }
    if (/[1-9]/.test(character)) throw this.#error('back references are not supported', -1);
    if (/[A-Za-z0]/.test(character)) throw this.#error(`unknown escape \\${character}`, -1);
    return character.codePointAt(0)!;
  }

  #bracketSet(): CharSet {
    const isNegated = this.#take('^');
    const ranges: [number, number][] = [];
    let classes = '';
    for (let isFirst = true; ; isFirst = false) {
      if (this.#at >= this.#text.length) throw this.#error('missing ]');
      if (!isFirst && this.#take(']')) return new CharSet(ranges, classes, isNegated);
      const first = this.#setMember();
      if (typeof first === 'string') {
        classes += first;
        continue;
      }
      ranges.push([first, this.#rangeEnd(first)]);
    }
  }

  #rangeEnd(first: number): number {
    if (this.#peek() !== '-' || this.#text[this.#at + 1] === ']' || this.#at + 1 >= this.#text.length) return first;
    this.#at += 1;
    const last = this.#setMember();
    if (typeof last === 'string' || last < first) throw this.#error('bad character range');
    return last;
  }

  /** A code point, or the letter of a class such as `\d`. */
  #setMember(): number | string {
    const character = this.#next();
    if (character !== '\\') return character.codePointAt(0)!;
    const escaped = this.#next();
    if (/[dwsDWS]/.test(escaped)) return escaped;
    return escaped === 'b' ? 8 : this.#escapedCodePoint(escaped);
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #next(): string {
    const character = this.#text[this.#at];
    if (character === undefined) throw this.#error('ends too early');
    this.#at += 1;
    return character;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #error(what: string, offset = 0): PatternError {
    return new PatternError(`${what} (at character ${Math.max(1, this.#at + 1 + offset)})`);
  }
}

function literal(character: string): Pattern {
  const codePoint = character.codePointAt(0)!;
  return { kind: 'set', set: new CharSet([[codePoint, codePoint]]) };
}
