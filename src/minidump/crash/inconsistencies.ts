// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Exception, Minidump } from '../model.ts';
import { crashReason } from './crash-reason.ts';
import type { InstructionAnalysis } from './instruction-analysis.ts';
import { isAllowedIn, memoryOperationOf } from './memory-operation.ts';
import { isNonCanonical, isProtectionFault } from './non-canonical.ts';

const divisionByZero = new Set([
  ...['SIGFPE / FPE_INTDIV', 'EXCEPTION_INT_DIVIDE_BY_ZERO', 'EXC_ARITHMETIC / EXC_I386_DIV'],
  'EXC_ARITHMETIC / EXC_PPC_ZERO_DIVIDE',
]);

/**
 * Contradictions between what the system reports and what the instruction can have done: signs of faulty hardware or of
 * a dump that was tampered with. Names as in stackwalker.md §9. Nothing is said without enough information.
 */
export function crashInconsistencies(
  dump: Minidump,
  exception: Exception,
  address: bigint,
  instruction: InstructionAnalysis | undefined,
): string[] {
  const reason = crashReason(exception, dump.systemInfo);
  if (divisionByZero.has(reason)) return instruction && !instruction.isDivision ? ['int_div_by_zero_not_possible'] : [];
  if (reason === 'EXCEPTION_PRIV_INSTRUCTION')
    return instruction && !instruction.isPrivileged ? ['priv_instruction_crash_without_priv_instruction'] : [];
  const operation = memoryOperationOf(exception, dump.systemInfo.os);
  if (operation === 'unknown' && reason !== 'EXCEPTION_STACK_OVERFLOW') return [];
  const isUnaccountedFor = instruction !== undefined && !isAmongAccesses(exception, address, reason, instruction);
  if (isUnaccountedFor && isProtectionFault(exception, dump.systemInfo, address))
    return isFalselyNonCanonical(instruction) ? ['non_canonical_address_falsely_reported'] : [];
  const range = dump.mappedRangeAt(address);
  const wasAllowed = operation !== 'unknown' && range !== undefined && isAllowedIn(range, operation);
  return [
    ...(isUnaccountedFor ? ['crashing_access_not_found_in_memory_accesses'] : []),
    ...(wasAllowed ? ['access_violation_when_access_allowed'] : []),
  ];
}

function isAmongAccesses(
  exception: Exception,
  address: bigint,
  reason: string,
  instruction: InstructionAnalysis,
): boolean {
  if (reason === 'EXCEPTION_ACCESS_VIOLATION_EXEC') return exception.context?.registers.get('rip') === address;
  if (!instruction.isAccessDerivable) return true;
  if (reason === 'EXCEPTION_STACK_OVERFLOW') return instruction.accesses.length > 0;
  const kind = reason === 'EXCEPTION_ACCESS_VIOLATION_READ' ? 'read' : 'write';
  return instruction.accesses.some(
    (access) =>
      (access.kind === kind || access.kind === 'readwrite') &&
      access.address <= address &&
      address < access.address + BigInt(access.sizeBytes ?? 1),
  );
}

function isFalselyNonCanonical({ isOnlyFaultNonCanonical, accesses, jump }: InstructionAnalysis): boolean {
  if (!isOnlyFaultNonCanonical || jump === null) return false;
  return (
    !accesses.some((access) => isNonCanonical(access.address)) && (jump === 'none' || !isNonCanonical(jump.address))
  );
}
