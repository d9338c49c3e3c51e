// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Kept parallel to amd64.ts, x86.ts and arm.ts on purpose: read them side by side (stackwalker.md §7).
import { registerLayouts } from '../minidump/minidump.ts';
import { callerByCfi } from './cfi-caller.ts';
import { type FoundCaller, type Frame, lowestCodeAddress, type Registers, type UnwindInput } from './frame.ts';
import { scanForReturnAddress } from './scan.ts';

const layout = registerLayouts.arm64!;
const wordBytes = 8n;
const calleeSaved = ['x19', 'x20', 'x21', 'x22', 'x23', 'x24', 'x25', 'x26', 'x27', 'x28', 'fp'] as const;

export function callerOnArm64(callee: Frame, _grandCallee: Frame | null, input: UnwindInput): Frame | null {
  const found = byCfi(callee, input) ?? byFramePointer(callee, input) ?? byScan(callee, input);
  const pc = found?.registers.get('pc');
  const sp = found?.registers.get('sp');
  const calleeSp = callee.registers.get('sp');
  if (!found || pc === undefined || sp === undefined) return null;
  if (pc < lowestCodeAddress) return null;
  if (calleeSp !== undefined && sp < calleeSp) return null;
  if (sp === calleeSp) {
    // A leaf, or a frame caught at its function's entry, leaves the stack alone: its return address is in lr.
    const isLeaf = callee.trust === 'context' || found.trust === 'cfi';
    if (!isLeaf || pc === callee.registers.get('pc')) return null;
  }
  return { ...found, instruction: pc - 4n };
}

/** No check of what the rules give: addresses outside all modules (JIT, system code) are right as often as not. */
function byCfi(callee: Frame, { code, stack, addressMask }: UnwindInput): FoundCaller | null {
  if (!callee.registers.has('sp')) return null;
  const cfi = code.cfiAt(callee.instruction);
  if (cfi === null) return null;
  // After a frame pointer step lr is the value that the frame record held on entry: right only at the very entry.
  const isLrUsable = callee.trust !== 'frame_pointer' || cfi.start === callee.instruction;
  const known = isLrUsable ? callee.registers : withoutLr(callee.registers);
  const registers = callerByCfi(cfi.rules, { layout, callee: known, calleeSaved, stack });
  if (registers === null) return null;
  for (const name of ['pc', 'lr', 'fp']) {
    const value = registers.get(name);
    if (value !== undefined) registers.set(name, value & addressMask);
  }
  return { trust: 'cfi', registers };
}

function withoutLr(registers: Registers): Registers {
  const copy = new Map(registers);
  copy.delete('lr');
  return copy;
}

/**
 * pc = [fp + 8], fp = [fp], sp = fp + 16. The frame is taken as a normal one: whether it is a leaf cannot be told
 * without CFI, and if it is, its caller is left out and the rest is right.
 */
function byFramePointer(callee: Frame, { stack, addressMask }: UnwindInput): FoundCaller | null {
  const fp = callee.registers.get('fp');
  const sp = callee.registers.get('sp');
  if (fp === undefined || sp === undefined || fp >= 0xffff_ffff_ffff_ffffn - 16n) return null;
  if (fp === 0n) return endOfStack(sp);
  const storedPc = stack.readWord(fp + wordBytes);
  const storedFp = stack.readWord(fp);
  if (storedPc === undefined || storedFp === undefined) return null;
  const callerPc = storedPc & addressMask;
  const callerFp = storedFp & addressMask;
  if (!isUserCode(callerPc)) return null;
  const registers = new Map([
    ['pc', callerPc],
    ['sp', fp + 2n * wordBytes],
    ['fp', callerFp],
  ]);
  const lr = callerFp === 0n ? undefined : stack.readWord(callerFp + wordBytes);
  if (lr !== undefined) registers.set('lr', lr & addressMask);
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
  const slot = scanForReturnAddress(callee, sp, input, { wordBytes, isPossible: isUserCode });
  if (slot === null) return null;
  const registers = new Map([
    ['pc', slot.returnAddress],
    ['sp', slot.address + wordBytes],
  ]);
  return { trust: 'scan', registers };
}

/** Neither the first page nor above the 52 bits that user space can have. */
function isUserCode(address: bigint): boolean {
  return address >= lowestCodeAddress && address <= 0x000f_ffff_ffff_ffffn;
}

/** Apple's split of an address leaves 47 bits; more if a module lies higher. */
export function arm64AddressMask(highestModuleEnd: bigint, addressMask: bigint | null): bigint {
  if (addressMask !== null) return addressMask;
  const apple = 0x7fff_ffff_ffffn;
  if (highestModuleEnd <= apple) return apple;
  let power = apple + 1n;
  while (power < highestModuleEnd) power <<= 1n;
  return BigInt.asUintN(64, power - 1n);
}
