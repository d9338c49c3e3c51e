// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CpuArch, type CpuContext, mipsRegisterNames } from './cpu.ts';
import type { Fields } from './fields.ts';

/** Where the registers of a stored context lie: name, offset, width. */
interface ContextLayout {
  readonly cpu: CpuArch;
  /** Bit of the flags word that says which processor it is. */
  readonly cpuFlag: number;
  readonly flagsAt: number;
  readonly flagsSizeBytes: 4 | 8;
  /** The layout without any XSTATE that may follow. */
  readonly sizeBytes: number;
  readonly registers: readonly (readonly [name: string, at: number, sizeBytes: 2 | 4 | 8])[];
}

type Register = ContextLayout['registers'][number];

const sequence = (names: readonly string[], at: number, sizeBytes: 4 | 8): Register[] =>
  names.map((name, index) => [name, at + index * sizeBytes, sizeBytes]);

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

const x86: ContextLayout = {
  cpu: 'x86',
  cpuFlag: 0x10000,
  flagsAt: 0,
  flagsSizeBytes: 4,
  sizeBytes: 716,
  registers: [
    ...sequence(['gs', 'fs', 'es', 'ds'], 140, 4),
    ...sequence(['edi', 'esi', 'ebx', 'edx', 'ecx', 'eax'], 156, 4),
    ...sequence(['ebp', 'eip', 'cs', 'eflags', 'esp', 'ss'], 180, 4),
  ],
};

const amd64: ContextLayout = {
  cpu: 'amd64',
  cpuFlag: 0x100000,
  flagsAt: 48,
  flagsSizeBytes: 4,
  sizeBytes: 1232,
  registers: [
    ...['cs', 'ds', 'es', 'fs', 'gs', 'ss'].map((name, index): Register => [name, 56 + index * 2, 2]),
    ['eflags', 68, 4],
    ...sequence(['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'], 120, 8),
    ...sequence(['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip'], 184, 8),
  ],
};

const arm: ContextLayout = {
  cpu: 'arm',
  cpuFlag: 0x40000000,
  flagsAt: 0,
  flagsSizeBytes: 4,
  sizeBytes: 368,
  registers: sequence([...numbered('r', 11), 'fp', 'r12', 'sp', 'lr', 'pc', 'cpsr'], 4, 4),
};

const arm64Names = [...numbered('x', 29), 'fp', 'lr', 'sp', 'pc'];

const arm64: ContextLayout = {
  cpu: 'arm64',
  cpuFlag: 0x400000,
  flagsAt: 0,
  flagsSizeBytes: 4,
  sizeBytes: 912,
  registers: [['cpsr', 4, 4], ...sequence(arm64Names, 8, 8)],
};

const arm64Old: ContextLayout = {
  cpu: 'arm64',
  cpuFlag: 0x80000000,
  flagsAt: 0,
  flagsSizeBytes: 8,
  sizeBytes: 796,
  registers: [...sequence(arm64Names, 8, 8), ['cpsr', 272, 4]],
};

const mips = (cpu: 'mips' | 'mips64', cpuFlag: number): ContextLayout => ({
  cpu,
  cpuFlag,
  flagsAt: 0,
  flagsSizeBytes: 4,
  sizeBytes: 600,
  registers: [...sequence(mipsRegisterNames, 8, 8), ['mdhi', 264, 8], ['mdlo', 272, 8], ['pc', 312, 8]],
});

const ppc: ContextLayout = {
  cpu: 'ppc',
  cpuFlag: 0x20000000,
  flagsAt: 0,
  flagsSizeBytes: 4,
  sizeBytes: 1004,
  registers: sequence(['srr0', 'srr1', ...numbered('r', 32), 'cr', 'xer', 'lr', 'ctr', 'mq', 'vrsave'], 4, 4),
};

const ppc64: ContextLayout = {
  cpu: 'ppc64',
  cpuFlag: 0x1000000,
  flagsAt: 0,
  flagsSizeBytes: 8,
  sizeBytes: 1160,
  registers: sequence(['srr0', 'srr1', ...numbered('r', 32), 'cr', 'xer', 'lr', 'ctr', 'vrsave'], 8, 8),
};

const mips32 = mips('mips', 0x40000);
const mips64 = mips('mips64', 0x80000);

/** By the raw processor architecture of the system info stream (stackwalker.md §3, §4). */
function layoutOf(processorArchitecture: number): ContextLayout | undefined {
  switch (processorArchitecture) {
    case 0:
    case 10:
      return x86;
    case 1:
      return mips32;
    case 3:
      return ppc;
    case 5:
      return arm;
    case 9:
      return amd64;
    case 12:
      return arm64;
    case 0x8002:
      return ppc64;
    case 0x8003:
      return arm64Old;
    case 0x8004:
      return mips64;
    default:
      return undefined;
  }
}

/** The size of a stored context, to read no more than that; 0 for processors whose contexts we cannot read. */
export function contextSizeBytes(processorArchitecture: number): number {
  return layoutOf(processorArchitecture)?.sizeBytes ?? 0;
}

/**
 * Decodes a stored context. Undefined when it is too short or of another processor. Only the flag of the processor
 * itself is asked for: Windows also sets EXCEPTION_REQUEST and EXCEPTION_ACTIVE, whose bits are other processors' flags.
 */
export function decodeContext(fields: Fields, processorArchitecture: number): CpuContext | undefined {
  const layout = layoutOf(processorArchitecture);
  if (!layout || fields.length < layout.sizeBytes) return undefined;
  const flags = Number(fields.uint(layout.flagsAt, layout.flagsSizeBytes) & 0xffffffffn);
  if ((flags & layout.cpuFlag) === 0) return undefined;
  const is32BitMips = layout === mips32;
  const registers = new Map<string, bigint>();
  for (const [name, at, sizeBytes] of layout.registers) {
    const value = fields.uint(at, sizeBytes);
    // The mips context stores 32-bit registers sign-extended in 64 bits.
    registers.set(name, is32BitMips ? value & 0xffffffffn : value);
  }
  return { cpu: layout.cpu, flags, registers };
}
