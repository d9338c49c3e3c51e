// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Automaton, Step } from './automaton.ts';
import { isWordCharacter } from './char-set.ts';
import { signatureLimits } from './limits.ts';
import type { AssertionKind } from './pattern.ts';

/** A set of automaton steps that are reached together, and the best entry found on the way. */
interface State {
  readonly steps: readonly number[];
  readonly best: number;
  readonly isAtStart: boolean;
  readonly isAfterWord: boolean;
  /** By symbol; filled when first needed. */
  readonly nexts: (State | undefined)[];
}

const noEntry = Number.MAX_SAFE_INTEGER;

/**
 * Matches a text against all entries of a list at once, at the start of the text and with no need to reach its end.
 * The automaton's states are worked out as texts need them and remembered, up to a limit; every character is read once,
 * so the time is linear in the text whatever the patterns are.
 *
 * Symbols are classes of code points that no entry tells apart, then "newline at the very end", then "end of text".
 */
export class ListMatcher {
  readonly #automaton: Automaton;
  readonly #asciiClasses = new Int16Array(128).fill(-1);
  readonly #classesByMembership = new Map<string, number>();
  readonly #classes: { readonly sets: Uint8Array; readonly isWord: boolean }[] = [];
  readonly #wideClasses = new Map<string, number>();
  readonly #wideSets: readonly number[];
  readonly #knowsWords: boolean;
  #states = new Map<string, State>();
  #start: State;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
    this.#knowsWords = automaton.steps.some((step) => step.kind === 'assert' && step.assertion.endsWith('word-edge'));
    this.#wideSets = automaton.sets.flatMap((set, index) => (set.tellsApartBeyondAscii ? [index] : []));
    this.#start = this.#makeStart();
  }

  /** Index of the first entry that matches, or -1. */
  match(text: string): number {
    let state = this.#start;
    const { length } = text;
    let index = 0;
    while (index < length) {
      const unit = text.charCodeAt(index);
      let symbol: number;
      if (unit < 128) {
        symbol = this.#asciiClasses[unit]!;
        if (symbol < 0) symbol = this.#asciiClasses[unit] = this.#asciiClassOf(unit);
        if (unit === 10 && index === length - 1) symbol = finalNewline;
        index += 1;
      } else {
        const codePoint = text.codePointAt(index)!;
        symbol = this.#wideClassOf(codePoint);
        index += codePoint > 0xffff ? 2 : 1;
      }
      state = state.nexts[symbol] ?? this.#advance(state, symbol);
      if (state.steps.length === 0) return state.best === noEntry ? -1 : state.best;
    }
    state = state.nexts[endOfText] ?? this.#advance(state, endOfText);
    return state.best === noEntry ? -1 : state.best;
  }

  #makeStart(): State {
    const steps = [...this.#automaton.starts];
    return { steps, best: noEntry, isAtStart: true, isAfterWord: false, nexts: [] };
  }

  #advance(from: State, symbol: number): State {
    const { entryOf } = this.#automaton;
    const { reached, best } = this.#close(from, symbol);
    const steps = new Set<number>();
    if (symbol !== endOfText)
      for (const step of reached) if (entryOf[step]! < best && this.#reads(step, symbol)) steps.add(this.#nextOf(step));
    const isAfterWord = this.#knowsWords && this.#isWord(symbol);
    const state = this.#remember(
      [...steps].sort((a, b) => a - b),
      best,
      isAfterWord,
    );
    from.nexts[symbol] = state;
    return state;
  }

  /** All steps that can be reached without reading, given the symbol that comes next, and the best entry accepted. */
  #close(from: State, symbol: number): { reached: readonly number[]; best: number } {
    const { steps, entryOf } = this.#automaton;
    const seen = new Set<number>(from.steps);
    const reached: number[] = [];
    let best = from.best;
    for (const index of seen) {
      const step = steps[index] as Step;
      if (step.kind === 'accept') best = Math.min(best, entryOf[index]!);
      else if (step.kind === 'set') reached.push(index);
      else if (step.kind === 'split') for (const next of step.nexts) seen.add(next);
      else if (this.#holds(step.assertion, from, symbol)) seen.add(step.next);
    }
    return { reached, best };
  }

  #holds(assertion: AssertionKind, from: State, symbol: number): boolean {
    switch (assertion) {
      case 'start':
        return from.isAtStart;
      case 'end':
        return symbol === endOfText;
      case 'end-or-newline':
        return symbol === endOfText || symbol === finalNewline;
      case 'word-edge':
        return from.isAfterWord !== this.#isWord(symbol);
      case 'no-word-edge':
        return from.isAfterWord === this.#isWord(symbol);
    }
  }

  #remember(steps: readonly number[], best: number, isAfterWord: boolean): State {
    const key = `${best}${isAfterWord ? 'w' : ':'}${steps.join()}`;
    const known = this.#states.get(key);
    if (known) return known;
    if (this.#states.size >= signatureLimits.matcherStatesMax.value) {
      this.#states = new Map();
      this.#start = this.#makeStart();
    }
    const state: State = { steps, best, isAtStart: false, isAfterWord, nexts: [] };
    this.#states.set(key, state);
    return state;
  }

  #reads(index: number, symbol: number): boolean {
    const step = this.#automaton.steps[index] as Step;
    if (step.kind !== 'set') return false;
    if (symbol === finalNewline) return this.#automaton.sets[step.set]!.has(10);
    return this.#classes[symbol - 2]!.sets[step.set] === 1;
  }

  #nextOf(index: number): number {
    const step = this.#automaton.steps[index] as Step;
    return step.kind === 'set' ? step.next : index;
  }

  #isWord(symbol: number): boolean {
    return symbol >= 2 && this.#classes[symbol - 2]!.isWord;
  }

  #asciiClassOf(unit: number): number {
    const sets = Uint8Array.from(this.#automaton.sets, (set) => (set.has(unit) ? 1 : 0));
    return this.#classWith(sets, this.#knowsWords && isWordCharacter(unit));
  }

  /** Beyond ASCII only few sets tell code points apart, so only those are asked. */
  #wideClassOf(codePoint: number): number {
    const isWord = this.#knowsWords && isWordCharacter(codePoint);
    let key = isWord ? 'w' : '';
    for (const index of this.#wideSets) key += this.#automaton.sets[index]!.has(codePoint) ? '1' : '0';
    let symbol = this.#wideClasses.get(key);
    if (symbol === undefined) {
      symbol = this.#classWith(
        Uint8Array.from(this.#automaton.sets, (set) => (set.has(codePoint) ? 1 : 0)),
        isWord,
      );
      this.#wideClasses.set(key, symbol);
    }
    return symbol;
  }

  /** The symbol of the code points that every set of the list and `\b` treat in this way. */
  #classWith(sets: Uint8Array, isWord: boolean): number {
    const key = `${sets.join('')}${isWord}`;
    let symbol = this.#classesByMembership.get(key);
    if (symbol === undefined) {
      symbol = this.#classes.push({ sets, isWord }) + 1;
      this.#classesByMembership.set(key, symbol);
    }
    return symbol;
  }
}

const finalNewline = 0;
const endOfText = 1;
