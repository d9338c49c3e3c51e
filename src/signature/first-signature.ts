// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { crashingThreadOf, fieldOf, isFilled } from './crash-data.ts';
import { type ListedFrame, listThreadFrames } from './frame-list.ts';
import { signatureOfJavaException, signatureOfJavaStackTrace } from './java.ts';
import { addNote, type RuleContext, type SignatureRule } from './rule.ts';
import { frameSeparator, type Walked, walkFrames } from './walk-frames.ts';

const name = 'SignatureGenerationRule';

/** Frames or Java to a first signature. */
export const signatureGenerationRule: SignatureRule = {
  name,
  applies: () => true,
  apply: (context) => generateFrom(context, crashingThreadOf(context.crashData)),
};

/**
 * Java text wins over a Java exception, and that over threads (processor.md §4.3). An empty result leaves the
 * signature that was there.
 */
export function generateFrom(context: RuleContext, thread: number): void {
  const { crashData, draft } = context;
  let walked: Walked;
  if (isFilled(fieldOf(crashData, 'java_stack_trace'))) {
    draft.source = 'java_stack_trace';
    walked = signatureOfJavaStackTrace(fieldOf(crashData, 'java_stack_trace'));
  } else if (isFilled(fieldOf(crashData, 'java_exception'))) {
    draft.source = 'java_exception';
    walked = signatureOfJavaException(fieldOf(crashData, 'java_exception'));
  } else walked = generateNative(context, thread);
  for (const note of walked.notes) addNote(draft, name, note);
  if (walked.signature !== '') draft.signature = walked.signature;
}

function generateNative({ crashData, draft, options }: RuleContext, thread: number): Walked {
  const { lists } = options;
  const frames = listThreadFrames(crashData, thread, (text) => lists.lineNumbers.match(text) !== null);
  draft.source = 'native';
  draft.thread = thread;
  draft.frames = frames;
  if (frames.length > 0) draft.protoSignature = joinFrames(frames);
  return walkFrames(
    frames.map(({ explanation }) => explanation),
    thread,
    lists,
  );
}

export function joinFrames(frames: readonly ListedFrame[]): string {
  return frames.map(({ explanation }) => explanation.text).join(frameSeparator);
}
