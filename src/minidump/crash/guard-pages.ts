// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { MappedRange, Minidump } from '../model.ts';

/** Guard areas of thread stacks and allocators are a few pages; larger ones without rights are reservations. */
const guardSizeMax = 32_768n;

/** A mapping without any right, smaller than 32 KiB, beside one with rights (stackwalker.md §8). */
export function isLikelyGuardPage(dump: Pick<Minidump, 'mappedRanges' | 'mappedRangeAt'>, address: bigint): boolean {
  const range = dump.mappedRangeAt(address);
  if (!range || range.isFree || isAccessible(range) || range.end - range.base > guardSizeMax) return false;
  return dump.mappedRanges.some(
    (other) => (other.end === range.base || other.base === range.end) && isAccessible(other),
  );
}

function isAccessible(range: MappedRange): boolean {
  return !range.isGuard && !range.isFree && (range.isReadable || range.isWritable || range.isExecutable);
}
