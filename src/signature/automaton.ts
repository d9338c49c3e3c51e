// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CharSet } from './char-set.ts';
import { signatureLimits } from './limits.ts';
import { type AssertionKind, type Pattern, PatternError } from './pattern.ts';

/** What one step of an automaton does. `set` reads a character; the others read nothing. */
export type Step =
  | { readonly kind: 'set'; readonly set: number; readonly next: number }
  | { readonly kind: 'split'; readonly nexts: readonly number[] }
  | { readonly kind: 'assert'; readonly assertion: AssertionKind; readonly next: number }
  | { readonly kind: 'accept' };

/** All entries of a list as one automaton without back tracking (Thompson's construction). */
export interface Automaton {
  readonly steps: readonly Step[];
  /** Index of the list entry that each step belongs to. */
  readonly entryOf: readonly number[];
  /** First step of each entry. */
  readonly starts: readonly number[];
  readonly sets: readonly CharSet[];
}

/** Adds entries one by one, so that a bad one is refused by itself. */
export class AutomatonBuilder {
  readonly #steps: Step[] = [];
  readonly #entryOf: number[] = [];
  readonly #starts: number[] = [];
  readonly #sets: CharSet[] = [];
  readonly #setIndexes = new Map<string, number>();
  #stepsMax = 0;

  /** @throws PatternError if its repeats, written out, are too many. */
  add(pattern: Pattern): void {
    const before = this.#steps.length;
    this.#stepsMax = Math.min(before + signatureLimits.patternNodesMax.value, signatureLimits.listNodesMax.value);
    try {
      this.#starts.push(this.#compile(pattern, this.#step({ kind: 'accept' })));
    } catch (error) {
      this.#steps.length = before;
      this.#entryOf.length = before;
      throw error;
    }
  }

  build(): Automaton {
    return { steps: this.#steps, entryOf: this.#entryOf, starts: this.#starts, sets: this.#sets };
  }

  #step(step: Step): number {
    if (this.#steps.length >= this.#stepsMax)
      throw new PatternError('its repeats, written out, are too many for one entry or the list');
    this.#entryOf.push(this.#starts.length);
    return this.#steps.push(step) - 1;
  }

  /** Compiles from the end to the front: every step knows the one that follows. */
  #compile(pattern: Pattern, next: number): number {
    switch (pattern.kind) {
      case 'set':
        return this.#step({ kind: 'set', set: this.#setIndex(pattern.set), next });
      case 'assert':
        return this.#step({ kind: 'assert', assertion: pattern.assertion, next });
      case 'sequence':
        return pattern.items.reduceRight((following, item) => this.#compile(item, following), next);
      case 'choice':
        return this.#step({ kind: 'split', nexts: pattern.items.map((item) => this.#compile(item, next)) });
      case 'repeat':
        return this.#compileRepeat(pattern.item, pattern.min, pattern.max, next);
    }
  }

  #compileRepeat(item: Pattern, min: number, max: number, next: number): number {
    let start = next;
    if (max === Number.POSITIVE_INFINITY) {
      const nexts: number[] = [];
      start = this.#step({ kind: 'split', nexts });
      nexts.push(this.#compile(item, start), next);
    } else {
      for (let count = min; count < max; count += 1)
        start = this.#step({ kind: 'split', nexts: [this.#compile(item, start), next] });
    }
    for (let count = 0; count < min; count += 1) start = this.#compile(item, start);
    return start;
  }

  #setIndex(set: CharSet): number {
    const known = this.#setIndexes.get(set.key);
    if (known !== undefined) return known;
    const index = this.#sets.push(set) - 1;
    this.#setIndexes.set(set.key, index);
    return index;
  }
}
