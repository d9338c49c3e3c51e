// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { groups, lockableMnemonics, oneByteMap, repeatableMnemonics, twoByteMap } from './opcode-map.ts';

export interface MemoryOperand {
  readonly kind: 'memory';
  /** 64-bit register names, `rip` included; null when not part of the address. */
  readonly base: string | null;
  readonly index: string | null;
  readonly scale: number;
  readonly displacement: bigint;
  /** An address without registers reads as this many bytes; it is sign-extended from them. */
  readonly displacementSizeBytes: 4 | 8;
  /** Segment that moves the address by a base which the context does not hold (fs, gs); `es` only shows in the text. */
  readonly segment: 'fs' | 'gs' | 'es' | null;
  readonly sizeBytes: number;
}

export type Operand =
  | MemoryOperand
  | { readonly kind: 'register'; readonly name: string; readonly sizeBytes: number }
  | { readonly kind: 'immediate'; readonly value: bigint }
  | { readonly kind: 'relative'; readonly offset: bigint };

export interface Instruction {
  readonly mnemonic: string;
  /** `lock`, `rep`, `repnz`, or none. */
  readonly prefix: string | null;
  readonly operands: readonly Operand[];
  readonly lengthBytes: number;
}

/** What stands before the opcode. */
interface Prefixes {
  isOperand16: boolean;
  isAddress32: boolean;
  hasLock: boolean;
  repeat: '' | 'f3' | 'f2';
  segment: 'fs' | 'gs' | null;
  rex: number;
  vex: { readonly source: number; readonly is256: boolean } | null;
}

const rexW = 8;
const rexR = 4;
const rexX = 2;
const rexB = 1;
const instructionSizeBytesMax = 15;

/**
 * Decodes the instruction at the start of the bytes. Undefined when it is cut short, invalid, or not in the tables:
 * they hold what compilers emit for user programs, without x87, MMX, EVEX and system instructions.
 */
export function decodeInstruction(bytes: Uint8Array): Instruction | undefined {
  const decoder = new Decoder(bytes.subarray(0, instructionSizeBytesMax));
  const instruction = decoder.decode();
  return decoder.isPastEnd ? undefined : instruction;
}

