// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ListEntry } from './siglists.ts';

/** What a frame's text was made from. */
export type FrameTextSource =
  | 'function'
  | 'file-line'
  | 'module'
  | 'module-offset'
  | 'unloaded-module'
  | 'offset'
  | 'nothing';

/**
 * What became of a frame:
 * `kept` and gone on from (prefix list), `ended` the signature, `irrelevant`, `repeated` library, `empty`, `above` the
 * sentinel, `below` the end, or `last-resort` (everything was skipped, so the first frame was taken after all).
 */
export type FrameFate = 'kept' | 'ended' | 'irrelevant' | 'repeated' | 'empty' | 'above' | 'below' | 'last-resort';

/** One frame, or one inlined call of it, as the signature saw it. */
export interface FrameExplanation {
  /** Index in the thread's `frames`. */
  readonly frame: number;
  /** Index in the frame's `inlines`; null for the frame itself. */
  readonly inline: number | null;
  text: string;
  readonly source: FrameTextSource;
  /** What rewrote it: `cpp`, `rust`, `rust-panic-module`, `line-number-list`, `lower-case`, `trim-dll-list`. */
  rewrites: readonly string[];
  fate: FrameFate;
  /** The list entry that decided: sentinel, irrelevant or prefix. Null where an algorithm did. */
  entry: ListEntry | null;
  /** True for the sentinel that became the top of the stack. */
  is_sentinel: boolean;
}

/** One signature rule that applied. */
export interface RuleExplanation {
  readonly rule: string;
  readonly outcome: 'changed' | 'unchanged' | 'failed';
  /** The signature after the rule. */
  readonly signature: string;
}

/** Why a signature is what it is. */
export interface SignatureExplanation {
  readonly era: string;
  /** What the first signature was made from. */
  readonly source: 'native' | 'java_stack_trace' | 'java_exception';
  /** Index of the thread whose frames count; null for Java. */
  readonly thread: number | null;
  readonly frames: readonly FrameExplanation[];
  /** Rules that applied, in order. */
  readonly rules: readonly RuleExplanation[];
}
