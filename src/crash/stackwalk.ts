// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonValue } from '../lib/json.ts';

/** How a frame was found, best first (design.md §6). `non` is rust-minidump's spelling of none and is what we write. */
export type FrameTrust = 'context' | 'prewalked' | 'cfi' | 'frame_pointer' | 'cfi_scan' | 'scan' | 'non';

/** One inlined call, innermost first. */
export interface InlineFrame {
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

/** A frame of the stackwalk document (stackwalker.md §9). Addresses are `0x` + 8 or 16 hex digits. */
export interface StackFrame {
  readonly frame: number;
  readonly trust: FrameTrust | 'none';
  /** Address of the instruction. */
  readonly offset: string;
  readonly module: string | null;
  readonly module_offset: string | null;
  readonly function: string | null;
  readonly function_offset: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly missing_symbols: boolean;
  readonly inlines: readonly InlineFrame[] | null;
  readonly unloaded_modules: readonly { readonly module: string; readonly offsets: readonly string[] }[] | null;
  readonly registers?: Readonly<Record<string, string>>;
}

export interface StackThread {
  readonly thread_id: number | null;
  readonly thread_name: string | null;
  readonly last_error_value: string | null;
  readonly frame_count: number;
  readonly frames: readonly StackFrame[];
  /** Ours: frames beyond the limit were left out in the middle. */
  readonly frames_truncated?: boolean;
  /** How many there were before; only with frames_truncated. */
  readonly total_frames?: number;
}

export interface StackModule {
  readonly base_addr: string;
  readonly end_addr: string;
  readonly code_id: string | null;
  readonly debug_file: string | null;
  readonly debug_id: string | null;
  readonly filename: string;
  readonly version: string | null;
  readonly missing_symbols: boolean;
  readonly loaded_symbols: boolean;
  readonly corrupt_symbols: boolean;
  readonly symbol_url: string | null;
  readonly cert_subject: string | null;
}

/**
 * The stackwalk document: what Socorro's processor reads as `json_dump` (rust-minidump's schema, stackwalker.md §9).
 * Keys that are ours stand under `salvage`.
 */
export interface Stackwalk {
  readonly status: string;
  readonly pid: number | null;
  readonly crash_info: {
    readonly type: string | null;
    readonly address: string | null;
    /** Index into `threads`. */
    readonly crashing_thread: number | null;
    readonly assertion: string | null;
    readonly [key: string]: JsonValue | undefined;
  };
  readonly system_info: { readonly [key: string]: JsonValue };
  readonly thread_count: number;
  readonly threads: readonly StackThread[];
  readonly crashing_thread: (StackThread & { readonly threads_index: number }) | null;
  readonly main_module: number | null;
  readonly modules: readonly StackModule[];
  readonly unloaded_modules: readonly {
    readonly base_addr: string;
    readonly end_addr: string;
    readonly code_id: string | null;
    readonly filename: string;
    readonly cert_subject: string | null;
  }[];
  readonly [key: string]: unknown;
}
