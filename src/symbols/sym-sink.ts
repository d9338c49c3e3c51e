// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * Receives the records of a `.sym` file in file order. Names come as ranges of the reader's buffer, valid only during
 * the call, so that a file of millions of lines makes no strings. Addresses and sizes are below 2^32; address + size
 * never exceeds 2^32.
 */
export interface SymSink {
  module(os: string, arch: string, debugId: string, debugFile: string): void;
  /** The text after `INFO `. */
  info(text: string): void;
  file(id: number, bytes: Uint8Array, start: number, end: number): void;
  origin(id: number, bytes: Uint8Array, start: number, end: number): void;
  /** A FUNC begins, readable or not: what follows belongs to the `func` that comes next, or to none. */
  beginFunc(): void;
  /** A `size` of 0 is dropped together with the records that follow it. */
  func(
    address: number,
    size: number,
    parameterSize: number,
    isMultiple: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** Returns false if there is no FUNC to which it could belong. */
  line(address: number, size: number, line: number, fileId: number): boolean;
  /** Once per address range. `callFileId` is -1 in the old style, which has none. False as for `line`. */
  inline(depth: number, callLine: number, callFileId: number, originId: number, address: number, size: number): boolean;
  public(
    address: number,
    parameterSize: number,
    isMultiple: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  cfiInit(address: number, size: number, bytes: Uint8Array, start: number, end: number): void;
  /** Returns false if there is no INIT before it. */
  cfiDelta(address: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** `fields`: address, size, prologue, epilogue, parameters, saved registers, locals, max stack. The text is the rest. */
  win(isFrameData: boolean, fields: ArrayLike<number>, bytes: Uint8Array, start: number, end: number): void;
  /** A line that was skipped. Only the first ones are reported (limit symProblemsMax). */
  problem(lineNumber: number, message: string): void;
}

/** How many lines a parse saw and how many it skipped. */
export interface SymLineCounts {
  readonly lines: number;
  readonly badLines: number;
  readonly sizeBytes: number;
}
