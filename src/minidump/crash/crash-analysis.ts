// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Minidump } from '../model.ts';
import { type BitFlip, possibleBitFlips } from './bit-flips.ts';
import { crashAddress, crashReason } from './crash-reason.ts';
import { isLikelyGuardPage } from './guard-pages.ts';
import { memoryOperationOf } from './memory-operation.ts';

/** An access of the crashing instruction. */
export interface MemoryAccess {
  readonly address: bigint;
  readonly sizeBytes: number | null;
  /** null when the instruction's kind of access is not known. */
  readonly kind: 'read' | 'write' | 'readwrite' | null;
  readonly isLikelyGuardPage: boolean;
}

/** A better address than the one the system reports. */
export type AdjustedAddress =
  | { readonly kind: 'non-canonical'; readonly address: bigint }
  | { readonly kind: 'null-pointer'; readonly offset: bigint };

/** What can be told of a crash beyond its reason (stackwalker.md §8, `crash_info` of §9). */
export interface CrashAnalysis {
  readonly reason: string;
  readonly address: bigint;
  readonly isLikelyGuardPage: boolean;
  readonly adjustedAddress: AdjustedAddress | null;
  /** Text of the crashing instruction; this and what follows from it is null when its bytes could not be analysed. */
  readonly instruction: string | null;
  readonly memoryAccesses: readonly MemoryAccess[] | null;
  readonly instructionPointerUpdate: { readonly address: bigint; readonly isLikelyGuardPage: boolean } | null;
  /** By bit, lowest first. */
  readonly possibleBitFlips: readonly BitFlip[];
  readonly inconsistencies: readonly string[];
}

/** Analyses the exception of a dump; null when it has none. */
export function analyseCrash(dump: Minidump): CrashAnalysis | null {
  const { exception, systemInfo } = dump;
  if (!exception) return null;
  const address = crashAddress(exception, systemInfo);
  return {
    reason: crashReason(exception, systemInfo),
    address,
    isLikelyGuardPage: isLikelyGuardPage(dump, address),
    adjustedAddress: null,
    instruction: null,
    memoryAccesses: null,
    instructionPointerUpdate: null,
    possibleBitFlips: hasRoomForBitFlips(dump)
      ? possibleBitFlips(dump, exception.context, {
          address,
          sourceRegister: null,
          wasNonCanonical: false,
          operation: memoryOperationOf(exception, systemInfo.os),
          accessSizeBytes: null,
        })
      : [],
    inconsistencies: [],
  };
}

/**
 * Only in a 64-bit address space is a mapping one bit away rarely chance; on arm64 small offsets from null look like
 * flips, and instructions are not analysed there.
 */
function hasRoomForBitFlips(dump: Minidump): boolean {
  return dump.systemInfo.pointerSizeBytes === 8 && dump.systemInfo.cpu !== 'arm64';
}
