// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Exception } from '../model.ts';
import { hexText } from '../text.ts';
import fastFailCodes from './names/fast-fail-codes.json' with { type: 'json' };
import ntStatuses from './names/nt-statuses.json' with { type: 'json' };
import winErrors from './names/win-errors.json' with { type: 'json' };

type NameTable = Readonly<Record<string, string>>;

/** Exceptions that have their own meaning in a crash; they win over the NTSTATUS of the same number. */
const exceptions: Readonly<Record<number, string>> = {
  2147483649: 'EXCEPTION_GUARD_PAGE',
  2147483650: 'EXCEPTION_DATATYPE_MISALIGNMENT',
  2147483651: 'EXCEPTION_BREAKPOINT',
  2147483652: 'EXCEPTION_SINGLE_STEP',
  3221225477: 'EXCEPTION_ACCESS_VIOLATION',
  3221225478: 'EXCEPTION_IN_PAGE_ERROR',
  3221225480: 'EXCEPTION_INVALID_HANDLE',
  3221225501: 'EXCEPTION_ILLEGAL_INSTRUCTION',
  3221225509: 'EXCEPTION_NONCONTINUABLE_EXCEPTION',
  3221225510: 'EXCEPTION_INVALID_DISPOSITION',
  3221225612: 'EXCEPTION_BOUNDS_EXCEEDED',
  3221225613: 'EXCEPTION_FLT_DENORMAL_OPERAND',
  3221225614: 'EXCEPTION_FLT_DIVIDE_BY_ZERO',
  3221225615: 'EXCEPTION_FLT_INEXACT_RESULT',
  3221225616: 'EXCEPTION_FLT_INVALID_OPERATION',
  3221225617: 'EXCEPTION_FLT_OVERFLOW',
  3221225618: 'EXCEPTION_FLT_STACK_CHECK',
  3221225619: 'EXCEPTION_FLT_UNDERFLOW',
  3221225620: 'EXCEPTION_INT_DIVIDE_BY_ZERO',
  3221225621: 'EXCEPTION_INT_OVERFLOW',
  3221225622: 'EXCEPTION_PRIV_INSTRUCTION',
  3221225725: 'EXCEPTION_STACK_OVERFLOW',
  3221225876: 'EXCEPTION_POSSIBLE_DEADLOCK',
  // Chromium's allocators, when memory is exhausted.
  3758096392: 'Out of Memory',
  // Visual C++'s throw: 'msc' with the high bits of a software exception.
  3765269347: 'Unhandled C++ Exception',
  // .NET since version 4: 'CCR'.
  3762504530: 'MANAGED_EXCEPTION_CODE_V4',
  // Crashpad, for a dump without a crash.
  85436397: 'Simulated Exception',
};

export const accessViolation = 0xc0000005;
export const inPageError = 0xc0000006;
const stackBufferOverrun = 0xc0000409;
const facilityVisualCpp = 109;

const accessKinds: Readonly<Record<string, string>> = { 0: 'READ', 1: 'WRITE', 8: 'EXEC' };

function nameIn(table: NameTable, code: number): string | undefined {
  return table[`0x${code.toString(16)}`];
}

/** Text of a Windows exception (stackwalker.md §8); never undefined, unknown codes give their number. */
export function windowsReason(exception: Pick<Exception, 'code' | 'parameters'>): string {
  const { code, parameters } = exception;
  const kind = accessKinds[String(parameters[0])];
  if (code === accessViolation && kind) return `EXCEPTION_ACCESS_VIOLATION_${kind}`;
  if (code === inPageError && kind && parameters[2] !== undefined)
    return `EXCEPTION_IN_PAGE_ERROR_${kind} / ${lowWordName(ntStatuses, parameters[2])}`;
  if (code === stackBufferOverrun && parameters[0] !== undefined)
    return `EXCEPTION_STACK_BUFFER_OVERRUN / ${lowWordName(fastFailCodes, parameters[0])}`;
  return exceptions[code] ?? windowsErrorName(code);
}

/** Name of a Windows error code such as a thread's last error: Win32 error, NTSTATUS, Visual C++ facility. */
export function windowsErrorName(code: number): string {
  const facility = (code >>> 16) & 0xfff;
  const facilityError =
    code >>> 28 !== 0 && facility === facilityVisualCpp ? nameIn(winErrors, code & 0xffff) : undefined;
  return (
    nameIn(winErrors, code) ??
    nameIn(ntStatuses, code) ??
    (facilityError ? `FACILITY_VISUALCPP / ${facilityError}` : `unknown ${hexText(code, 8)}`)
  );
}

/** Codes stand in the low 32 bits of an exception parameter. */
function lowWordName(table: NameTable, parameter: bigint): string {
  const code = Number(parameter & 0xffffffffn);
  return nameIn(table, code) ?? hexText(code, 8);
}
