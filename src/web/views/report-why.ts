// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { JsonObject } from '../../lib/json.ts';
import { cutText } from '../parts/text.ts';
import { numberAt, objectsAt, textAt, textsAt, valueAt } from './report-values.ts';

/** What became of one frame on the way to the signature. */
export interface WhyStep {
  readonly frame: number | null;
  readonly is_inline: boolean;
  readonly text: string;
  readonly fate: string;
  readonly is_taken: boolean;
  /** The reason in words. */
  readonly words: string;
  /** `prefix_signature_re.txt:14`, and the entry itself; null where an algorithm decided. */
  readonly list: string | null;
  readonly entry: string | null;
  readonly rewrites: readonly string[];
}

export interface WhyRule {
  readonly rule: string;
  readonly words: string;
  readonly signature: string;
}

/** Why the signature is what it is, from what the generator wrote down; null for reports processed before it did. */
export interface WhyView {
  readonly source: string;
  readonly thread: number | null;
  readonly steps: readonly WhyStep[];
  /** Rules after the first one that changed the signature or failed. */
  readonly rules: readonly WhyRule[];
}

const fateWords: Readonly<Record<string, string>> = {
  kept: 'on the prefix list: taken, and the walk goes on',
  ended: 'no list names it: taken, and the end',
  irrelevant: 'on the irrelevant list: skipped',
  repeated: 'same library as before: skipped',
  empty: 'has no name: skipped',
  above: 'above the sentinel: skipped',
  below: 'not read: the frame above was the end',
  'last-resort': 'everything was skipped, so the first frame is taken after all',
};

const sourceWords: Readonly<Record<string, string>> = {
  native: 'the frames of the crashing thread',
  java_stack_trace: 'the Java stack trace',
  java_exception: 'the Java exception',
};

const textShownMax = 400;

export function whyView(processed: ProcessedCrash): WhyView | null {
  const explanation = valueAt(processed, 'signature_explanation');
  const frames = objectsAt(explanation, 'frames');
  const rules = objectsAt(explanation, 'rules');
  if (frames.length === 0 && rules.length === 0) return null;
  const steps = frames.slice(0, 200).map(stepOf);
  // Of what was not read the first one is enough to see where the walk ended.
  const end = steps.findIndex(({ fate }) => fate === 'below');
  return {
    source: sourceWords[textAt(explanation, 'source') ?? ''] ?? 'the crash data',
    thread: numberAt(explanation, 'thread'),
    steps: end < 0 ? steps : steps.slice(0, end + 1),
    rules: changes(rules),
  };
}

function stepOf(frame: JsonObject): WhyStep {
  const fate = textAt(frame, 'fate') ?? '';
  const file = textAt(frame, 'entry.file');
  const isSentinel = valueAt(frame, 'is_sentinel') === true;
  const words = fateWords[fate] ?? fate;
  return {
    frame: numberAt(frame, 'frame'),
    is_inline: numberAt(frame, 'inline') !== null,
    text: cutText(textAt(frame, 'text') ?? '', textShownMax) || '(no name)',
    fate,
    is_taken: fate === 'kept' || fate === 'ended' || fate === 'last-resort',
    words: isSentinel ? `a sentinel: the stack begins here; ${words}` : words,
    list: file === null ? null : cutText(`${file}:${numberAt(frame, 'entry.line') ?? 0}`, 100),
    entry: file === null ? null : cutText(textAt(frame, 'entry.entry') ?? '', 200),
    rewrites: textsAt(frame, 'rewrites').slice(0, 10),
  };
}

function changes(rules: readonly JsonObject[]): WhyRule[] {
  return rules.slice(1, 40).flatMap((rule) => {
    const outcome = textAt(rule, 'outcome');
    if (outcome !== 'changed' && outcome !== 'failed') return [];
    return [
      {
        rule: cutText(textAt(rule, 'rule') ?? '', 100),
        words: outcome === 'changed' ? 'changed it' : 'failed; see the notes',
        signature: cutText(textAt(rule, 'signature') ?? '', textShownMax),
      },
    ];
  });
}
