// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The opcode maps of Intel's manual (volume 2, appendix A), one line of text an instruction: `mnemonic operand,operand`.
// Operands: E general register or memory, G general register by ModRM, M memory only, Z register in the opcode,
// V vector register by ModRM, W vector register or memory, H the extra source of VEX forms, I signed immediate, U unsigned immediate,
// J relative target, O absolute offset, X [rsi], Y [rdi]; lower-case names are fixed registers, `1` is the number.
// Sizes: b w d q o = 1 2 4 8 16 bytes, v = 2, 4 or 8 by prefixes, y = 4 or 8, z = v but at most 4, x = whole vector.
// p = 8 or 2, as push and pop move. `+` after a group's name: ModRM's reg field picks.

export type OpcodeMap = Readonly<Record<number, string>>;

const conditions = ['o', 'no', 'b', 'nb', 'z', 'nz', 'na', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];

/** SETcc has other customary spellings of two conditions than Jcc. */
const setConditions: Readonly<Record<string, string>> = { nb: 'ae', na: 'be' };

/** One entry for each of a run of opcodes. */
function run(first: number, lines: readonly string[]): Record<number, string> {
  return Object.fromEntries(lines.map((line, index) => [first + index, line]));
}

/** Entries of `opcode in hex, then the line`. */
function opcodes(...lines: readonly string[]): Record<number, string> {
  return Object.fromEntries(lines.map((line) => [Number.parseInt(line, 16), line.slice(3)]));
}

function arithmetic(): Record<number, string> {
  const names = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'];
  return Object.assign(
    {},
    ...names.map((name, index) =>
      run(
        index * 8,
        ['Eb,Gb', 'Ev,Gv', 'Gb,Eb', 'Gv,Ev', 'al,Ib', 'rax,Iz'].map((operands) => `${name} ${operands}`),
      ),
    ),
  );
}

/** Opcodes of one byte. */
export const oneByteMap: OpcodeMap = {
  ...arithmetic(),
  ...run(
    0x50,
    Array.from({ length: 8 }, () => 'push Zp'),
  ),
  ...run(
    0x58,
    Array.from({ length: 8 }, () => 'pop Zp'),
  ),
  ...opcodes('63 movsxd Gv,Ed'),
  ...run(0x68, ['push Iq', 'imul Gv,Ev,Iz', 'push Bq', 'imul Gv,Ev,Ib']),
  ...run(
    0x70,
    conditions.map((condition) => `j${condition} Jb`),
  ),
  ...opcodes('80 grp1+ Eb,Ib', '81 grp1+ Ev,Iz', '83 grp1+ Ev,Ib'),
  ...run(0x84, [
    'test Eb,Gb',
    'test Ev,Gv',
    'xchg Eb,Gb',
    'xchg Ev,Gv',
    'mov Eb,Gb',
    'mov Ev,Gv',
    'mov Gb,Eb',
    'mov Gv,Ev',
  ]),
  ...opcodes('8d lea Gv,Mv', '8f grp1a+ Ep', '90 nop'),
  ...run(
    0x91,
    Array.from({ length: 7 }, () => 'xchg rax,Zv'),
  ),
  ...run(0xa0, [
    'mov al,Ob',
    'mov rax,Ov',
    'mov Ob,al',
    'mov Ov,rax',
    'movs Yb,Xb',
    'movs Yv,Xv',
    'cmps Xb,Yb',
    'cmps Xv,Yv',
  ]),
  ...run(0xa8, [
    'test al,Ib',
    'test rax,Iz',
    'stos Yb,al',
    'stos Yv,rax',
    'lods al,Xb',
    'lods rax,Xv',
    'scas Yb,al',
    'scas Yv,rax',
  ]),
  ...run(
    0xb0,
    Array.from({ length: 8 }, () => 'mov Zb,Ub'),
  ),
  ...run(
    0xb8,
    Array.from({ length: 8 }, () => 'mov Zv,Iv'),
  ),
  ...run(0xc0, ['grp2+ Eb,Ib', 'grp2+ Ev,Ib', 'ret Uw', 'ret']),
  ...opcodes('c6 grp11+ Eb,Ib', 'c7 grp11+ Ev,Iz', 'c9 leave', 'cd int Ub'),
  ...run(0xd0, ['grp2+ Eb,1', 'grp2+ Ev,1', 'grp2+ Eb,cl', 'grp2+ Ev,cl']),
  ...opcodes('e8 call Jz', 'e9 jmp Jz', 'eb jmp Jb', 'f4 hlt'),
  ...opcodes('f6 grp3b+ Eb', 'f7 grp3v+ Ev', 'fe grp4+ Eb', 'ff grp5+'),
};

