// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Frame, UnwindInput } from './frame.ts';
import { unwindLimits } from './limits.ts';

/** A slot of the stack that seems to hold a return address. */
export interface ReturnSlot {
  readonly address: bigint;
  readonly returnAddress: bigint;
  /** The slot is the first one looked at, so that nothing can lie below it in the same frame. */
  readonly isFirst: boolean;
}

export interface ScanOptions {
  readonly wordBytes: bigint;
  readonly isPossible: (value: bigint) => boolean;
}

/** The first plausible return address at or above the stack pointer, within the window of the callee's trust. */
export function scanForReturnAddress(
  callee: Frame,
  stackPointer: bigint,
  { stack, code }: UnwindInput,
  { wordBytes, isPossible }: ScanOptions,
): ReturnSlot | null {
  const isTrusted = callee.trust === 'context' || callee.trust === 'cfi';
  const words = isTrusted ? unwindLimits.scanWindowExtendedWords.value : unwindLimits.scanWindowWords.value;
  let address = stackPointer;
  for (let index = 0; index < words; index += 1, address += wordBytes) {
    const value = stack.readWord(address);
    if (value === undefined) return null;
    if (isPossible(value) && code.isPlausibleReturnAddress(value))
      return { address, returnAddress: value, isFirst: index === 0 };
  }
  return null;
}
