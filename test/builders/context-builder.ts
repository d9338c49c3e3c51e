// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { Section } from './dump-section.ts';

/** Registers by name; those that are left out are zero. */
export type Registers = Readonly<Record<string, bigint | number>>;

export type BuilderCpu = 'x86' | 'amd64' | 'arm' | 'arm64' | 'arm64-old' | 'mips' | 'mips64' | 'ppc' | 'ppc64';

/** Writes contexts field by field in the order of the C structures. */
export function buildContext(
  cpu: BuilderCpu,
  registers: Registers,
  options: { readonly isBigEndian?: boolean; readonly flags?: number } = {},
): Section {
  const section = new Section(options.isBigEndian ?? false);
  const value = (...names: string[]): bigint | number => {
    for (const name of names) if (registers[name] !== undefined) return registers[name];
    return 0;
  };
  writers[cpu](section, value, options.flags);
  return section;
}

type Writer = (section: Section, value: (...names: string[]) => bigint | number, flags: number | undefined) => void;

const writers: Readonly<Record<BuilderCpu, Writer>> = {
  x86(section, value, flags = 0x1003f) {
    section.u32(flags).zeros(6 * 4);
    section.zeros(7 * 4 + 80 + 4);
    for (const name of ['gs', 'fs', 'es', 'ds', 'edi', 'esi', 'ebx', 'edx', 'ecx', 'eax', 'ebp', 'eip', 'cs'])
      section.u32(value(name));
    for (const name of ['eflags', 'esp', 'ss']) section.u32(value(name));
    section.zeros(512);
  },
  amd64(section, value, flags = 0x10001f) {
    section
      .zeros(6 * 8)
      .u32(flags)
      .u32(0x1f80);
    for (const name of ['cs', 'ds', 'es', 'fs', 'gs', 'ss']) section.u16(Number(value(name)));
    section.u32(value('eflags')).zeros(6 * 8);
    for (const name of ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11'])
      section.u64(value(name));
    for (const name of ['r12', 'r13', 'r14', 'r15', 'rip']) section.u64(value(name));
    section.zeros(512 + 26 * 16 + 6 * 8);
  },
  arm(section, value, flags = 0x40000006) {
    section.u32(flags);
    for (let index = 0; index <= 10; index++) section.u32(value(`r${index}`));
    section.u32(value('fp', 'r11')).u32(value('r12'));
    section.u32(value('sp', 'r13')).u32(value('lr', 'r14')).u32(value('pc', 'r15'));
    section
      .u32(value('cpsr'))
      .u64(0)
      .zeros(32 * 8 + 8 * 4);
  },
  arm64(section, value, flags = 0x400007) {
    section.u32(flags).u32(value('cpsr'));
    writeArm64Registers(section, value);
    section.zeros(32 * 16 + 4 + 4 + 8 * 4 + 8 * 8 + 2 * 4 + 2 * 8);
  },
  'arm64-old'(section, value, flags = 0x80000006) {
    section.u64(flags);
    writeArm64Registers(section, value);
    section
      .u32(value('cpsr'))
      .u32(0)
      .u32(0)
      .zeros(32 * 16);
  },
  mips: (section, value, flags = 0x40003) => writeMips(section, value, flags),
  mips64: (section, value, flags = 0x80003) => writeMips(section, value, flags),
  ppc(section, value, flags = 0x20000003) {
    section.u32(flags).u32(value('srr0')).u32(value('srr1'));
    for (let index = 0; index < 32; index++) section.u32(value(`r${index}`));
    for (const name of ['cr', 'xer', 'lr', 'ctr', 'mq', 'vrsave']) section.u32(value(name));
    writePpcFloats(section);
  },
  ppc64(section, value, flags = 0x1000003) {
    section.u64(flags).u64(value('srr0')).u64(value('srr1'));
    for (let index = 0; index < 32; index++) section.u64(value(`r${index}`));
    for (const name of ['cr', 'xer', 'lr', 'ctr', 'vrsave']) section.u64(value(name));
    writePpcFloats(section);
  },
};

function writeArm64Registers(section: Section, value: (...names: string[]) => bigint | number): void {
  for (let index = 0; index <= 28; index++) section.u64(value(`x${index}`));
  section.u64(value('fp', 'x29')).u64(value('lr', 'x30')).u64(value('sp')).u64(value('pc'));
}

const mipsNames =
  'zero at v0 v1 a0 a1 a2 a3 t0 t1 t2 t3 t4 t5 t6 t7 s0 s1 s2 s3 s4 s5 s6 s7 t8 t9 k0 k1 gp sp fp ra'.split(' ');

function writeMips(section: Section, value: (...names: string[]) => bigint | number, flags: number): void {
  section.u32(flags).u32(0);
  for (const name of mipsNames) section.u64(value(name));
  section
    .u64(value('mdhi'))
    .u64(value('mdlo'))
    .zeros(3 * 4 + 3 * 4 + 4 + 4);
  section
    .u64(value('pc'))
    .u64(0)
    .u32(0)
    .u32(0)
    .zeros(32 * 8 + 4 + 4);
}

function writePpcFloats(section: Section): void {
  section.zeros(32 * 8 + 4 + 4);
  section.zeros(32 * 16 + 16 + 4 * 4 + 4 + 7 * 4);
}
