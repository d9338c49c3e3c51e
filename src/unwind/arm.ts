// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Kept parallel to amd64.ts, x86.ts and arm64.ts on purpose: read them side by side (stackwalker.md §7).
import { registerLayouts } from '../minidump/minidump.ts';
import { callerByCfi } from './cfi-caller.ts';
import { type FoundCaller, type Frame, lowestCodeAddress, type UnwindInput } from './frame.ts';
import { scanForReturnAddress } from './scan.ts';

const layout = registerLayouts.arm!;
const wordBytes = 4n;
const calleeSaved = ['r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'fp'] as const;

export function callerOnArm(callee: Frame, _grandCallee: Frame | null, input: UnwindInput): Frame | null {
  const found = byCfi(callee, input) ?? byFramePointer(callee, input) ?? byScan(callee, input);
  const pc = found?.registers.get('pc');
  const sp = found?.registers.get('sp');
  const calleeSp = callee.registers.get('sp');
  if (!found || pc === undefined || sp === undefined) return null;
  if (pc < lowestCodeAddress) return null;
  // A leaf may leave the stack alone, as its return address is in lr; but only the first frame can be a leaf.
  const isLeaf = callee.trust === 'context' && sp === calleeSp;
  if (calleeSp !== undefined && sp <= calleeSp && !isLeaf) return null;
  return { ...found, instruction: pc - 2n };
}

/** No check of what the rules give: addresses outside all modules (JIT, system code) are right as often as not. */
function byCfi(callee: Frame, { code, stack }: UnwindInput): FoundCaller | null {
  if (!callee.registers.has('sp')) return null;
  const cfi = code.cfiAt(callee.instruction);
  const registers = cfi && callerByCfi(cfi.rules, { layout, callee: callee.registers, calleeSaved, stack });
  return registers && { trust: 'cfi', registers };
}

/** pc = [fp + 4], fp = [fp], sp = fp + 8. Only on iOS, where code must keep frame records; r7 is its frame pointer. */
function byFramePointer(callee: Frame, { os, stack }: UnwindInput): FoundCaller | null {
  if (os !== 'iOS') return null;
  const name = 'r7';
  const fp = callee.registers.get(name);
  const sp = callee.registers.get('sp');
  if (fp === undefined || sp === undefined || fp >= 0xffff_ffffn - 8n) return null;
  if (fp === 0n) return endOfStack(sp);
  const callerPc = stack.readWord(fp + wordBytes);
  const callerFp = stack.readWord(fp);
  if (callerPc === undefined || callerFp === undefined) return null;
  const registers = new Map([
    ['pc', callerPc],
    ['sp', fp + 2n * wordBytes],
    [name, callerFp],
  ]);
  return { trust: 'frame_pointer', registers };
}

/** A zero frame pointer marks the outermost frame: a caller at pc 0 ends the walk, and nothing is scanned for. */
function endOfStack(sp: bigint): FoundCaller {
  const registers = new Map([
    ['pc', 0n],
    ['sp', sp],
  ]);
  return { trust: 'frame_pointer', registers };
}

/** Takes the next stack word that looks like a return address. The frame pointer is lost. */
function byScan(callee: Frame, input: UnwindInput): FoundCaller | null {
  const sp = callee.registers.get('sp');
  if (sp === undefined) return null;
  const slot = scanForReturnAddress(callee, sp, input, { wordBytes, isPossible: () => true });
  if (slot === null) return null;
  const registers = new Map([
    ['pc', slot.returnAddress],
    ['sp', slot.address + wordBytes],
  ]);
  return { trust: 'scan', registers };
}
