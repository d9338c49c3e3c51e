// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** How often a list is worked through: once, without end, or until so many items. */
export type Repetition = 'all' | 'forever' | number;

/** The items of a list again and again (`forever`), once (`all`), or the first so many. Waits between rounds. */
export async function* numbered<T>(
  list: () => AsyncIterable<T>,
  repetition: Repetition,
  pause: () => Promise<void>,
  signal?: AbortSignal,
): AsyncGenerator<T> {
  let left = typeof repetition === 'number' ? repetition : Number.POSITIVE_INFINITY;
  while (!signal?.aborted) {
    for await (const item of list()) {
      if (signal?.aborted) return;
      left -= 1;
      yield item;
      // No further item is asked for: one that is handed out counts as taken.
      if (left <= 0) return;
    }
    if (repetition !== 'forever') return;
    await pause();
  }
}
