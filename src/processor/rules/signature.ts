// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonValue } from '../../lib/json.ts';
import {
  crashDataFromProcessedCrash,
  type FrameExplanation,
  makeDraft,
  type RuleExplanation,
  runSignatureRule,
  type SignatureDraft,
  type SignatureOptions,
  signatureRules,
} from '../../signature/signature.ts';
import type { Rule, RuleContext } from '../rule.ts';

export const signatureGenerator: Rule = {
  name: 'SignatureGeneratorRule',
  doc: 'Makes `signature`, `proto_signature` and `signature_debug` (docs/signatures.md).',
  action(context) {
    setSignature(context, false);
  },
};

export const provisionalSignatureGenerator: Rule = {
  name: 'ProvisionalSignatureGeneratorRule',
  doc: 'As SignatureGeneratorRule; a stack without symbols gets a provisional signature from its innermost application module.',
  action(context) {
    setSignature(context, true);
  },
};

function setSignature({ processed, notes, services }: RuleContext, provisional: boolean): void {
  const options = { lists: services.siglists(), era: 'today', provisional } as const;
  const { draft, debugLog, applied } = makeSignature(processed, options);
  processed['signature'] = draft.signature;
  // An empty proto signature is none; that of an earlier pass stays, as in Socorro.
  if (draft.protoSignature) processed['proto_signature'] = draft.protoSignature;
  processed['signature_debug'] = debugLog.join('\n');
  if (provisional) {
    processed['signature_provisional'] = draft.isProvisional;
    processed['signature_explanation'] = {
      era: options.era,
      source: draft.source,
      thread: draft.thread,
      frames: draft.frames.map(({ explanation }) => explanation),
      rules: applied,
    } as unknown as JsonValue;
  }
  for (const note of draft.notes) notes.add(prefixed(note));
}

const generation = 'SignatureGenerationRule';
const watchDog = 'SignatureRunWatchDog';

/** Runs the signature rules one by one and writes down, as Socorro does, what each did. */
function makeSignature(
  processed: RuleContext['processed'],
  options: SignatureOptions,
): {
  readonly draft: SignatureDraft;
  readonly debugLog: readonly string[];
  readonly applied: readonly RuleExplanation[];
} {
  const crashData = crashDataFromProcessedCrash(processed);
  const draft = makeDraft();
  const debugLog: string[] = [];
  const applied: RuleExplanation[] = [];
  for (const rule of signatureRules(options)) {
    let before = draft.signature;
    const outcome = runSignatureRule(rule, crashData, draft, options);
    if (outcome !== 'not applied') applied.push({ rule: rule.name, outcome, signature: draft.signature });
    if (rule.name === generation) debugLog.push(...generationLines(draft, outcome === 'failed'));
    if (outcome !== 'changed') continue;
    if (rule.name === watchDog) {
      // This rule starts again with thread 0 and then puts its word in front.
      const restarted = draft.signature.replace(/^shutdownhang \| /, '');
      debugLog.push(...generationLines(draft, false), changeLine(generation, before, restarted));
      before = restarted;
    }
    debugLog.push(changeLine(rule.name, before, draft.signature));
  }
  return { draft, debugLog, applied };
}

/** Notes of the tools inside the first rule carry the rule's name too. */
function prefixed(note: string): string {
  return /^(?:C|Java|JavaException)SignatureTool:/.test(note) ? `${generation}: ${note}` : note;
}

const changeLine = (rule: string, before: string, after: string) =>
  `${rule}: change signature: "${before}" -> "${after}"`;

const tools = {
  native: 'CSignatureTool',
  java_stack_trace: 'JavaSignatureTool',
  java_exception: 'JavaExceptionSignatureTool',
} as const;

function generationLines({ source, frames }: SignatureDraft, hasFailed: boolean): string[] {
  const lines = [`${generation}: using ${tools[source]}`];
  if (source !== 'native' || hasFailed) return lines;
  lines.push(`${generation}: using included signature lists`);
  for (const { explanation } of frames) {
    const line = frameLine(explanation);
    if (line !== null) lines.push(`${generation}: ${line}`);
  }
  return lines;
}

function frameLine(frame: FrameExplanation): string | null {
  const sentinel = frame.is_sentinel ? `sentinel; starting at "${frame.text}"; ` : '';
  switch (frame.fate) {
    case 'kept':
      return `${sentinel}prefix; continue iterating: "${frame.text}"`;
    case 'ended':
      return `${sentinel}not a prefix; stop: "${frame.text}"`;
    case 'irrelevant':
      return `${sentinel}irrelevant; ignoring: "${frame.text}"`;
    case 'repeated':
      return `repeated library; ignoring: "${frame.text}"`;
    case 'empty':
      return 'empty; ignoring';
    default:
      return null;
  }
}
