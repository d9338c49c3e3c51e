// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CpuArch } from '../cpu.ts';
import type { Exception } from '../model.ts';
import { type NameTable, nameOf } from '../name-table.ts';
import { hexText } from '../text.ts';
import { macGuardReason, macResourceReason } from './mac-limits-reason.ts';

/** Mach exceptions (mach/exception_types.h). */
const exceptions: NameTable = {
  '0x1': 'EXC_BAD_ACCESS',
  '0x2': 'EXC_BAD_INSTRUCTION',
  '0x3': 'EXC_ARITHMETIC',
  '0x4': 'EXC_EMULATION',
  '0x5': 'EXC_SOFTWARE',
  '0x6': 'EXC_BREAKPOINT',
  '0x7': 'EXC_SYSCALL',
  '0x8': 'EXC_MACH_SYSCALL',
  '0x9': 'EXC_RPC_ALERT',
  '0xb': 'EXC_RESOURCE',
  '0xc': 'EXC_GUARD',
};

/** Crashpad's own exception codes (client/simulate_crash_mac.h, util/mach/mach_extensions.h): 'CPsx' and 'CPnx'. */
const crashpadExceptions: NameTable = { '0x43507378': 'Simulated Exception', '0x43506e78': 'Uncaught NSException' };

/** Sub-codes of EXC_BAD_ACCESS that are the same on all processors (mach/kern_return.h). */
const kernelReturns: NameTable = {
  '0x1': 'KERN_INVALID_ADDRESS',
  '0x2': 'KERN_PROTECTION_FAILURE',
  '0x5': 'KERN_FAILURE',
  '0x8': 'KERN_NO_ACCESS',
  '0x9': 'KERN_MEMORY_FAILURE',
  '0xa': 'KERN_MEMORY_ERROR',
  '0x32': 'KERN_CODESIGN_ERROR',
};

const softwareCodes: NameTable = {
  '0x1': 'EXC_PPC_TRAP',
  '0x10100': 'EXC_PPC_MIGRATE',
  '0x10002': 'SIGABRT',
  '0xdeadc0de': 'UNCAUGHT_NS_EXCEPTION',
};

/** Sub-codes by processor (mach/i386/exception.h, mach/arm/exception.h, mach/ppc/exception.h). */
const processorCodes: Readonly<Record<'x86' | 'arm64' | 'ppc', Readonly<Record<string, NameTable>>>> = {
  x86: {
    EXC_BAD_ACCESS: { '0xd': 'EXC_I386_GPFLT' },
    EXC_BAD_INSTRUCTION: {
      '0x1': 'EXC_I386_INVOP',
      '0xa': 'EXC_I386_INVTSSFLT',
      '0xb': 'EXC_I386_SEGNPFLT',
      '0xc': 'EXC_I386_STKFLT',
      '0xd': 'EXC_I386_GPFLT',
      '0x11': 'EXC_I386_ALIGNFLT',
    },
    EXC_ARITHMETIC: {
      '0x1': 'EXC_I386_DIV',
      '0x2': 'EXC_I386_INTO',
      '0x3': 'EXC_I386_NOEXT',
      '0x4': 'EXC_I386_EXTOVR',
      '0x5': 'EXC_I386_EXTERR',
      '0x6': 'EXC_I386_EMERR',
      '0x7': 'EXC_I386_BOUND',
      '0x8': 'EXC_I386_SSEEXTERR',
    },
    EXC_BREAKPOINT: { '0x1': 'EXC_I386_SGL', '0x2': 'EXC_I386_BPT' },
  },
  arm64: {
    EXC_BAD_ACCESS: {
      '0x101': 'EXC_ARM_DA_ALIGN',
      '0x102': 'EXC_ARM_DA_DEBUG',
      '0x103': 'EXC_ARM_SP_ALIGN',
      '0x104': 'EXC_ARM_SWP',
      '0x105': 'EXC_ARM_PAC_FAIL',
    },
    EXC_BAD_INSTRUCTION: { '0x1': 'EXC_ARM_UNDEFINED' },
    EXC_ARITHMETIC: {
      '0x1': 'EXC_ARM_FP_IO',
      '0x2': 'EXC_ARM_FP_DZ',
      '0x3': 'EXC_ARM_FP_OF',
      '0x4': 'EXC_ARM_FP_UF',
      '0x5': 'EXC_ARM_FP_IX',
      '0x6': 'EXC_ARM_FP_ID',
    },
    EXC_BREAKPOINT: { '0x1': 'EXC_ARM_BREAKPOINT' },
  },
  ppc: {
    EXC_BAD_ACCESS: { '0x101': 'EXC_PPC_VM_PROT_READ', '0x102': 'EXC_PPC_BADSPACE', '0x103': 'EXC_PPC_UNALIGNED' },
    EXC_BAD_INSTRUCTION: {
      '0x1': 'EXC_PPC_INVALID_SYSCALL',
      '0x2': 'EXC_PPC_UNIPL_INST',
      '0x3': 'EXC_PPC_PRIVINST',
      '0x4': 'EXC_PPC_PRIVREG',
      '0x5': 'EXC_PPC_TRACE',
      '0x6': 'EXC_PPC_PERFMON',
    },
    EXC_ARITHMETIC: {
      '0x1': 'EXC_PPC_OVERFLOW',
      '0x2': 'EXC_PPC_ZERO_DIVIDE',
      '0x3': 'EXC_FLT_INEXACT',
      '0x4': 'EXC_PPC_FLT_ZERO_DIVIDE',
      '0x5': 'EXC_PPC_FLT_UNDERFLOW',
      '0x6': 'EXC_PPC_FLT_OVERFLOW',
      '0x7': 'EXC_PPC_FLT_NOT_A_NUMBER',
      '0x8': 'EXC_PPC_NOEMULATION',
      '0x9': 'EXC_PPC_ALTIVECASSIST',
    },
    EXC_BREAKPOINT: { '0x1': 'EXC_PPC_BREAKPOINT' },
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
  const name = nameOf(exceptions, code);
  if (!name) return nameOf(crashpadExceptions, code);
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
  if (name === 'EXC_SOFTWARE') return nameOf(softwareCodes, flags);
  const family = families[cpu];
  const ofProcessor = family && nameOf(processorCodes[family][name] ?? {}, flags);
  return name === 'EXC_BAD_ACCESS' ? (nameOf(kernelReturns, flags) ?? ofProcessor) : ofProcessor;
}
