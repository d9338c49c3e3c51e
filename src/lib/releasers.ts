// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText } from './errors.ts';
import type { Logger } from './log.ts';

/** Resources in the order they were acquired; released in reverse, each even if another fails. */
export class Releasers {
  readonly #stack: { name: string; release: () => Promise<void> | void }[] = [];
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(name: string, release: () => Promise<void> | void): void {
    this.#stack.push({ name, release });
  }

  /** Releases everything once; a failure is logged with the resource's name and does not stop the rest. */
  async releaseAll(): Promise<void> {
    for (let item = this.#stack.pop(); item; item = this.#stack.pop()) {
      try {
        await item.release();
      } catch (error) {
        this.#logger.error(`could not release ${item.name}: ${errorText(error)}`, { error });
      }
    }
  }
}
