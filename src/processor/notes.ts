// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { printable } from '../lib/printable.ts';
import { processorLimits } from './limits.ts';

/**
 * Processor notes. They are public: rules write names and counts into them, never what a protected annotation holds.
 * Bounded in number and length; what hostile input puts into a note loses its control and bidi characters.
 */
export class Notes {
  readonly #lines: string[] = [];
  #leftOut = 0;

  constructor(earlier: readonly string[] = []) {
    for (const line of earlier) this.add(line);
  }

  add(line: string): void {
    if (this.#lines.length >= processorLimits.notesMax.value) {
      this.#leftOut++;
      return;
    }
    this.#lines.push(cleanNote(line));
  }

  /** The notes so far; the last line says how many were left out. */
  get lines(): readonly string[] {
    return this.#leftOut === 0 ? this.#lines : [...this.#lines, `${this.#leftOut} more notes left out`];
  }
}

function cleanNote(line: string): string {
  const max = processorLimits.noteCharactersMax.value;
  const cut = line.length > max ? `${line.slice(0, max - 3)}...` : line;
  return printable(cut, ' ');
}
