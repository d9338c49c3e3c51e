// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * The symbols of one module, as unwinding and symbolication ask for them (stackwalker.md §6).
 *
 * Every address is an offset from the module's base, as a plain number below 2^32: no module is larger, so the columns
 * of the index hold 32 bits; records beyond that are counted as bad lines. An address outside that range finds nothing.
 *
 * Lookups are synchronous and never throw. When the file below turns out to be damaged in the middle of a walk, lookups
 * answer null from then on and `damage` says why; the caller marks the module corrupt.
 */
export interface ModuleSymbols {
  readonly facts: SymFacts;
  /** Null, or why the index stopped answering. */
  readonly damage: string | null;
  /** True if a FUNC or PUBLIC name covers the address; cheaper than `findFunction` (for stack scans). */
  hasFunction(rva: number): boolean;
  findFunction(rva: number): FunctionSymbol | null;
  /** The line record covering the address, in the FUNC covering it. A PUBLIC has none. */
  findLine(rva: number): SourceLine | null;
  /**
   * Inlined calls at the address, innermost first; empty if there are none. `file` and `line` are the position *inside*
   * the inlined function, already shifted by one from the call sites of the records, so that the physical function's
   * own position is what `findOuterLine` gives.
   */
  findInlines(rva: number): InlinedCall[];
  /**
   * Position in the physical function: the call site of the outermost inline that covers the address, else the same as
   * `findLine`.
   */
  findOuterLine(rva: number): SourceLine | null;
  /** The STACK CFI INIT record covering the address with its deltas up to and including the address, in file order. */
  findCfi(rva: number): CfiRecord | null;
  /** The STACK WIN record covering the address: frame data (type 4) before FPO (type 0). */
  findWin(rva: number): WinRecord | null;
  /** Releases the file handle; lookups answer null afterwards. */
  close(): void;
}

export interface FunctionSymbol {
  readonly name: string;
  /** Start of the FUNC, or address of the PUBLIC. */
  readonly address: number;
  /** Bytes; 0 for a PUBLIC, which has no size. */
  readonly size: number;
  /** Bytes of parameters on the stack: from STACK WIN where one covers the address, else from the record itself. */
  readonly parameterSize: number;
  readonly isPublic: boolean;
  /** The record bears `m`: several symbols share this code (identical code folding). */
  readonly isMultiple: boolean;
}

export interface SourceLine {
  /** Null if the FILE record is missing. */
  readonly file: string | null;
  /** 0 in the record = unknown = null. */
  readonly line: number | null;
}

export interface InlinedCall extends SourceLine {
  readonly function: string;
}

/** Rules are texts as in the file, without addresses: `.cfa: $rsp 8 + .ra: .cfa -8 + ^`. Equal texts are one string. */
export interface CfiRecord {
  /** Range of the INIT record. */
  readonly address: number;
  readonly size: number;
  readonly initRules: string;
  readonly deltas: readonly CfiDelta[];
}

export interface CfiDelta {
  readonly address: number;
  readonly rules: string;
}

/** One STACK WIN record; all sizes in bytes. */
export interface WinRecord {
  readonly kind: 'frame_data' | 'fpo';
  readonly address: number;
  readonly size: number;
  readonly prologueSize: number;
  readonly epilogueSize: number;
  readonly parameterSize: number;
  readonly savedRegisterSize: number;
  readonly localSize: number;
  readonly maxStackSize: number;
  /** Program text of frame data; null for FPO. */
  readonly program: string | null;
  /** FPO only: the function uses ebp as a general register and saves it. */
  readonly allocatesBasePointer: boolean;
}

/** What a `.sym` file says of itself and what was found in it. */
export interface SymFacts {
  /** Fields of MODULE; empty text if the record is missing. */
  readonly os: string;
  readonly arch: string;
  /** As in the record. */
  readonly debugId: string;
  readonly debugFile: string;
  /** INFO CODE_ID, lower case; null if absent. */
  readonly codeId: string | null;
  readonly codeFile: string | null;
  readonly generator: string | null;
  /** INFO URL: where a download cache got it. */
  readonly url: string | null;
  readonly sizeBytes: number;
  readonly counts: SymCounts;
  /** MODULE is missing, or more than 1 % (and over 100) of the lines are bad (stackwalker.md §6). */
  readonly isCorrupt: boolean;
}

/** Records that were kept, by kind, and lines that were not. */
export interface SymCounts {
  readonly lines: number;
  readonly badLines: number;
  readonly files: number;
  readonly functions: number;
  readonly lineRecords: number;
  readonly inlines: number;
  readonly origins: number;
  readonly publics: number;
  readonly cfiInits: number;
  readonly cfiDeltas: number;
  readonly winFrameData: number;
  readonly winFpo: number;
}
