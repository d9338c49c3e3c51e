// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * Calls `action` for each item, at most `concurrency` at a time; takes the next item only when a worker is free. An
 * action that throws ends the whole: no further item is taken, what is under way finishes, the first error is thrown.
 * An aborted signal only stops taking.
 */
export async function eachConcurrently<T>(
  items: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  action: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const failures: unknown[] = [];
  const work = async () => {
    while (failures.length === 0 && !signal?.aborted) {
      try {
        const next = await iterator.next();
        if (next.done) return;
        await action(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  await iterator.return?.();
  if (failures.length > 0) throw failures[0];
}
