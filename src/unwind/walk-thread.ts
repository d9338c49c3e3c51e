// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CpuArch, CpuContext } from '../minidump/minidump.ts';
import { callerOnAmd64 } from './amd64.ts';
import { callerOnArm } from './arm.ts';
import { callerOnArm64 } from './arm64.ts';
import type { Frame, Unwind, UnwindInput } from './frame.ts';
import { unwindLimits } from './limits.ts';
import type { ModuleCode } from './module-code.ts';
import type { StackMemory } from './stack-memory.ts';
import { callerOnX86 } from './x86.ts';

/** Processors that are unwound; of the others only the context frame is shown. */
const unwinders: Readonly<Partial<Record<CpuArch, Unwind>>> = {
  amd64: callerOnAmd64,
  x86: callerOnX86,
  arm: callerOnArm,
  arm64: callerOnArm64,
};

export interface NumberedFrame extends Frame {
  /** 0 is the innermost. */
  readonly number: number;
}

const { framesWalkedMax, scannedFramesMax } = unwindLimits;
/** How often the clock is asked: a step takes some microseconds. */
const framesBetweenChecks = 64;

/**
 * The walk of one thread, which can stop in the middle for symbols and go on later. Of deep stacks it keeps both ends
 * (decisions.md 26).
 */
export class ThreadWalk {
  isDone = false;
  /** How many frames there are, kept or not. */
  frameCount = 0;
  readonly #frames: NumberedFrame[] = [];
  readonly #framesMax: number;
  readonly #unwind: Unwind | undefined;
  readonly #code: ModuleCode;
  readonly #input: UnwindInput | null;
  #grandCallee: Frame | null = null;
  #callee: Frame | null = null;
  #scannedCount = 0;

  constructor(context: CpuContext | null, pc: bigint | undefined, stack: StackMemory | null, walk: WalkInput) {
    this.#framesMax = walk.framesMax;
    this.#code = walk.code;
    this.#unwind = context ? unwinders[context.cpu] : undefined;
    this.#input = stack && { ...walk, stack };
    if (context === null || pc === undefined) this.isDone = true;
    else this.#keep({ trust: 'context', registers: context.registers, instruction: pc });
  }

  get frames(): readonly NumberedFrame[] {
    return this.#frames;
  }

  get isTruncated(): boolean {
    return this.frameCount > this.#frames.length;
  }

  /** Walks on until the stack ends, symbols are wanted, or `isOverdue` says that time is up. */
  advance(isOverdue: () => boolean): void {
    for (let steps = 1; !this.isDone; steps += 1) {
      this.#code.begin();
      const caller = this.#callerOf(this.#callee as Frame);
      if (this.#code.isIncomplete) return;
      const isFull = this.frameCount >= framesWalkedMax.value || this.#scannedCount >= scannedFramesMax.value;
      if (caller === null || isFull) this.#finish();
      else this.#keep(caller);
      if (steps % framesBetweenChecks === 0 && isOverdue()) this.#finish();
    }
  }

  #callerOf(callee: Frame): Frame | null {
    return this.#unwind && this.#input ? this.#unwind(callee, this.#grandCallee, this.#input) : null;
  }

  #keep(frame: Frame): void {
    this.#frames.push({ ...frame, number: this.frameCount });
    this.frameCount += 1;
    if (frame.trust === 'scan') this.#scannedCount += 1;
    this.#grandCallee = this.#callee;
    this.#callee = frame;
    if (this.#frames.length >= 2 * this.#framesMax) this.#leaveOutMiddle();
  }

  #finish(): void {
    this.isDone = true;
    if (this.#frames.length > this.#framesMax) this.#leaveOutMiddle();
  }

  #leaveOutMiddle(): void {
    const kept = this.#framesMax / 2;
    this.#frames.splice(kept, this.#frames.length - 2 * kept);
  }
}

/** What the walks of all threads share. */
export interface WalkInput extends Omit<UnwindInput, 'stack'> {
  readonly code: ModuleCode;
  /** Frames of one thread that are kept; even. */
  readonly framesMax: number;
}
