// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject, JsonValue } from '../lib/json.ts';
import {
  analyseCrash,
  type BitFlip,
  type CrashAnalysis,
  type MemoryAccess,
  type Minidump,
} from '../minidump/minidump.ts';
import type { FormatAddress } from './symbolize.ts';

type CrashInfo = { type: string | null; address: string | null; [key: string]: JsonValue };

/** What crashed, as far as it does not concern threads (stackwalker.md §8, §9). All null when nothing crashed. */
export function crashInfoOf(dump: Minidump, hex: FormatAddress): CrashInfo {
  const crash = analyseCrash(dump);
  return {
    type: crash?.reason ?? null,
    address: crash && hex(crash.address),
    adjusted_address: crash && adjustedAddressOf(crash, hex),
    instruction: crash?.instruction ?? null,
    memory_accesses: crash?.memoryAccesses?.map((access) => accessOf(access, hex)) ?? null,
    instruction_pointer_update: crash?.instructionPointerUpdate
      ? {
          address: hex(crash.instructionPointerUpdate.address),
          ...(crash.instructionPointerUpdate.isLikelyGuardPage ? { is_likely_guard_page: true } : {}),
        }
      : null,
    possible_bit_flips: crash?.possibleBitFlips.length
      ? crash.possibleBitFlips.map((flip) => bitFlipOf(flip, hex))
      : null,
    crash_inconsistencies: crash && [...crash.inconsistencies],
  };
}

function adjustedAddressOf({ adjustedAddress: adjusted }: CrashAnalysis, hex: FormatAddress): JsonObject | null {
  if (adjusted === null) return null;
  if (adjusted.kind === 'non-canonical') return { kind: adjusted.kind, address: hex(adjusted.address) };
  return { kind: adjusted.kind, offset: hex(adjusted.offset) };
}

function accessOf({ address, sizeBytes, kind, isLikelyGuardPage }: MemoryAccess, hex: FormatAddress): JsonObject {
  return {
    address: hex(address),
    size: sizeBytes,
    ...(isLikelyGuardPage ? { is_likely_guard_page: true } : {}),
    ...(kind === null ? {} : { access_type: kind }),
  };
}

function bitFlipOf(flip: BitFlip, hex: FormatAddress): JsonObject {
  return {
    address: hex(flip.address),
    source_register: flip.sourceRegister,
    confidence: flip.confidence,
    details: {
      was_non_canonical: flip.wasNonCanonical,
      is_null: flip.isNull,
      was_low: flip.wasLow,
      nearby_registers: flip.nearbyRegisters,
      poison_registers: flip.hasPoisonRegisters,
    },
  };
}
