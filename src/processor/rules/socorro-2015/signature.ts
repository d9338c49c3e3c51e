// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject } from '../../../lib/json.ts';
import {
  type CrashData,
  crashDataFromProcessedCrash,
  crashDataFromStackwalk,
  makeDraft,
  runSignatureRule,
  type SignatureOptions,
  type SignatureRule,
  signatureRules,
} from '../../../signature/signature.ts';
import type { Rule, RuleContext } from '../../rule.ts';

const optionsOf = ({ services }: RuleContext): SignatureOptions => ({
  lists: services.siglists(),
  era: '2015',
  provisional: false,
});

/** What the rules of 2015 read from the raw crash, for the processed crash did not have it then. */
const annotations = [
  ['oom_allocation_size', 'OOMAllocationSize'],
  ['abort_message', 'AbortMessage'],
  ['async_shutdown_timeout', 'AsyncShutdownTimeout'],
  ['ipc_channel_error', 'ipc_channel_error'],
  ['ipc_message_name', 'IPCMessageName'],
  ['additional_minidumps', 'additional_minidumps'],
] as const;

function crashDataOf({ raw, processed }: RuleContext): CrashData {
  const crashData: JsonObject = crashDataFromProcessedCrash(processed);
  crashData['hang_type'] = processed['hang_type'] ?? null;
  for (const [key, annotation] of annotations) if (raw[annotation] !== undefined) crashData[key] = raw[annotation];
  return crashData;
}

/** A signature rule of 2015 as a processor rule: in that era each stood in the rule set by itself. */
function processorRuleOf(rule: SignatureRule): Rule {
  return {
    name: rule.name,
    doc: 'Signature rule of 2015; docs/signatures.md says what it does.',
    action(context) {
      const { processed, notes } = context;
      const draft = makeDraft(typeof processed['signature'] === 'string' ? processed['signature'] : '');
      const outcome = runSignatureRule(rule, crashDataOf(context), draft, optionsOf(context));
      processed['signature'] = draft.signature;
      if (draft.protoSignature !== null || rule.name === 'SignatureGenerationRule')
        processed['proto_signature'] = draft.protoSignature ?? '';
      if (draft.originalSignature !== null) processed['original_signature'] = draft.originalSignature;
      for (const note of draft.notes) notes.add(note);
      return outcome === 'changed' || outcome === 'unchanged';
    },
  };
}

export const signatureRules2015: readonly Rule[] = signatureRules({ era: '2015', provisional: false }).map(
  processorRuleOf,
);

/** Normalised frames of the crashing thread of a stackwalk document, as the classifiers of 2015 compare them. */
export function normalisedFrames(dump: unknown, context: RuleContext): readonly string[] {
  const [generation] = signatureRules({ era: '2015', provisional: false });
  if (!isJsonObject(dump) || !generation) return [];
  const draft = makeDraft();
  runSignatureRule(generation, crashDataFromStackwalk(dump), draft, optionsOf(context));
  return draft.frames.map(({ explanation }) => explanation.text);
}
