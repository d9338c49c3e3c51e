// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CpuContext } from '../cpu.ts';
import type { Memory, MemoryRegion } from '../model.ts';
import { decodeInstruction, type Instruction, type MemoryOperand } from './amd64/decode.ts';
import { instructionText } from './amd64/instruction-text.ts';

/** An address that the instruction uses. */
export interface AccessedAddress {
  readonly address: bigint;
  readonly sizeBytes: number | null;
  readonly kind: 'read' | 'write' | 'readwrite' | null;
  /** The base register was zero: a null pointer with an offset. */
  readonly isLikelyNull: boolean;
}

/** What the crashing instruction would have done (stackwalker.md §8). */
export interface InstructionAnalysis {
  readonly text: string;
  readonly accesses: readonly AccessedAddress[];
  /** True when the kinds of all its accesses are known. */
  readonly isAccessDerivable: boolean;
  /** Where it would have gone on: target of a call, jump or return; `none` for the next instruction, null = unknown. */
  readonly jump: AccessedAddress | 'none' | null;
  /** Registers in its addresses, sorted. */
  readonly addressRegisters: readonly string[];
  readonly isDivision: boolean;
  readonly isPrivileged: boolean;
  /** True when a non-canonical address is its only way to raise a general protection fault. */
  readonly isOnlyFaultNonCanonical: boolean;
}

type OperandKinds = readonly ('read' | 'write' | 'readwrite')[];

/** Kinds of access by operand of the instructions that are seen in crashes; those of others are left unknown. */
const operandKinds: Readonly<Record<string, OperandKinds>> = {
  ...{ add: ['readwrite', 'read'], sub: ['readwrite', 'read'], cmp: ['read', 'read'], ucomiss: ['read', 'read'] },
  ...{ mov: ['write', 'read'], movaps: ['write', 'read'], movups: ['write', 'read'], lea: [] },
  ...{ dec: ['readwrite'], inc: ['readwrite'], call: ['read'], jmp: ['read'], push: ['read'], pop: ['write'], ret: [] },
};

const privileged = new Set(['hlt', 'int', 'rdtsc', 'mov']);
const conditionalJump = /^j(n?[obzsp]|n?a|l|ge|g|le)$/;

/** Analyses the instruction at the context's pc; undefined without its bytes, or when they cannot be decoded. */
export function analyseInstruction(
  context: CpuContext,
  memory: Memory,
  stack: MemoryRegion | null,
): InstructionAnalysis | undefined {
  const pc = context.registers.get('rip');
  const instruction = pc === undefined || context.cpu !== 'amd64' ? undefined : readInstruction(memory, pc);
  if (!instruction) return undefined;
  const operands = instruction.operands.filter((operand) => operand.kind === 'memory');
  const registers = operands.flatMap(({ base, index }) => [base, index]).filter((name) => name !== null);
  const hasKnownKinds = instruction.mnemonic in operandKinds || conditionalJump.test(instruction.mnemonic);
  const isDerivable = hasKnownKinds && operands.every((operand) => addressOf(operand, instruction, context));
  const readWord: ReadWord = (address) => stack?.readUint(address, 8) ?? memory.readUint(address, 8);
  return {
    text: instructionText(instruction),
    accesses: accessesOf(instruction, context),
    isAccessDerivable: isDerivable,
    jump: jumpOf(instruction, context, readWord),
    addressRegisters: [...new Set(registers)].sort(),
    isDivision: instruction.mnemonic === 'div' || instruction.mnemonic === 'idiv',
    isPrivileged: privileged.has(instruction.mnemonic),
    isOnlyFaultNonCanonical: isDerivable && instruction.mnemonic !== 'movaps',
  };
}

function readInstruction(memory: Memory, pc: bigint): Instruction | undefined {
  const region = memory.regionAt(pc);
  const sizeBytes = region ? Math.min(15, region.sizeBytes - Number(pc - region.base)) : 0;
  const bytes = region?.read(pc, sizeBytes);
  return bytes && decodeInstruction(bytes);
}

function accessesOf(instruction: Instruction, context: CpuContext): AccessedAddress[] {
  const { mnemonic, operands } = instruction;
  const kinds = operandKinds[mnemonic];
  const accesses: AccessedAddress[] = [];
  if (mnemonic === 'lea' || mnemonic === 'nop') return accesses;
  operands.forEach((operand, index) => {
    if (operand.kind !== 'memory') return;
    const access = addressOf(operand, instruction, context);
    if (access) accesses.push({ ...access, sizeBytes: operand.sizeBytes, kind: kinds?.[index] ?? null });
  });
  const stack = context.registers.get('rsp');
  if (stack === undefined) return accesses;
  // The context's stack pointer is still the one before a call or push.
  if (mnemonic === 'call' || mnemonic === 'push') accesses.push(stackAccess(stack - 8n, 'write'));
  if (mnemonic === 'pop' || mnemonic === 'ret') accesses.push(stackAccess(stack, 'read'));
  return accesses;
}

function stackAccess(address: bigint, kind: 'read' | 'write'): AccessedAddress {
  return { address: BigInt.asUintN(64, address), sizeBytes: 8, kind, isLikelyNull: address === 0n };
}

/** Undefined when a register is missing or a segment base, which no context holds, moves the address. */
function addressOf(
  operand: MemoryOperand,
  instruction: Instruction,
  context: CpuContext,
): Pick<AccessedAddress, 'address' | 'isLikelyNull'> | undefined {
  if (operand.segment === 'fs' || operand.segment === 'gs') return undefined;
  const base = operand.base === null ? 0n : registerValue(operand.base, instruction, context);
  const index = operand.index === null ? 0n : registerValue(operand.index, instruction, context);
  if (base === undefined || index === undefined) return undefined;
  const sum = base + index * BigInt(operand.scale) + operand.displacement;
  const hasShortAddress = /^(e|r\d+d$)/.test(operand.base ?? operand.index ?? '');
  return {
    address: BigInt.asUintN(hasShortAddress ? 32 : 64, sum),
    isLikelyNull: operand.base !== null && base === 0n,
  };
}

function registerValue(name: string, instruction: Instruction, context: CpuContext): bigint | undefined {
  const short = /^e(\w+)$|^(r\d+)d$/.exec(name);
  const wide = short ? (short[2] ?? `r${short[1]}`) : name;
  const value = context.registers.get(wide);
  if (value === undefined) return undefined;
  // Addresses relative to the pc count from the next instruction.
  const moved = wide === 'rip' ? value + BigInt(instruction.lengthBytes) : value;
  return short ? moved & 0xffffffffn : moved;
}

type ReadWord = (address: bigint) => bigint | undefined;

function jumpOf(instruction: Instruction, context: CpuContext, readWord: ReadWord): InstructionAnalysis['jump'] {
  const { mnemonic, operands } = instruction;
  if (conditionalJump.test(mnemonic)) return null;
  const target = (address: bigint | undefined): AccessedAddress | null =>
    address === undefined ? null : { address, sizeBytes: null, kind: null, isLikelyNull: address === 0n };
  if (mnemonic === 'ret') {
    const stack = context.registers.get('rsp');
    return target(stack === undefined ? undefined : readWord(stack));
  }
  if (mnemonic !== 'call' && mnemonic !== 'jmp') return 'none';
  const [operand] = operands;
  if (operand?.kind === 'register') return target(context.registers.get(operand.name));
  if (operand?.kind !== 'memory') return null;
  const pointer = addressOf(operand, instruction, context);
  return target(pointer && readWord(pointer.address));
}
