// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Kept parallel to amd64.ts, arm.ts and arm64.ts on purpose: read them side by side (stackwalker.md §7).
import { registerLayouts } from '../minidump/minidump.ts';
import { callerByCfi } from './cfi-caller.ts';
import { type FoundCaller, type Frame, lowestCodeAddress, type UnwindInput } from './frame.ts';
import { scanForReturnAddress } from './scan.ts';
import { callerByWinRecord } from './win-program.ts';

const layout = registerLayouts.x86!;
const wordBytes = 4n;
const calleeSaved = ['ebp', 'ebx', 'edi', 'esi'] as const;

export function callerOnX86(callee: Frame, grandCallee: Frame | null, input: UnwindInput): Frame | null {
  const found =
    byStackWin(callee, grandCallee, input) ??
    byCfi(callee, input) ??
    byFramePointer(callee, input) ??
    byScan(callee, input);
  const pc = found?.registers.get('eip');
  const sp = found?.registers.get('esp');
  const calleeSp = callee.registers.get('esp');
  if (!found || pc === undefined || sp === undefined) return null;
  if (pc < lowestCodeAddress) return null;
  // Unwinding that does not move up the stack would go on for ever.
  if (calleeSp !== undefined && sp <= calleeSp) return null;
  return { ...found, instruction: pc - 1n };
}

/** The frame data that Microsoft's compilers write; called cfi as well, as in both reference walkers. */
function byStackWin(callee: Frame, grandCallee: Frame | null, { code, stack }: UnwindInput): FoundCaller | null {
  const record = code.winAt(callee.instruction);
  if (record === null || !callee.registers.has('esp')) return null;
  const registers = callerByWinRecord(record, {
    register: (name) => callee.registers.get(name),
    readWord: (address) => stack.readWord(address),
    grandCalleeParameterSize: grandCallee ? code.parameterSizeAt(grandCallee.instruction) : 0,
    isContextFrame: grandCallee === null,
  });
  return registers && { trust: 'cfi', registers };
}

/** No check of what the rules give: addresses outside all modules (JIT, system code) are right as often as not. */
function byCfi(callee: Frame, { code, stack }: UnwindInput): FoundCaller | null {
  if (!callee.registers.has('esp')) return null;
  const cfi = code.cfiAt(callee.instruction);
  const registers = cfi && callerByCfi(cfi.rules, { layout, callee: callee.registers, calleeSaved, stack });
  return registers && { trust: 'cfi', registers };
}

/**
 * eip = [ebp + 4], ebp = [ebp], esp = ebp + 8. Unlike on amd64 nothing is checked: stricter rules make the scan take
 * over at the end of Windows stacks and invent frames.
 */
function byFramePointer(callee: Frame, { stack }: UnwindInput): FoundCaller | null {
  const bp = callee.registers.get('ebp');
  if (bp === undefined || bp >= 0xffff_ffffn - 8n) return null;
  const callerPc = stack.readWord(bp + wordBytes);
  const callerBp = stack.readWord(bp);
  if (callerPc === undefined || callerBp === undefined) return null;
  const registers = new Map([
    ['eip', callerPc],
    ['esp', bp + 2n * wordBytes],
    ['ebp', callerBp],
  ]);
  return { trust: 'frame_pointer', registers };
}

/** Takes the next stack word that looks like a return address. */
function byScan(callee: Frame, input: UnwindInput): FoundCaller | null {
  const sp = callee.registers.get('esp');
  if (sp === undefined) return null;
  const slot = scanForReturnAddress(callee, sp, input, { wordBytes, isPossible: () => true });
  if (slot === null) return null;
  const registers = new Map([
    ['eip', slot.returnAddress],
    ['esp', slot.address + wordBytes],
  ]);
  const bp = slot.isFirst ? undefined : frameBaseNear(slot.address, callee, input);
  return { trust: 'scan', registers: bp === undefined ? registers : registers.set('ebp', bp) };
}

/** 99.5 % of the frames of a set of large programs are smaller (Breakpad's histogram). */
const frameBytesMax = 128n * 1024n;

/**
 * The caller's ebp: the word below the return address if it points up the stack (the standard prologue pushed it), else
 * the callee's ebp if it lies above the callee's frame, as functions that do not use it preserve it.
 */
function frameBaseNear(slot: bigint, callee: Frame, { stack }: UnwindInput): bigint | undefined {
  const calleeBp = callee.registers.get('ebp');
  const pushedAt = slot - wordBytes;
  const pushed = stack.readWord(pushedAt);
  if (pushed === undefined) return undefined;
  if (pushed > slot && pushed - pushedAt <= frameBytesMax)
    return stack.readWord(pushed) === undefined ? undefined : pushed;
  if (calleeBp === undefined || calleeBp < slot + wordBytes) return undefined;
  return stack.readWord(calleeBp) === undefined ? undefined : calleeBp;
}
