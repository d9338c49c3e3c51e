// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FrameTrust } from '../crash/stackwalk.ts';
import type { OperatingSystem } from '../minidump/minidump.ts';
import type { WinRecord } from '../symbols/symbols.ts';
import type { CfiRules } from './cfi-rules.ts';
import type { StackMemory } from './stack-memory.ts';

/** Values by canonical name (src/minidump/cpu.ts); a register that was lost is absent. */
export type Registers = ReadonlyMap<string, bigint>;

/** A frame before it gets its names. */
export interface Frame {
  readonly trust: FrameTrust;
  readonly registers: Registers;
  /**
   * Address of the instruction: the pc of the context frame; in callers a byte of the call, because the return address
   * may already belong to the next line or function. Used for every lookup.
   */
  readonly instruction: bigint;
}

/** A caller as an unwinding step found it, before the sanity rules and before its instruction is known. */
export interface FoundCaller {
  readonly trust: FrameTrust;
  readonly registers: Registers;
}

/** Where code is and what symbols say of it. Addresses are absolute. */
export interface CodeMap {
  /** The rules of STACK CFI that hold there, with the start of their range. */
  cfiAt(address: bigint): { readonly rules: CfiRules; readonly start: bigint } | null;
  winAt(address: bigint): WinRecord | null;
  /** Bytes of parameters on the stack of the function there; 0 when unknown. */
  parameterSizeAt(address: bigint): number;
  /** Whether a scanned word may be a return address: the call before it lies in a module, and in a function of it if the module has symbols. */
  isPlausibleReturnAddress(address: bigint): boolean;
}

/** What the unwinders of all processors ask. */
export interface UnwindInput {
  readonly os: OperatingSystem;
  readonly stack: StackMemory;
  readonly code: CodeMap;
  /** Bits of an arm64 address that are not a pointer authentication code. */
  readonly addressMask: bigint;
}

/**
 * The caller of `callee`, or null at the stack's end. `grandCallee` is the frame that `callee` called, null for the
 * first frame.
 */
export type Unwind = (callee: Frame, grandCallee: Frame | null, input: UnwindInput) => Frame | null;

/** Below this a pc is as good as null: no system maps its first page. */
export const lowestCodeAddress = 4096n;
