// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Instruction, MemoryOperand, Operand } from './decode.ts';

const sizeNames: Readonly<Record<number, string>> = {
  1: 'byte',
  2: 'word',
  4: 'dword',
  8: 'qword',
  16: 'xmmword',
  32: 'ymmword',
};

/** Intel syntax in the spelling of the stackwalk document: `mov esi, dword [rsi + 0x4]`. */
export function instructionText(instruction: Instruction): string {
  const head = [instruction.prefix, instruction.mnemonic].filter(Boolean).join(' ');
  const operands = instruction.operands.map((operand) => operandText(operand, instruction.mnemonic)).join(', ');
  return operands === '' ? head : `${head} ${operands}`;
}

function operandText(operand: Operand, mnemonic: string): string {
  switch (operand.kind) {
    case 'register':
      return operand.name;
    case 'immediate':
      return signedHex(operand.value);
    case 'relative':
      return operand.offset < 0n ? `$-0x${(-operand.offset).toString(16)}` : `$+0x${operand.offset.toString(16)}`;
    case 'memory':
      return `${sizeNames[operand.sizeBytes]} ${addressText(operand, mnemonic)}`;
  }
}

function addressText(operand: MemoryOperand, mnemonic: string): string {
  const { base, index, scale, displacement } = operand;
  // Of the string instructions those with two addresses name both segments.
  const isSource = operand.segment === null && (mnemonic === 'movs' || mnemonic === 'cmps');
  const segment = isSource ? 'ds' : operand.segment;
  const parts = [base, index && `${index} * ${scale}`].filter(Boolean).join(' + ');
  return `${segment ? `${segment}:` : ''}[${parts === '' ? absoluteText(operand) : `${parts}${offsetText(displacement)}`}]`;
}

function offsetText(displacement: bigint): string {
  if (displacement === 0n) return '';
  return displacement < 0n ? ` - 0x${(-displacement).toString(16)}` : ` + 0x${displacement.toString(16)}`;
}

function absoluteText({ displacement, displacementSizeBytes }: MemoryOperand): string {
  return `0x${BigInt.asUintN(8 * displacementSizeBytes, displacement).toString(16)}`;
}

function signedHex(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
