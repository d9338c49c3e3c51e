// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import fs from 'node:fs';
import type { Clock } from '../lib/clock.ts';
import { SalvageError } from '../lib/errors.ts';
import { removeIfPossible } from './compile-lock.ts';
import { symbolErrors } from './errors.ts';

/** After this long a file gets another chance: the process may have died of something else. */
const forgottenAfterMs = 24 * 3_600_000;

/**
 * Counts compiles of one file that were begun and not ended: those killed their process, by memory or time. Without the
 * count such a file would take every crash with its module down with it. Callers hold the file's compile lock.
 */
export class CompileAttempts {
  readonly #path: string;
  readonly #clock: Clock;
  #isBegun = false;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Throws `sym_unusable` if `attemptsMax` compiles have been begun and never ended. */
  begin(attemptsMax: number): void {
    const attempts = this.#unended();
    if (attempts >= attemptsMax)
      throw new SalvageError(
        symbolErrors.sym_unusable,
        `compiling it has ended ${attempts} processes; see \`salvage symbols compile\``,
      );
    this.#isBegun = true;
    try {
      fs.writeFileSync(this.#path, String(attempts + 1));
    } catch {
      // A cache that cannot be written keeps no count.
    }
  }

  end(): void {
    if (this.#isBegun) removeIfPossible(this.#path);
  }

  #unended(): number {
    try {
      const ageMs = this.#clock.now().getTime() - fs.statSync(this.#path).mtimeMs;
      const attempts = Number(fs.readFileSync(this.#path, 'utf8'));
      return ageMs < forgottenAfterMs && Number.isInteger(attempts) ? attempts : 0;
    } catch {
      return 0;
    }
  }
}