class Decoder {
  readonly #bytes: Uint8Array;
  #at = 0;
  #modRm: number | undefined;
  #hasWholeVectors = true;
  #prefixes: Prefixes = {
    ...{ isOperand16: false, isAddress32: false, hasLock: false, repeat: '' },
    ...{ segment: null, rex: 0, vex: null },
  };

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isPastEnd(): boolean {
    return this.#at > this.#bytes.length;
  }

  decode(): Instruction | undefined {
    this.#readPrefixes();
    const opcode = this.#byte();
    const line = opcode === 0xc4 || opcode === 0xc5 ? this.#vexLine(opcode) : this.#legacyLine(opcode);
    if (!line) return undefined;
    const resolved = this.#resolveGroup(line.text);
    if (!resolved) return undefined;
    const [mnemonic = '', operandText = ''] = resolved.split(' ');
    const codes = operandText === '' ? [] : operandText.split(',');
    // Scalar instructions work on the low part of 16-byte registers, whatever VEX says.
    this.#hasWholeVectors = codes.some((code) => code === 'Wx' || code === 'Mx' || code === 'Wo');
    const operands: Operand[] = [];
    for (const code of codes) {
      if (code.startsWith('H') && !this.#prefixes.vex) continue;
      if (operands.length === 1 && this.#isVexScalarMove(mnemonic)) operands.push(this.#vexSource());
      const operand = this.#operand(code, line.opcode);
      if (!operand) return undefined;
      operands.push(operand);
    }
    if (this.#prefixes.hasLock && !(lockableMnemonics.has(mnemonic) && operands[0]?.kind === 'memory'))
      return undefined;
    const name = this.#mnemonic(mnemonic);
    return { mnemonic: name, prefix: this.#prefixText(mnemonic), operands, lengthBytes: this.#at };
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  #signed(sizeBytes: number): bigint {
    let value = 0n;
    for (let index = 0; index < sizeBytes; index++) value |= BigInt(this.#byte()) << BigInt(8 * index);
    return BigInt.asIntN(8 * sizeBytes, value);
  }

  #readPrefixes(): void {
    const prefixes = this.#prefixes;
    for (; this.#at < this.#bytes.length; this.#at++) {
      const byte = this.#bytes[this.#at] as number;
      if (byte === 0x66) prefixes.isOperand16 = true;
      else if (byte === 0x67) prefixes.isAddress32 = true;
      else if (byte === 0xf0) prefixes.hasLock = true;
      else if (byte === 0xf3) prefixes.repeat = 'f3';
      else if (byte === 0xf2) prefixes.repeat = 'f2';
      else if (byte === 0x64) prefixes.segment = 'fs';
      else if (byte === 0x65) prefixes.segment = 'gs';
      else if (byte !== 0x2e && byte !== 0x36 && byte !== 0x3e && byte !== 0x26) break;
    }
    const byte = this.#bytes[this.#at] ?? 0;
    if (byte >> 4 !== 4) return;
    prefixes.rex = byte;
    this.#at++;
  }

  #legacyLine(opcode: number): { text: string; opcode: number } | undefined {
    if (opcode === 0x90 && this.#prefixes.rex & rexB) return { text: 'xchg rax,Zv', opcode };
    if (opcode === 0xcc) return { text: 'int 3', opcode };
    if (opcode !== 0x0f) return oneByteMap[opcode] ? { text: oneByteMap[opcode], opcode } : undefined;
    const second = this.#byte();
    if (this.#prefixes.repeat === 'f3' && second === 0x1e && this.#byte() === 0xfa) return { text: 'endbr64', opcode };
    const mandatory = this.#prefixes.repeat || (this.#prefixes.isOperand16 ? '66' : '');
    const text = twoByteMap[mandatory]?.[second];
    if (text) return { text, opcode: second };
    // Without a vector meaning the prefix is an ordinary one: 66 makes 16-bit operands, f3 and f2 mean nothing.
    const plain = twoByteMap['']?.[second];
    return plain && !/[VW]/.test(plain) ? { text: plain, opcode: second } : undefined;
  }

  #vexLine(first: number): { text: string; opcode: number } | undefined {
    const second = this.#byte();
    const isLong = first === 0xc4;
    if (isLong && (second & 0x1f) !== 1) return undefined;
    const third = isLong ? this.#byte() : second;
    this.#prefixes.rex = 0x40 | (second & 0x80 ? 0 : rexR);
    if (isLong)
      this.#prefixes.rex |= (second & 0x40 ? 0 : rexX) | (second & 0x20 ? 0 : rexB) | (third & 0x80 ? rexW : 0);
    this.#prefixes.vex = { source: (~third >> 3) & 15, is256: (third & 4) !== 0 };
    const mandatory = ['', '66', 'f3', 'f2'][third & 3] as string;
    const opcode = this.#byte();
    const text = twoByteMap[mandatory]?.[opcode];
    return text && /[VW]/.test(text) ? { text, opcode } : undefined;
  }

  #resolveGroup(line: string): string | undefined {
    if (!line.includes('+')) return line;
    const [name = '', operands = ''] = line.split('+');
    const member = groups[name]?.[(this.#modRmByte() >> 3) & 7];
    if (!member) return undefined;
    return member.includes(' ') ? member : `${member}${operands}`;
  }

  /** Names that depend on the operand size. */
  #mnemonic(mnemonic: string): string {
    const isWide = (this.#prefixes.rex & rexW) !== 0;
    const name = mnemonic === 'movd' && isWide ? 'movq' : mnemonic;
    return this.#prefixes.vex ? `v${name}` : name;
  }

  #prefixText(mnemonic: string): string | null {
    if (this.#prefixes.hasLock) return 'lock';
    if (!repeatableMnemonics.has(mnemonic) || this.#prefixes.repeat === '') return null;
    return this.#prefixes.repeat === 'f2' ? 'repnz' : 'rep';
  }

  #modRmByte(): number {
    this.#modRm ??= this.#byte();
    return this.#modRm;
  }

  #operand(code: string, opcode: number): Operand | undefined {
    const rex = this.#prefixes.rex;
    const sizeBytes = this.#sizeBytes(code.slice(1));
    switch (code[0]) {
      case 'E':
        return this.#registerOrMemory(sizeBytes, generalName);
      case 'W':
        return this.#registerOrMemory(sizeBytes, vectorName, code === 'Wo' ? 16 : this.#vectorSizeBytes());
      case 'M':
        return this.#modRmByte() >> 6 === 3 ? undefined : this.#memory(sizeBytes);
      case 'G':
        return this.#register(generalName, ((this.#modRmByte() >> 3) & 7) | (rex & rexR ? 8 : 0), sizeBytes);
      case 'V':
        return this.#register(
          vectorName,
          ((this.#modRmByte() >> 3) & 7) | (rex & rexR ? 8 : 0),
          this.#vectorSizeBytes(),
        );
      case 'H':
        return this.#vexSource();
      case 'Z':
        return this.#register(generalName, (opcode & 7) | (rex & rexB ? 8 : 0), sizeBytes);
      case 'I':
      case 'U':
      case 'B':
      case 'J':
        return this.#immediate(code);
      case 'O':
        return this.#plainMemory(
          null,
          this.#signed(this.#prefixes.isAddress32 ? 4 : 8),
          this.#prefixes.segment,
          sizeBytes,
        );
      case 'X':
        return this.#plainMemory(this.#addressRegister(6), 0n, this.#prefixes.segment, sizeBytes);
      case 'Y':
        return this.#plainMemory(this.#addressRegister(7), 0n, 'es', sizeBytes);
      case '1':
      case '3':
        return { kind: 'immediate', value: BigInt(code) };
      default:
        return this.#fixedRegister(code);
    }
  }

  #fixedRegister(code: string): Operand {
    if (code === 'al' || code === 'cl') return { kind: 'register', name: code, sizeBytes: 1 };
    return this.#register(generalName, 0, this.#sizeBytes('v'));
  }

  #immediate(code: string): Operand {
    if (code[0] === 'J') return { kind: 'relative', offset: this.#signed(code === 'Jb' ? 1 : 4) };
    const operandSizeBytes = this.#sizeBytes('v');
    const sizes: Readonly<Record<string, number>> = { Ib: 1, Bq: 1, Iq: 4, Iv: operandSizeBytes };
    if (code[0] === 'U') {
      const unsignedSizeBytes = code === 'Ub' ? 1 : 2;
      return { kind: 'immediate', value: BigInt.asUintN(8 * unsignedSizeBytes, this.#signed(unsignedSizeBytes)) };
    }
    return { kind: 'immediate', value: this.#signed(sizes[code] ?? Math.min(operandSizeBytes, 4)) };
  }

  #register(nameOf: NameOf, number: number, sizeBytes: number): Operand {
    return { kind: 'register', name: nameOf(number, sizeBytes, this.#prefixes.rex !== 0), sizeBytes };
  }

  #registerOrMemory(sizeBytes: number, nameOf: NameOf, registerSizeBytes = sizeBytes): Operand {
    const modRm = this.#modRmByte();
    if (modRm >> 6 !== 3) return this.#memory(sizeBytes);
    return this.#register(nameOf, (modRm & 7) | (this.#prefixes.rex & rexB ? 8 : 0), registerSizeBytes);
  }

  #vexSource(): Operand {
    return this.#register(vectorName, this.#prefixes.vex?.source ?? 0, this.#vectorSizeBytes());
  }

  /** Between registers vmovss and vmovsd take the upper part from a third one. */
  #isVexScalarMove(mnemonic: string): boolean {
    return this.#prefixes.vex !== null && /^movs[sd]$/.test(mnemonic) && this.#modRmByte() >> 6 === 3;
  }

  #vectorSizeBytes(): number {
    return this.#prefixes.vex?.is256 && this.#hasWholeVectors ? 32 : 16;
  }

  #sizeBytes(size: string): number {
    const isWide = (this.#prefixes.rex & rexW) !== 0;
    if (size === 'x') return this.#vectorSizeBytes();
    if (size === 'v') return isWide ? 8 : this.#prefixes.isOperand16 ? 2 : 4;
    if (size === 'y') return isWide ? 8 : 4;
    if (size === 'p') return this.#prefixes.isOperand16 ? 2 : 8;
    // movd with REX.W is movq; movsxd reads four bytes at any width.
    if (size === 'd') return isWide && this.#prefixes.isOperand16 ? 8 : 4;
    return { b: 1, w: 2, q: 8, o: 16 }[size] ?? 4;
  }

  #memory(sizeBytes: number): MemoryOperand {
    const modRm = this.#modRmByte();
    const mode = modRm >> 6;
    const rex = this.#prefixes.rex;
    let base: string | null = null;
    let index: string | null = null;
    let scale = 1;
    let hasLongDisplacement = mode === 2;
    if ((modRm & 7) === 4) {
      const sib = this.#byte();
      const indexNumber = ((sib >> 3) & 7) | (rex & rexX ? 8 : 0);
      if (indexNumber !== 4) index = this.#addressRegister(indexNumber);
      scale = 1 << (sib >> 6);
      if ((sib & 7) === 5 && mode === 0) hasLongDisplacement = true;
      else base = this.#addressRegister((sib & 7) | (rex & rexB ? 8 : 0));
    } else if ((modRm & 7) === 5 && mode === 0) {
      base = this.#prefixes.isAddress32 ? 'eip' : 'rip';
      hasLongDisplacement = true;
    } else base = this.#addressRegister((modRm & 7) | (rex & rexB ? 8 : 0));
    const displacement = hasLongDisplacement ? this.#signed(4) : mode === 1 ? this.#signed(1) : 0n;
    const segment = this.#prefixes.segment;
    return { kind: 'memory', base, index, scale, displacement, displacementSizeBytes: 4, segment, sizeBytes };
  }

  #plainMemory(
    base: string | null,
    displacement: bigint,
    segment: MemoryOperand['segment'],
    sizeBytes: number,
  ): MemoryOperand {
    const displacementSizeBytes = this.#prefixes.isAddress32 ? 4 : 8;
    return { kind: 'memory', base, index: null, scale: 1, displacement, displacementSizeBytes, segment, sizeBytes };
  }

  #addressRegister(number: number): string {
    return generalName(number, this.#prefixes.isAddress32 ? 4 : 8, true);
  }
}

type NameOf = (number: number, sizeBytes: number, hasRex: boolean) => string;

const names64 = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'];
const names8 = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'];
const names8WithRex = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil'];

function generalName(number: number, sizeBytes: number, hasRex: boolean): string {
  if (number >= 8) return `r${number}${{ 1: 'b', 2: 'w', 4: 'd' }[sizeBytes] ?? ''}`;
  if (sizeBytes === 1) return (hasRex ? names8WithRex : names8)[number] as string;
  const name = names64[number] as string;
  if (sizeBytes === 8) return name;
  return sizeBytes === 4 ? `e${name.slice(1)}` : name.slice(1);
}

function vectorName(number: number, sizeBytes: number): string {
  return `${sizeBytes === 32 ? 'ymm' : 'xmm'}${number}`;
}
