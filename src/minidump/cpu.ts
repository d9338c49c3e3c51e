// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Processor families as the stackwalk document names them (stackwalker.md §9). */
export type CpuArch = 'x86' | 'amd64' | 'arm' | 'arm64' | 'ppc' | 'ppc64' | 'sparc' | 'mips' | 'mips64' | 'unknown';

/** How the registers of a processor family are called. */
export interface RegisterLayout {
  /** Width of a pointer and of a general-purpose register. */
  readonly pointerSizeBytes: 4 | 8;
  /** The registers that the stackwalk document prints, in its order, instruction pointer included. */
  readonly generalPurpose: readonly string[];
  readonly instructionPointer: string;
  readonly stackPointer: string;
  /** null where the family has no customary frame pointer. iOS on arm uses r7 instead of r11. */
  readonly framePointer: string | null;
  /** Register that holds the return address at function entry; null where it is on the stack. */
  readonly linkRegister: string | null;
  /** Other spellings to canonical names, e.g. `r15` → `pc` on arm, `fp` → `x29` on arm64. */
  readonly aliases: Readonly<Record<string, string>>;
}

/**
 * The state of one processor. A register that is not valid is absent from the map, so unwinding expresses lost
 * registers by leaving them out. Values are unsigned and at most as wide as the register.
 */
export interface CpuContext {
  readonly cpu: CpuArch;
  /** Context flags word as stored; 0 for contexts made by unwinding. */
  readonly flags: number;
  /** Canonical names (see registerLayouts, plus `eflags`, `cpsr` and segment registers where stored). */
  readonly registers: ReadonlyMap<string, bigint>;
}

const numbered = (prefix: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${prefix}${from + index}`);

/** The 32 general registers of mips by number. */
export const mipsRegisterNames = [
  ...['zero', 'at', 'v0', 'v1', 'a0', 'a1', 'a2', 'a3', 't0', 't1', 't2', 't3', 't4', 't5', 't6', 't7'],
  ...['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 't8', 't9', 'k0', 'k1', 'gp', 'sp', 'fp', 'ra'],
];

const aliasesOf = (names: readonly string[], prefix: string): Record<string, string> =>
  Object.fromEntries(names.map((name, index) => [`${prefix}${index}`, name]));

const mips = (pointerSizeBytes: 4 | 8): RegisterLayout => ({
  pointerSizeBytes,
  generalPurpose: ['gp', 'sp', 'fp', 'ra', 'pc', ...numbered('s', 0, 7)],
  instructionPointer: 'pc',
  stackPointer: 'sp',
  framePointer: 'fp',
  linkRegister: 'ra',
  aliases: { ...aliasesOf(mipsRegisterNames, ''), ...aliasesOf(mipsRegisterNames, 'r'), s8: 'fp', epc: 'pc' },
});

const ppc = (pointerSizeBytes: 4 | 8, special: readonly string[]): RegisterLayout => ({
  pointerSizeBytes,
  generalPurpose: ['srr0', 'srr1', ...numbered('r', 0, 31), ...special],
  instructionPointer: 'srr0',
  stackPointer: 'r1',
  framePointer: null,
  linkRegister: 'lr',
  aliases: { sp: 'r1', pc: 'srr0' },
});

/** Register names per family; families without contexts (sparc, unknown) have none. */
export const registerLayouts: Readonly<Partial<Record<CpuArch, RegisterLayout>>> = {
  x86: {
    pointerSizeBytes: 4,
    generalPurpose: ['eip', 'esp', 'ebp', 'ebx', 'esi', 'edi', 'eax', 'ecx', 'edx', 'eflags'],
    instructionPointer: 'eip',
    stackPointer: 'esp',
    framePointer: 'ebp',
    linkRegister: null,
    aliases: {},
  },
  amd64: {
    pointerSizeBytes: 8,
    generalPurpose: ['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp', ...numbered('r', 8, 15), 'rip'],
    instructionPointer: 'rip',
    stackPointer: 'rsp',
    framePointer: 'rbp',
    linkRegister: null,
    aliases: {},
  },
  arm: {
    pointerSizeBytes: 4,
    generalPurpose: [...numbered('r', 0, 10), 'r12', 'fp', 'sp', 'lr', 'pc'],
    instructionPointer: 'pc',
    stackPointer: 'sp',
    framePointer: 'fp',
    linkRegister: 'lr',
    aliases: { r11: 'fp', r13: 'sp', r14: 'lr', r15: 'pc' },
  },
  arm64: {
    pointerSizeBytes: 8,
    generalPurpose: [...numbered('x', 0, 28), 'fp', 'lr', 'sp', 'pc'],
    instructionPointer: 'pc',
    stackPointer: 'sp',
    framePointer: 'fp',
    linkRegister: 'lr',
    aliases: { x29: 'fp', x30: 'lr', x31: 'sp' },
  },
  mips: mips(4),
  mips64: mips(8),
  ppc: ppc(4, ['cr', 'xer', 'lr', 'ctr', 'mq', 'vrsave']),
  ppc64: ppc(8, ['cr', 'xer', 'lr', 'ctr', 'vrsave']),
};
