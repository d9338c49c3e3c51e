// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Kept parallel to x86.ts, arm.ts and arm64.ts on purpose: read them side by side (stackwalker.md §7).
import { registerLayouts } from '../minidump/minidump.ts';
import { callerByCfi } from './cfi-caller.ts';
import { type FoundCaller, type Frame, lowestCodeAddress, type UnwindInput } from './frame.ts';
import { scanForReturnAddress } from './scan.ts';

const layout = registerLayouts.amd64!;
const wordBytes = 8n;
const calleeSaved = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15'] as const;

export function callerOnAmd64(callee: Frame, _grandCallee: Frame | null, input: UnwindInput): Frame | null {
  const found = byCfi(callee, input) ?? byFramePointer(callee, input) ?? byScan(callee, input);
  const pc = found?.registers.get('rip');
  const sp = found?.registers.get('rsp');
  const calleeSp = callee.registers.get('rsp');
  if (!found || pc === undefined || sp === undefined) return null;
  if (pc < lowestCodeAddress) return null;
  // Unwinding that does not move up the stack would go on for ever.
  if (calleeSp !== undefined && sp <= calleeSp) return null;
  return { ...found, instruction: pc - 1n };
}

/** No check of what the rules give: addresses outside all modules (JIT, system code) are right as often as not. */
function byCfi(callee: Frame, { code, stack }: UnwindInput): FoundCaller | null {
  if (!callee.registers.has('rsp')) return null;
  const cfi = code.cfiAt(callee.instruction);
  const registers = cfi && callerByCfi(cfi.rules, { layout, callee: callee.registers, calleeSaved, stack });
  return registers && { trust: 'cfi', registers };
}

/**
 * rip = [rbp + 8], rbp = [rbp], rsp = rbp + 16. On Windows rbp points somewhere into the frame, at most 240 bytes below
 * its end and in steps of 16 (UNWIND_INFO's frame offset), so each of these places is tried.
 */
function byFramePointer(callee: Frame, { os, stack }: UnwindInput): FoundCaller | null {
  const bp = callee.registers.get('rbp');
  const sp = callee.registers.get('rsp');
  if (bp === undefined || sp === undefined || bp >= 0xffff_ffff_ffff_ffffn - 16n) return null;
  const tries = os === 'Windows NT' ? 16n : 1n;
  for (let index = 0n; index < tries; index += 1n) {
    const frame = bp + index * 2n * wordBytes;
    const callerPc = stack.readWord(frame + wordBytes);
    const callerBp = stack.readWord(frame);
    const callerSp = frame + 2n * wordBytes;
    if (callerPc === undefined || callerBp === undefined) return null;
    if (callerBp < callerSp) continue;
    if (stack.readWord(callerBp) === undefined) return null;
    if (!isCanonical(callerPc) || callerSp <= sp || stack.readWord(callerSp) === undefined) continue;
    const registers = new Map([
      ['rip', callerPc],
      ['rsp', callerSp],
      ['rbp', callerBp],
    ]);
    return { trust: 'frame_pointer', registers };
  }
  return null;
}

/** Takes the next stack word that looks like a return address. */
function byScan(callee: Frame, input: UnwindInput): FoundCaller | null {
  const sp = callee.registers.get('rsp');
  if (sp === undefined) return null;
  const slot = scanForReturnAddress(callee, sp, input, { wordBytes, isPossible: isCanonical });
  if (slot === null) return null;
  const registers = new Map([
    ['rip', slot.returnAddress],
    ['rsp', slot.address + wordBytes],
  ]);
  const bp = slot.isFirst ? undefined : frameBaseNear(slot.address, callee, input);
  return { trust: 'scan', registers: bp === undefined ? registers : registers.set('rbp', bp) };
}

/** 99.5 % of the frames of a set of large programs are smaller (Breakpad's histogram). */
const frameBytesMax = 128n * 1024n;

/**
 * The caller's rbp: the word below the return address if rbp points there (the standard prologue pushed it), else the
 * callee's rbp if it lies above the callee's frame, as functions that do not use it preserve it.
 */
function frameBaseNear(slot: bigint, callee: Frame, { stack }: UnwindInput): bigint | undefined {
  const calleeBp = callee.registers.get('rbp');
  const pushedAt = slot - wordBytes;
  const pushed = stack.readWord(pushedAt);
  if (calleeBp === undefined || pushed === undefined) return undefined;
  if (calleeBp === pushedAt && pushed > slot && pushed - pushedAt <= frameBytesMax)
    return stack.readWord(pushed) === undefined ? undefined : pushed;
  return calleeBp >= slot + wordBytes ? calleeBp : undefined;
}

/** Bits 47 to 63 of an address are equal (four-level page tables). */
function isCanonical(address: bigint): boolean {
  return address <= 0x7fff_ffff_ffffn || address >= 0xffff_8000_0000_0000n;
}
