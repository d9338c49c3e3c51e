// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashData } from './crash-data.ts';
import type { SignatureExplanation } from './explanation.ts';
import type { ListedFrame } from './frame-list.ts';
import type { Siglists } from './siglists.ts';

/** How signatures are made. */
export interface SignatureOptions {
  readonly lists: Siglists;
  /** `today` is Socorro of 2026, `2015` the seed's (processor.md §4.8). */
  readonly era: 'today' | '2015';
  /** Groups without symbols get module and offset instead of one giant group per module. Off in the Socorro presets. */
  readonly provisional: boolean;
  /** 2015 only: `f(int)` becomes `f`. */
  readonly collapsesArguments?: boolean;
  /** 2015 only: `'` is doubled. */
  readonly escapesSingleQuotes?: boolean;
}

/** A signature under construction, which the rules change in turn. */
export interface SignatureDraft {
  signature: string;
  /** Each `Rule: text`. */
  readonly notes: string[];
  /** All considered frames joined; null for Java and where there are no frames. */
  protoSignature: string | null;
  /** 2015: the signature before OOM and Abort changed it. */
  originalSignature: string | null;
  isProvisional: boolean;
  source: SignatureExplanation['source'];
  thread: number | null;
  frames: readonly ListedFrame[];
}

export interface RuleContext {
  readonly crashData: CrashData;
  readonly draft: SignatureDraft;
  readonly options: SignatureOptions;
}

/** One step from crash data to signature. */
export interface SignatureRule {
  readonly name: string;
  applies(context: RuleContext): boolean;
  apply(context: RuleContext): void;
}

/** A rule cannot work with what the crash says. The message becomes a public note: it must hold no value of the crash. */
export class RuleFailure extends Error {}

export function addNote(draft: SignatureDraft, rule: string, text: string): void {
  draft.notes.push(`${rule}: ${text}`);
}

export function makeDraft(signature = ''): SignatureDraft {
  return {
    signature,
    notes: [],
    protoSignature: null,
    originalSignature: null,
    isProvisional: false,
    source: 'native',
    thread: null,
    frames: [],
  };
}
