// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { RecordTable } from './columns.ts';

/** Below this many records insertion sort is quickest; nearly all functions have fewer lines and inlines. */
const insertionMax = 32;

/**
 * Record indices of `from`…`to` in ascending order of word `key`, then `key2`, equal ones in file order; null if they
 * are so already, as in nearly every real file. A record is `width` words.
 */
export function orderOf(
  words: Uint32Array,
  width: number,
  from: number,
  to: number,
  key: number,
  key2: number = key,
): Uint32Array | null {
  const compare = (a: number, b: number): number =>
    words[a * width + key]! - words[b * width + key]! || words[a * width + key2]! - words[b * width + key2]! || a - b;
  let isOrdered = true;
  for (let i = from + 1; i < to && isOrdered; i++) isOrdered = compare(i - 1, i) < 0;
  if (isOrdered) return null;
  const order = Uint32Array.from({ length: to - from }, (_, i) => from + i);
  return order.length <= insertionMax ? insertionSort(order, compare) : order.sort(compare);
}

/** Records by ascending start (word 0), without those that start inside the one kept before; size is word 1. */
export function keptWithoutOverlap({ words, width, length }: RecordTable): Uint32Array {
  const order = orderOf(words, width, 0, length, 0);
  const kept = new Uint32Array(length);
  let count = 0;
  for (let i = 0, end = 0; i < length; i++) {
    const record = order === null ? i : order[i]!;
    const start = words[record * width]!;
    const size = words[record * width + 1]!;
    if (start < end || size === 0) continue;
    end = start + size;
    kept[count++] = record;
  }
  return kept.subarray(0, count);
}

function insertionSort(order: Uint32Array, compare: (a: number, b: number) => number): Uint32Array {
  for (let i = 1; i < order.length; i++) {
    const record = order[i]!;
    let at = i;
    for (; at > 0 && compare(order[at - 1]!, record) > 0; at--) order[at] = order[at - 1]!;
    order[at] = record;
  }
  return order;
}
