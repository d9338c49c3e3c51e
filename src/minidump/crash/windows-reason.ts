// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Exception } from '../model.ts';
import { type NameTable, nameOf } from '../name-table.ts';
import { hexText } from '../text.ts';
import fastFailCodes from './names/fast-fail-codes.json' with { type: 'json' };
import ntStatuses from './names/nt-statuses.json' with { type: 'json' };
import winErrors from './names/win-errors.json' with { type: 'json' };

/** Exceptions that have their own meaning in a crash; they win over the NTSTATUS of the same number. */
const exceptions: NameTable = {
  '0x80000001': 'EXCEPTION_GUARD_PAGE',
  '0x80000002': 'EXCEPTION_DATATYPE_MISALIGNMENT',
  '0x80000003': 'EXCEPTION_BREAKPOINT',
  '0x80000004': 'EXCEPTION_SINGLE_STEP',
  '0xc0000005': 'EXCEPTION_ACCESS_VIOLATION',
  '0xc0000006': 'EXCEPTION_IN_PAGE_ERROR',
  '0xc0000008': 'EXCEPTION_INVALID_HANDLE',
  '0xc000001d': 'EXCEPTION_ILLEGAL_INSTRUCTION',
  '0xc0000025': 'EXCEPTION_NONCONTINUABLE_EXCEPTION',
  '0xc0000026': 'EXCEPTION_INVALID_DISPOSITION',
  '0xc000008c': 'EXCEPTION_BOUNDS_EXCEEDED',
  '0xc000008d': 'EXCEPTION_FLT_DENORMAL_OPERAND',
  '0xc000008e': 'EXCEPTION_FLT_DIVIDE_BY_ZERO',
  '0xc000008f': 'EXCEPTION_FLT_INEXACT_RESULT',
  '0xc0000090': 'EXCEPTION_FLT_INVALID_OPERATION',
  '0xc0000091': 'EXCEPTION_FLT_OVERFLOW',
  '0xc0000092': 'EXCEPTION_FLT_STACK_CHECK',
  '0xc0000093': 'EXCEPTION_FLT_UNDERFLOW',
  '0xc0000094': 'EXCEPTION_INT_DIVIDE_BY_ZERO',
  '0xc0000095': 'EXCEPTION_INT_OVERFLOW',
  '0xc0000096': 'EXCEPTION_PRIV_INSTRUCTION',
  '0xc00000fd': 'EXCEPTION_STACK_OVERFLOW',
  '0xc0000194': 'EXCEPTION_POSSIBLE_DEADLOCK',
  // Chromium's allocators, when memory is exhausted.
  '0xe0000008': 'Out of Memory',
  // Visual C++'s throw: 'msc' with the high bits of a software exception.
  '0xe06d7363': 'Unhandled C++ Exception',
  // .NET since version 4: 'CCR'.
  '0xe0434352': 'MANAGED_EXCEPTION_CODE_V4',
  // Crashpad, for a dump without a crash.
  '0x517a7ed': 'Simulated Exception',
};

export const accessViolation = 0xc0000005;
export const inPageError = 0xc0000006;
const stackBufferOverrun = 0xc0000409;
const facilityVisualCpp = 109;

const accessKinds: Readonly<Record<string, string>> = { 0: 'READ', 1: 'WRITE', 8: 'EXEC' };

/** Text of a Windows exception (stackwalker.md §8); never undefined, unknown codes give their number. */
export function windowsReason(exception: Pick<Exception, 'code' | 'parameters'>): string {
  const { code, parameters } = exception;
  const kind = accessKinds[String(parameters[0])];
  if (code === accessViolation && kind) return `EXCEPTION_ACCESS_VIOLATION_${kind}`;
  if (code === inPageError && kind && parameters[2] !== undefined)
    return `EXCEPTION_IN_PAGE_ERROR_${kind} / ${lowWordName(ntStatuses, parameters[2])}`;
  if (code === stackBufferOverrun && parameters[0] !== undefined)
    return `EXCEPTION_STACK_BUFFER_OVERRUN / ${lowWordName(fastFailCodes, parameters[0])}`;
  return nameOf(exceptions, code) ?? windowsErrorName(code);
}

/** Name of a Windows error code such as a thread's last error: Win32 error, NTSTATUS, Visual C++ facility. */
export function windowsErrorName(code: number): string {
  const facility = (code >>> 16) & 0xfff;
  const facilityError =
    code >>> 28 !== 0 && facility === facilityVisualCpp ? nameOf(winErrors, code & 0xffff) : undefined;
  return (
    nameOf(winErrors, code) ??
    nameOf(ntStatuses, code) ??
    (facilityError ? `FACILITY_VISUALCPP / ${facilityError}` : `unknown ${hexText(code, 8)}`)
  );
}

/** Codes stand in the low 32 bits of an exception parameter. */
function lowWordName(table: NameTable, parameter: bigint): string {
  const code = Number(parameter & 0xffffffffn);
  return nameOf(table, code) ?? hexText(code, 8);
}
