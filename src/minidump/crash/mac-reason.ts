// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CpuArch } from '../cpu.ts';
import type { Exception } from '../model.ts';
import { hexText } from '../text.ts';
import { macGuardReason, macResourceReason } from './mac-limits-reason.ts';

type Names = Readonly<Record<number, string>>;

/** Mach exceptions (mach/exception_types.h). */
const exceptions: Names = {
  1: 'EXC_BAD_ACCESS',
  2: 'EXC_BAD_INSTRUCTION',
  3: 'EXC_ARITHMETIC',
  4: 'EXC_EMULATION',
  5: 'EXC_SOFTWARE',
  6: 'EXC_BREAKPOINT',
  7: 'EXC_SYSCALL',
  8: 'EXC_MACH_SYSCALL',
  9: 'EXC_RPC_ALERT',
  11: 'EXC_RESOURCE',
  12: 'EXC_GUARD',
};

/** Crashpad's own exception codes (client/simulate_crash_mac.h, util/mach/mach_extensions.h): 'CPsx' and 'CPnx'. */
const crashpadExceptions: Names = { 1129345912: 'Simulated Exception', 1129344632: 'Uncaught NSException' };

/** Sub-codes of EXC_BAD_ACCESS that are the same on all processors (mach/kern_return.h). */
const kernelReturns: Names = {
  1: 'KERN_INVALID_ADDRESS',
  2: 'KERN_PROTECTION_FAILURE',
  5: 'KERN_FAILURE',
  8: 'KERN_NO_ACCESS',
  9: 'KERN_MEMORY_FAILURE',
  10: 'KERN_MEMORY_ERROR',
  50: 'KERN_CODESIGN_ERROR',
};

const softwareCodes: Names = {
  1: 'EXC_PPC_TRAP',
  65792: 'EXC_PPC_MIGRATE',
  65538: 'SIGABRT',
  3735929054: 'UNCAUGHT_NS_EXCEPTION',
};

/** Sub-codes by processor (mach/i386/exception.h, mach/arm/exception.h, mach/ppc/exception.h). */
const processorCodes: Readonly<Record<'x86' | 'arm64' | 'ppc', Readonly<Record<string, Names>>>> = {
  x86: {
    EXC_BAD_ACCESS: { 13: 'EXC_I386_GPFLT' },
    EXC_BAD_INSTRUCTION: {
      1: 'EXC_I386_INVOP',
      10: 'EXC_I386_INVTSSFLT',
      11: 'EXC_I386_SEGNPFLT',
      12: 'EXC_I386_STKFLT',
      13: 'EXC_I386_GPFLT',
      17: 'EXC_I386_ALIGNFLT',
    },
    EXC_ARITHMETIC: {
      1: 'EXC_I386_DIV',
      2: 'EXC_I386_INTO',
      3: 'EXC_I386_NOEXT',
      4: 'EXC_I386_EXTOVR',
      5: 'EXC_I386_EXTERR',
      6: 'EXC_I386_EMERR',
      7: 'EXC_I386_BOUND',
      8: 'EXC_I386_SSEEXTERR',
    },
    EXC_BREAKPOINT: { 1: 'EXC_I386_SGL', 2: 'EXC_I386_BPT' },
  },
  arm64: {
    EXC_BAD_ACCESS: {
      257: 'EXC_ARM_DA_ALIGN',
      258: 'EXC_ARM_DA_DEBUG',
      259: 'EXC_ARM_SP_ALIGN',
      260: 'EXC_ARM_SWP',
      261: 'EXC_ARM_PAC_FAIL',
    },
    EXC_BAD_INSTRUCTION: { 1: 'EXC_ARM_UNDEFINED' },
    EXC_ARITHMETIC: {
      1: 'EXC_ARM_FP_IO',
      2: 'EXC_ARM_FP_DZ',
      3: 'EXC_ARM_FP_OF',
      4: 'EXC_ARM_FP_UF',
      5: 'EXC_ARM_FP_IX',
      6: 'EXC_ARM_FP_ID',
    },
    EXC_BREAKPOINT: { 1: 'EXC_ARM_BREAKPOINT' },
  },
  ppc: {
    EXC_BAD_ACCESS: { 257: 'EXC_PPC_VM_PROT_READ', 258: 'EXC_PPC_BADSPACE', 259: 'EXC_PPC_UNALIGNED' },
    EXC_BAD_INSTRUCTION: {
      1: 'EXC_PPC_INVALID_SYSCALL',
      2: 'EXC_PPC_UNIPL_INST',
      3: 'EXC_PPC_PRIVINST',
      4: 'EXC_PPC_PRIVREG',
      5: 'EXC_PPC_TRACE',
      6: 'EXC_PPC_PERFMON',
    },
    EXC_ARITHMETIC: {
      1: 'EXC_PPC_OVERFLOW',
      2: 'EXC_PPC_ZERO_DIVIDE',
      3: 'EXC_FLT_INEXACT',
      4: 'EXC_PPC_FLT_ZERO_DIVIDE',
      5: 'EXC_PPC_FLT_UNDERFLOW',
      6: 'EXC_PPC_FLT_OVERFLOW',
      7: 'EXC_PPC_FLT_NOT_A_NUMBER',
      8: 'EXC_PPC_NOEMULATION',
      9: 'EXC_PPC_ALTIVECASSIST',
    },
    EXC_BREAKPOINT: { 1: 'EXC_PPC_BREAKPOINT' },
  },
};

const families: Readonly<Partial<Record<CpuArch, keyof typeof processorCodes>>> = {
  x86: 'x86',
  amd64: 'x86',
  arm64: 'arm64',
  ppc: 'ppc',
};

/** `EXC_BAD_ACCESS / KERN_INVALID_ADDRESS`; undefined for numbers that are no Mach exception. */
export function macReason(
  exception: Pick<Exception, 'code' | 'flags' | 'parameters'>,
  cpu: CpuArch,
): string | undefined {
  const { code, flags, parameters } = exception;
  const name = exceptions[code];
  if (!name) return crashpadExceptions[code];
  const [, parameter1 = 0n, parameter2 = 0n] = parameters;
  const special =
    name === 'EXC_RESOURCE'
      ? macResourceReason(flags >>> 29, parameter1, parameter2)
      : name === 'EXC_GUARD'
        ? macGuardReason(flags >>> 29, parameter1, parameter2)
        : undefined;
  return special ?? `${name} / ${subCodeName(name, flags, cpu) ?? hexText(flags, 8)}`;
}

function subCodeName(name: string, flags: number, cpu: CpuArch): string | undefined {
  if (name === 'EXC_SOFTWARE') return softwareCodes[flags];
  const family = families[cpu];
  const ofProcessor = family && processorCodes[family][name]?.[flags];
  return name === 'EXC_BAD_ACCESS' ? (kernelReturns[flags] ?? ofProcessor) : ofProcessor;
}
