// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { WinRecord } from '../symbols/symbols.ts';
import { unwindLimits } from './limits.ts';

/** What STACK WIN may ask for (x86 only; stackwalker.md §6). All values are unsigned 32-bit. */
export interface WinInput {
  /** A register of the callee; undefined when it is lost. */
  register(name: 'esp' | 'ebp' | 'ebx' | 'eip'): bigint | undefined;
  readWord(address: bigint): bigint | undefined;
  /** Bytes of parameters of the function that the callee has called: they lie on the callee's stack. */
  readonly grandCalleeParameterSize: number;
  /** The callee is the frame of the context: nothing was called by it. */
  readonly isContextFrame: boolean;
}

/** Registers of the caller; eip and esp are always among them. Null: the record does not give them. */
export type WinRegisters = ReadonlyMap<string, bigint> | null;

export function callerByWinRecord(record: WinRecord, input: WinInput): WinRegisters {
  return record.kind === 'frame_data' ? callerByProgram(record, input) : callerByFpo(record, input);
}

const mask32 = 0xffff_ffffn;

function frameSizeOf(record: WinRecord, input: WinInput): bigint {
  return BigInt(record.localSize + record.savedRegisterSize + input.grandCalleeParameterSize);
}

function callerByFpo(record: WinRecord, input: WinInput): WinRegisters {
  const esp = input.register('esp');
  const calleeEbp = input.register('ebp');
  if (esp === undefined) return null;
  let slot = esp + frameSizeOf(record, input);
  let eip = input.readWord(slot);
  // System calls with omitted frame pointers leave their own return address behind: then the next word is the real one.
  if (input.isContextFrame && eip !== undefined && eip === input.register('eip')) {
    slot += 4n;
    eip = input.readWord(slot);
  }
  if (eip === undefined) return null;
  const registers = new Map([
    ['eip', eip],
    ['esp', (slot + 4n) & mask32],
  ]);
  if (record.allocatesBasePointer) {
    const ebp = input.readWord(esp + BigInt(input.grandCalleeParameterSize + record.savedRegisterSize) - 8n);
    if (ebp === undefined) return null;
    return registers.set('ebp', ebp);
  }
  if (calleeEbp === undefined) return null;
  registers.set('ebp', calleeEbp);
  // Forwarding functions of ntdll leave ebx alone, and the rules of their callers ask for it.
  const ebx = input.register('ebx');
  return ebx === undefined ? registers : registers.set('ebx', ebx);
}

const outputs = ['eip', 'esp', 'ebp', 'ebx', 'esi', 'edi'] as const;

function callerByProgram(record: WinRecord, input: WinInput): WinRegisters {
  const variables = initialVariables(record, input);
  if (variables === null || record.program === null || !runProgram(record.program, variables, input)) return null;
  const registers = new Map<string, bigint>();
  for (const name of outputs) {
    const value = variables.get(`$${name}`);
    if (value !== undefined) registers.set(name, value);
  }
  return registers.has('eip') && registers.has('esp') ? registers : null;
}

function initialVariables(record: WinRecord, input: WinInput): Map<string, bigint> | null {
  const esp = input.register('esp');
  const ebp = input.register('ebp');
  const ebx = input.register('ebx');
  if (esp === undefined || ebp === undefined) return null;
  // A program that aligns has an unknown gap above esp; such functions always keep a frame pointer.
  const search = record.program?.includes('@') ? ebp + 4n : esp + frameSizeOf(record, input);
  if (search > mask32) return null;
  const variables = new Map([
    ['$esp', esp],
    ['$ebp', ebp],
    ['.cbParams', BigInt(record.parameterSize)],
    ['.cbCalleeParams', BigInt(input.grandCalleeParameterSize)],
    ['.cbSavedRegs', BigInt(record.savedRegisterSize)],
    ['.cbLocals', BigInt(record.localSize)],
    ['.raSearch', search],
    ['.raSearchStart', search],
  ]);
  return ebx === undefined ? variables : variables.set('$ebx', ebx);
}

/** A value, the name of a variable, or null for `.undef`. */
type WinValue = bigint | string | null;

/** Runs the program over the variables; false if it is malformed or asks for something unknown. */
function runProgram(program: string, variables: Map<string, bigint>, input: WinInput): boolean {
  // Some tool chains write `=$eip` for `= $eip`.
  const tokens = program
    .replace(/(^|\s)=(?=\S)/g, '$1= ')
    .split(/\s+/)
    .filter(Boolean);
  if (tokens.length > unwindLimits.winTokensMax.value) return false;
  const stack: WinValue[] = [];
  const popNumber = (): bigint | undefined => {
    const value = stack.pop();
    return typeof value === 'string' ? variables.get(value) : (value ?? undefined);
  };
  for (const token of tokens) {
    if (token === '=') {
      if (!assign(stack, variables)) return false;
    } else if (token === '^') {
      const address = popNumber();
      const word = address === undefined ? undefined : input.readWord(address);
      if (word === undefined) return false;
      stack.push(word);
    } else if (/^[-+*/%@]$/.test(token)) {
      const right = popNumber();
      const left = popNumber();
      const value = left === undefined || right === undefined ? null : binary32(token, left, right);
      if (value === null) return false;
      stack.push(value);
    } else if (token === '.undef') stack.push(null);
    else if (token.startsWith('$') || token.startsWith('.')) stack.push(token);
    else if (/^[+-]?\d{1,10}$/.test(token)) stack.push(BigInt.asUintN(32, BigInt(token)));
    else return false;
  }
  return true;
}

function assign(stack: WinValue[], variables: Map<string, bigint>): boolean {
  const value = stack.pop();
  const target = stack.pop();
  if (typeof target !== 'string' || value === undefined) return false;
  if (value === null) {
    variables.delete(target);
    return true;
  }
  const number = typeof value === 'string' ? variables.get(value) : value;
  if (number === undefined) return false;
  variables.set(target, number);
  return true;
}

function binary32(operator: string, left: bigint, right: bigint): bigint | null {
  switch (operator) {
    case '+':
      return (left + right) & mask32;
    case '-':
      return BigInt.asUintN(32, left - right);
    case '*':
      return (left * right) & mask32;
    case '/':
      return right === 0n ? null : left / right;
    case '%':
      return right === 0n ? null : left % right;
    default:
      return right === 0n || (right & (right - 1n)) !== 0n ? null : left - (left % right);
  }
}
