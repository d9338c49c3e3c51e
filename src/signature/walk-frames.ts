// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { FrameExplanation } from './explanation.ts';
import type { Siglists } from './siglists.ts';

/** A signature made from frames, before any rule. */
export interface Walked {
  readonly signature: string;
  readonly notes: readonly string[];
}

export const frameSeparator = ' | ';

/**
 * Walks the frame texts from the top: the earliest sentinel becomes the top, irrelevant frames are skipped, prefix
 * frames are kept and gone on from, the first other frame ends the signature (processor.md §4.5). Writes each frame's
 * fate into `frames`.
 */
export function walkFrames(
  frames: readonly FrameExplanation[],
  crashingThread: number | null,
  lists: Siglists,
): Walked {
  const top = findSentinel(frames, lists);
  const kept: string[] = [];
  for (let index = top; index < frames.length; index += 1) {
    const frame = frames[index]!;
    frame.fate = fateOf(frame, kept.at(-1), lists);
    if (frame.fate === 'kept' || frame.fate === 'ended') kept.push(frame.text);
    if (frame.fate === 'ended') break;
  }
  const signature = kept.join(frameSeparator);
  return signature === '' ? withoutFrames(frames[top], crashingThread) : { signature, notes: [] };
}

/** Index of the earliest sentinel, else 0; what stands above it is marked so. */
export function findSentinel(frames: readonly FrameExplanation[], lists: Siglists): number {
  for (const [index, frame] of frames.entries()) {
    const entry = lists.sentinels.match(frame.text);
    if (!entry) continue;
    frame.is_sentinel = true;
    frame.entry = entry;
    for (const above of frames.slice(0, index)) above.fate = 'above';
    return index;
  }
  return 0;
}

function fateOf(frame: FrameExplanation, last: string | undefined, lists: Siglists): FrameExplanation['fate'] {
  if (frame.text === '') return 'empty';
  const irrelevant = lists.irrelevant.match(frame.text);
  if (irrelevant) {
    frame.entry = irrelevant;
    return 'irrelevant';
  }
  if (frame.text === last && isLibrary(frame.text)) return 'repeated';
  const prefix = lists.prefix.match(frame.text);
  frame.entry = prefix ?? frame.entry;
  return prefix ? 'kept' : 'ended';
}

/** Frames without a name of their own, of which a run says no more than one. */
function isLibrary(text: string): boolean {
  if (text.startsWith('(unloaded')) return false;
  return /\.(?:dll|so)$/i.test(text) || text === 'XUL' || text === '<name omitted>' || text.startsWith('<unknown in');
}

function withoutFrames(top: FrameExplanation | undefined, crashingThread: number | null): Walked {
  if (crashingThread === null)
    return {
      signature: 'EMPTY: no crashing thread identified',
      notes: ['CSignatureTool: no crashing thread identified'],
    };
  const notes = [`CSignatureTool: no frame data for crashing thread (${crashingThread})`];
  if (!top) return { signature: 'EMPTY: no frame data available', notes };
  top.fate = 'last-resort';
  return { signature: top.text, notes };
}
