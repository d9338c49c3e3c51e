// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Exception, Minidump } from '../model.ts';
import { type BitFlip, possibleBitFlips } from './bit-flips.ts';
import { crashAddress, crashingThreadIndex, crashReason } from './crash-reason.ts';
import { isLikelyGuardPage } from './guard-pages.ts';
import { crashInconsistencies } from './inconsistencies.ts';
import { type AccessedAddress, analyseInstruction, type InstructionAnalysis } from './instruction-analysis.ts';
import { memoryOperationOf } from './memory-operation.ts';
import { isNonCanonical, isProtectionFault } from './non-canonical.ts';

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
  /** Of the address first, then of the registers in the instruction's addresses; each by bit, lowest first. */
  readonly possibleBitFlips: readonly BitFlip[];
  /** Names as in stackwalker.md §9. */
  readonly inconsistencies: readonly string[];
}

/** Analyses the exception of a dump; null when it has none. */
export function analyseCrash(dump: Minidump): CrashAnalysis | null {
  const { exception, systemInfo } = dump;
  if (!exception) return null;
  const address = crashAddress(exception, systemInfo);
  const stack = dump.threads[crashingThreadIndex(dump) ?? -1]?.stack ?? null;
  const instruction = exception.context ? analyseInstruction(exception.context, dump.memory, stack) : undefined;
  const adjustedAddress = instruction ? adjustedAddressOf(dump, exception, address, instruction) : null;
  const jump = instruction?.jump;
  return {
    reason: crashReason(exception, systemInfo),
    address,
    isLikelyGuardPage: isLikelyGuardPage(dump, address),
    adjustedAddress,
    instruction: instruction?.text ?? null,
    memoryAccesses: instruction?.accesses.map((access) => memoryAccessOf(dump, access)) ?? null,
    instructionPointerUpdate:
      jump && jump !== 'none'
        ? { address: jump.address, isLikelyGuardPage: isLikelyGuardPage(dump, jump.address) }
        : null,
    possibleBitFlips: bitFlipsOf(dump, exception, address, adjustedAddress, instruction),
    inconsistencies: crashInconsistencies(dump, exception, address, instruction),
  };
}

function memoryAccessOf(dump: Minidump, { address, sizeBytes, kind }: AccessedAddress): MemoryAccess {
  return { address, sizeBytes, kind, isLikelyGuardPage: isLikelyGuardPage(dump, address) };
}

function adjustedAddressOf(
  dump: Minidump,
  exception: Exception,
  address: bigint,
  instruction: InstructionAnalysis,
): AdjustedAddress | null {
  const used = [...instruction.accesses];
  if (instruction.jump && instruction.jump !== 'none') used.push(instruction.jump);
  const throughNull = used.find((access) => access.isLikelyNull);
  if (throughNull) return { kind: 'null-pointer', offset: throughNull.address };
  if (!isProtectionFault(exception, dump.systemInfo, address)) return null;
  const culprit = used.find((access) => isNonCanonical(access.address));
  return culprit ? { kind: 'non-canonical', address: culprit.address } : null;
}

/**
 * Only in a 64-bit address space is a mapping one bit away rarely chance; on arm64 small offsets from null look like
 * flips, and instructions are not analysed there.
 */
function bitFlipsOf(
  dump: Minidump,
  exception: Exception,
  address: bigint,
  adjusted: AdjustedAddress | null,
  instruction: InstructionAnalysis | undefined,
): BitFlip[] {
  const { systemInfo } = dump;
  if (systemInfo.pointerSizeBytes !== 8 || systemInfo.cpu === 'arm64' || adjusted?.kind === 'null-pointer') return [];
  // Of an access that spans the crash address the beginning was in a register.
  const access = instruction?.accesses.find(
    (each) => each.address <= address && address < each.address + BigInt(each.sizeBytes ?? 0),
  );
  const question = {
    wasNonCanonical: adjusted?.kind === 'non-canonical',
    operation: memoryOperationOf(exception, systemInfo.os),
    accessSizeBytes: access?.sizeBytes ?? null,
  };
  const ask = (from: bigint, sourceRegister: string | null) =>
    possibleBitFlips(dump, exception.context, { ...question, address: from, sourceRegister });
  return [
    ...ask(access?.address ?? adjusted?.address ?? address, null),
    ...(instruction?.addressRegisters ?? []).flatMap((name) => {
      const value = exception.context?.registers.get(name);
      return value === undefined ? [] : ask(value, name);
    }),
  ];
}
