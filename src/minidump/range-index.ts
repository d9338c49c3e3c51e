// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** A half-open range of addresses and what it stands for. */
export interface Range<T> {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
  readonly value: T;
}

/** Finds what covers an address: the range of the last answer first, because questions come in clusters. */
export interface RangeIndex<T> {
  at(address: bigint): T | undefined;
}

/**
 * Makes an index of ranges in any order; empty ones are left out. Where a range starts inside an earlier one, `drop`
 * leaves it out (modules, as rust-minidump does) and `trim` keeps the part that sticks out (memory, mappings).
 */
export function makeRangeIndex<T>(ranges: readonly Range<T>[], overlap: 'drop' | 'trim'): RangeIndex<T> {
  const sorted = ranges
    .filter((range) => range.end > range.start)
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const kept: Range<T>[] = [];
  let end = -1n;
  for (const range of sorted) {
    if (range.start >= end) kept.push(range);
    else if (overlap === 'trim' && range.end > end) kept.push({ ...range, start: end });
    else continue;
    end = range.end;
  }
  let last: Range<T> | undefined;
  return {
    at(address) {
      if (last && address >= last.start && address < last.end) return last.value;
      let low = 0;
      let high = kept.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((kept[middle] as Range<T>).start <= address) low = middle + 1;
        else high = middle;
      }
      const found = kept[low - 1];
      if (!found || address >= found.end) return undefined;
      last = found;
      return found.value;
    },
  };
}
