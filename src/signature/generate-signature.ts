// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashData } from './crash-data.ts';
import type { RuleExplanation, SignatureExplanation } from './explanation.ts';
import { provisionalRules } from './provisional.ts';
import {
  addNote,
  makeDraft,
  RuleFailure,
  type SignatureDraft,
  type SignatureOptions,
  type SignatureRule,
} from './rule.ts';
import { rulesOf2015 } from './rules-2015.ts';
import { rulesOfToday } from './rules-today.ts';

/** A signature, what was noted on the way, and why it is what it is. Keys as stored in the processed crash. */
export interface SignatureResult {
  /** At most 255 code points; in today's era printable ASCII without runs of spaces. */
  readonly signature: string;
  /** Public-safe, each `Rule: text`. */
  readonly notes: readonly string[];
  /** All considered frames joined, neither cleaned nor cut to 255; null for Java and where there are no frames. */
  readonly proto_signature: string | null;
  /** 2015 era only: the signature before the rules for OOM and aborts changed it. */
  readonly original_signature: string | null;
  /** True if module and offset stand for code whose symbols are missing. */
  readonly is_provisional: boolean;
  readonly explanation: SignatureExplanation;
}

/** The rules of an era in order; with `provisional`, ours are among them. */
export function signatureRules(options: Pick<SignatureOptions, 'era' | 'provisional'>): readonly SignatureRule[] {
  const rules = options.era === '2015' ? rulesOf2015 : rulesOfToday;
  if (!options.provisional) return rules;
  return [rules[0]!, provisionalRules.offset, ...rules.slice(1), provisionalRules.unreadable];
}

/**
 * Makes the signature of a crash. Never throws: whatever the crash data is, there is an answer, and a rule that fails
 * leaves a note.
 */
export function generateSignature(crashData: CrashData, options: SignatureOptions): SignatureResult {
  const draft = makeDraft();
  const applied: RuleExplanation[] = [];
  for (const rule of signatureRules(options)) {
    const outcome = runSignatureRule(rule, crashData, draft, options);
    if (outcome !== 'not applied') applied.push({ rule: rule.name, outcome, signature: draft.signature });
  }
  return {
    signature: draft.signature,
    notes: draft.notes,
    proto_signature: draft.protoSignature,
    original_signature: draft.originalSignature,
    is_provisional: draft.isProvisional,
    explanation: {
      era: options.era,
      source: draft.source,
      thread: draft.thread,
      frames: draft.frames.map(({ explanation }) => explanation),
      rules: applied,
    },
  };
}

/** Runs one rule on a draft: its condition, then its action. For pipelines that interleave rules of their own. */
export function runSignatureRule(
  rule: SignatureRule,
  crashData: CrashData,
  draft: SignatureDraft,
  options: SignatureOptions,
): RuleExplanation['outcome'] | 'not applied' {
  const before = draft.signature;
  try {
    const context = { crashData, draft, options };
    if (!rule.applies(context)) return 'not applied';
    rule.apply(context);
    return draft.signature === before ? 'unchanged' : 'changed';
  } catch (error) {
    draft.signature = before;
    addNote(draft, rule.name, `Rule failed: ${error instanceof RuleFailure ? error.message : 'unexpectedly'}`);
    return 'failed';
  }
}
