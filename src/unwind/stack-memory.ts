// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { MemoryRegion } from '../minidump/minidump.ts';
import { unwindLimits } from './limits.ts';

/**
 * The bytes of one thread's stack, read word by word. Nothing else of the process counts as stack: a value that points
 * elsewhere is not a saved register.
 */
export interface StackMemory {
  /** Address of the first byte held. */
  readonly base: bigint;
  /** Exclusive. */
  readonly end: bigint;
  /** The native word at `address`, unsigned; undefined if any of its bytes lies outside. */
  readWord(address: bigint): bigint | undefined;
}

export interface StackMemoryOptions {
  readonly pointerSizeBytes: 4 | 8;
  readonly isBigEndian: boolean;
  /** Stack pointer of the first frame: what a large region is cut around. */
  readonly stackPointer: bigint;
}

/** Takes the region's bytes once, as a view. Of a region over the limit only the part from the stack pointer up. */
export function stackMemoryOf(region: MemoryRegion, options: StackMemoryOptions): StackMemory | null {
  const bytesMax = unwindLimits.stackBytesMax.value;
  const isCut = region.sizeBytes > bytesMax;
  const isInside = options.stackPointer >= region.base && options.stackPointer < region.base + BigInt(region.sizeBytes);
  const base = isCut && isInside ? options.stackPointer : region.base;
  const sizeBytes = Math.min(bytesMax, region.sizeBytes - Number(base - region.base));
  const bytes = region.read(base, sizeBytes);
  return bytes && bytes.length > 0 ? stackMemoryFromBytes(base, bytes, options) : null;
}

export function stackMemoryFromBytes(
  base: bigint,
  bytes: Uint8Array,
  options: Pick<StackMemoryOptions, 'pointerSizeBytes' | 'isBigEndian'>,
): StackMemory {
  const { pointerSizeBytes } = options;
  const isLittleEndian = !options.isBigEndian;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = base + BigInt(bytes.length);
  const lastWord = end - BigInt(pointerSizeBytes);
  return {
    base,
    end,
    readWord(address) {
      if (address < base || address > lastWord) return undefined;
      const offset = Number(address - base);
      return pointerSizeBytes === 8
        ? view.getBigUint64(offset, isLittleEndian)
        : BigInt(view.getUint32(offset, isLittleEndian));
    },
  };
}