/** Mnemonics, or whole lines, by ModRM's reg field; empty = no instruction or one that is left out. */
export const groups: Readonly<Record<string, readonly string[]>> = {
  grp1: ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'],
  grp1a: ['pop'],
  grp2: ['rol', 'ror', 'rcl', 'rcr', 'shl', 'shr', 'sal', 'sar'],
  grp3b: ['test Eb,Ib', 'test Eb,Ib', 'not', 'neg', 'mul', 'imul', 'div', 'idiv'],
  grp3v: ['test Ev,Iz', 'test Ev,Iz', 'not', 'neg', 'mul', 'imul', 'div', 'idiv'],
  grp4: ['inc', 'dec'],
  grp5: ['inc Ev', 'dec Ev', 'call Eq', '', 'jmp Eq', '', 'push Ep'],
  grp8: ['', '', '', '', 'bt', 'bts', 'btr', 'btc'],
  grp11: ['mov'],
};

/** Opcodes after 0f, with the mandatory prefix of vector instructions in front: `66 `, `f3 `, `f2 `. */
export const twoByteMap: Readonly<Record<string, OpcodeMap>> = {
  '': {
    ...opcodes('05 syscall', '0b ud2', '31 rdtsc', 'a2 cpuid'),
    ...opcodes('10 movups Vx,Wx', '11 movups Wx,Vx', '12 movlps Vx,Mq', '13 movlps Mq,Vx'),
    ...opcodes('14 unpcklps Vx,Hx,Wx', '15 unpckhps Vx,Hx,Wx', '16 movhps Vx,Mq', '17 movhps Mq,Vx'),
    ...opcodes('1f nop Ev'),
    ...opcodes('28 movaps Vx,Wx', '29 movaps Wx,Vx', '2b movntps Mx,Vx', '2e ucomiss Vx,Wd', '2f comiss Vx,Wd'),
    ...run(
      0x40,
      conditions.map((condition) => `cmov${condition} Gv,Ev`),
    ),
    ...vectorArithmetic('ps', 'x'),
    ...opcodes('54 andps Vx,Hx,Wx', '55 andnps Vx,Hx,Wx', '56 orps Vx,Hx,Wx', '57 xorps Vx,Hx,Wx'),
    ...run(
      0x80,
      conditions.map((condition) => `j${condition} Jz`),
    ),
    ...run(
      0x90,
      conditions.map((condition) => `set${setConditions[condition] ?? condition} Eb`),
    ),
    ...opcodes('a3 bt Ev,Gv', 'ab bts Ev,Gv', 'af imul Gv,Ev', 'b0 cmpxchg Eb,Gb', 'b1 cmpxchg Ev,Gv'),
    ...opcodes('b3 btr Ev,Gv', 'b6 movzx Gv,Eb', 'b7 movzx Gv,Ew', 'ba grp8+ Ev,Ib', 'bb btc Ev,Gv'),
    ...opcodes('bc bsf Gv,Ev', 'bd bsr Gv,Ev', 'be movsx Gv,Eb', 'bf movsx Gv,Ew'),
    ...opcodes('c0 xadd Eb,Gb', 'c1 xadd Ev,Gv', 'c3 movnti My,Gy', 'c6 shufps Vx,Hx,Wx,Ib'),
    ...run(
      0xc8,
      Array.from({ length: 8 }, () => 'bswap Zy'),
    ),
  },
  '66': {
    ...opcodes('10 movupd Vx,Wx', '11 movupd Wx,Vx', '12 movlpd Vx,Mq', '13 movlpd Mq,Vx'),
    ...opcodes('14 unpcklpd Vx,Hx,Wx', '15 unpckhpd Vx,Hx,Wx', '16 movhpd Vx,Mq', '17 movhpd Mq,Vx'),
    ...opcodes('28 movapd Vx,Wx', '29 movapd Wx,Vx', '2b movntpd Mx,Vx', '2e ucomisd Vx,Wq', '2f comisd Vx,Wq'),
    ...vectorArithmetic('pd', 'x'),
    ...opcodes('54 andpd Vx,Hx,Wx', '55 andnpd Vx,Hx,Wx', '56 orpd Vx,Hx,Wx', '57 xorpd Vx,Hx,Wx'),
    ...integerVectors(),
    ...opcodes('6e movd Vx,Ed', '6f movdqa Vx,Wx', '70 pshufd Vx,Wx,Ib', '7e movd Ed,Vx', '7f movdqa Wx,Vx'),
    ...opcodes('c6 shufpd Vx,Hx,Wx,Ib', 'd6 movq Wq,Vx', 'e7 movntdq Mx,Vx'),
  },
  f3: {
    ...opcodes('10 movss Vx,Wd', '11 movss Wd,Vx', '2a cvtsi2ss Vx,Hx,Ey', '2c cvttss2si Gy,Wd', '2d cvtss2si Gy,Wd'),
    ...vectorArithmetic('ss', 'd'),
    ...opcodes('5a cvtss2sd Vx,Hx,Wd', '6f movdqu Vx,Wx', '7e movq Vx,Wq', '7f movdqu Wx,Vx'),
    ...opcodes('b8 popcnt Gv,Ev', 'bc tzcnt Gv,Ev', 'bd lzcnt Gv,Ev'),
  },
  f2: {
    ...opcodes('10 movsd Vx,Wq', '11 movsd Wq,Vx', '2a cvtsi2sd Vx,Hx,Ey', '2c cvttsd2si Gy,Wq', '2d cvtsd2si Gy,Wq'),
    ...vectorArithmetic('sd', 'q'),
    ...opcodes('5a cvtsd2ss Vx,Hx,Wq', 'f0 lddqu Vx,Mx'),
  },
};

