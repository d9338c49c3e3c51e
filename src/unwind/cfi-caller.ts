// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { RegisterLayout } from '../minidump/minidump.ts';
import { type CfiInput, type CfiRules, evaluateCfi } from './cfi-rules.ts';
import type { Registers } from './frame.ts';
import type { StackMemory } from './stack-memory.ts';

export interface CfiCallerInput {
  readonly layout: RegisterLayout;
  readonly callee: Registers;
  /** Registers that keep their value where no rule speaks of them. */
  readonly calleeSaved: readonly string[];
  readonly stack: StackMemory;
}

/**
 * Registers of the caller by STACK CFI: sp is the CFA, pc the return address. Null if one of these two cannot
 * be found; any other register that cannot be found is lost (stackwalker.md §6).
 */
export function callerByCfi(rules: CfiRules, input: CfiCallerInput): Map<string, bigint> | null {
  const cfaRule = rules.get('.cfa');
  const raRule = rules.get('.ra');
  if (!cfaRule || !raRule) return null;
  const { layout, callee } = input;
  const asked: CfiInput = {
    register: (name) => callee.get(name) ?? callee.get(layout.aliases[name] ?? name),
    readWord: (address) => input.stack.readWord(address),
  };
  const highest = layout.pointerSizeBytes === 8 ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn;
  const cfa = evaluateCfi(cfaRule, asked, null);
  const ra = cfa === null ? null : evaluateCfi(raRule, asked, cfa);
  if (cfa === null || ra === null || cfa > highest || ra > highest) return null;

  const caller = new Map<string, bigint>();
  for (const name of input.calleeSaved) {
    const value = callee.get(name);
    if (value !== undefined) caller.set(name, value);
  }
  caller.set(layout.stackPointer, cfa);
  caller.set(layout.instructionPointer, ra);
  for (const [target, expression] of rules) {
    if (target === '.cfa' || target === '.ra') continue;
    const name = layout.aliases[target] ?? target;
    const value = evaluateCfi(expression, asked, cfa);
    if (value === null || value > highest) caller.delete(name);
    else if (layout.generalPurpose.includes(name)) caller.set(name, value);
  }
  return caller;
}