function vectorArithmetic(suffix: string, size: string): Record<number, string> {
  const upper = size === 'x' ? '' : 'Hx,';
  const lines = ['58 add', '59 mul', '5c sub', '5d min', '5e div', '5f max'];
  return opcodes(`51 sqrt${suffix} Vx,${upper}W${size}`, ...lines.map((line) => `${line}${suffix} Vx,Hx,W${size}`));
}

/** The packed-integer instructions on whole vectors. */
function integerVectors(): Record<number, string> {
  const lines = (first: number, names: string) =>
    run(
      first,
      names.split(' ').map((name) => (name === '-' ? '' : `${name} Vx,Hx,W${isShiftByCount(name) ? 'o' : 'x'}`)),
    );
  return {
    ...lines(0x60, 'punpcklbw punpcklwd punpckldq packsswb pcmpgtb pcmpgtw pcmpgtd packuswb'),
    ...lines(0x68, 'punpckhbw punpckhwd punpckhdq packssdw punpcklqdq punpckhqdq'),
    ...lines(0x74, 'pcmpeqb pcmpeqw pcmpeqd'),
    ...lines(0xd1, 'psrlw psrld psrlq paddq pmullw - - psubusb psubusw pminub pand paddusb paddusw pmaxub pandn'),
    ...lines(0xe0, 'pavgb psraw psrad pavgw pmulhuw pmulhw - - psubsb psubsw pminsw por paddsb paddsw pmaxsw pxor'),
    ...lines(0xf1, 'psllw pslld psllq pmuludq pmaddwd psadbw - psubb psubw psubd psubq paddb paddw paddd'),
  };
}

/** Shifts take their count from 16 bytes also when they shift 32. */
function isShiftByCount(name: string): boolean {
  return /^ps(rl|ra|ll)/.test(name);
}

/** Instructions that REP repeats. */
export const repeatableMnemonics: ReadonlySet<string> = new Set(['movs', 'cmps', 'stos', 'lods', 'scas']);

/** Instructions that LOCK makes atomic when they write to memory; before all others it is invalid. */
export const lockableMnemonics: ReadonlySet<string> = new Set([
  ...['add', 'adc', 'and', 'btc', 'btr', 'bts', 'cmpxchg', 'dec', 'inc', 'neg', 'not', 'or', 'sbb', 'sub', 'xadd'],
  ...['xchg', 'xor'],
]);
