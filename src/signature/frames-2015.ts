// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { rewriteSlices } from './brackets.ts';
import { type CrashData, fieldOf, isFilled, threadOf } from './crash-data.ts';
import type { FrameExplanation } from './explanation.ts';
import type { ListedFrame } from './frame-list.ts';
import { frameText, type NativeFrame, readFrame } from './frame-text.ts';
import { signatureLimits } from './limits.ts';
import { fixSpaces } from './normalise-function.ts';
import type { SignatureOptions } from './rule.ts';
import type { Siglists } from './siglists.ts';
import { valueText } from './text.ts';
import { findSentinel, frameSeparator, type Walked } from './walk-frames.ts';

/** The frames of a thread as 2015 spelt them: no inlines, modules with offsets (processor.md §4.8). */
export function listFrames2015(crashData: CrashData, thread: number, options: SignatureOptions): ListedFrame[] {
  const frames = fieldOf(threadOf(crashData, thread), 'frames');
  if (!Array.isArray(frames)) return [];
  const os = fieldOf(crashData, 'os');
  // The test of 2015 asked whether the system's name is a part of "Windows NT", so an empty name counts too.
  const lowersModules = typeof os === 'string' && 'Windows NT'.includes(os);
  return frames.slice(0, signatureLimits.signatureFramesMax.value).map((value, index) => {
    const frame = readFrame(value);
    const module = lowersModules && frame.module !== null ? frame.module.toLowerCase() : frame.module;
    const named = { ...frame, module };
    return { frame: named, explanation: describe2015(named, index, options) };
  });
}

function describe2015(frame: NativeFrame, index: number, options: SignatureOptions): FrameExplanation {
  const { text, source } = text2015(frame, options);
  const rewrites = source === 'function' && text !== frame.function ? ['cpp'] : [];
  return {
    frame: index,
    inline: null,
    text: text.slice(0, signatureLimits.frameTextCharactersMax.value),
    source,
    rewrites,
    fate: 'below',
    entry: null,
    is_sentinel: false,
  };
}

function text2015(frame: NativeFrame, options: SignatureOptions): Pick<FrameExplanation, 'text' | 'source'> {
  if (frame.function !== null) return { text: function2015(frame.function, frame.line, options), source: 'function' };
  if (frame.file !== null && isFilled(frame.line)) return frameText(frame, () => false);
  const hasModule = frame.module !== null || frame.moduleOffset !== null;
  if (!hasModule && isFilled(frame.offset)) return { text: `@${valueText(frame.offset)}`, source: 'offset' };
  return { text: `${frame.module ?? ''}@${frame.moduleOffset ?? ''}`, source: 'module-offset' };
}

function function2015(name: string, line: unknown, options: SignatureOptions): string {
  let text = rewriteSlices(name, '<', '>', () => '<T>');
  if (options.collapsesArguments) text = rewriteSlices(text, '(', ')', () => '');
  if (options.lists.lineNumbers.match(text)) text = `${text}:${valueText(line)}`;
  return fixSpaces(text);
}

const hangWords = new Map<unknown, string>([
  [-1, 'hang'],
  [1, 'chromehang'],
]);

/** The walk of 2015: with the trim list instead of library runs, and with a word for hangs in front. */
export function walkFrames2015(
  frames: readonly FrameExplanation[],
  crashingThread: number | null,
  hangType: unknown,
  lists: Siglists,
): Walked {
  const top = findSentinel2015(frames, lists);
  const kept: string[] = [];
  for (const frame of frames.slice(top)) {
    frame.fate = fateOf2015(frame, kept.at(-1), lists);
    if (frame.fate === 'kept' || frame.fate === 'ended') kept.push(frame.text);
    if (frame.fate === 'ended') break;
  }
  const hang = hangWords.get(hangType);
  if (hang !== undefined) kept.unshift(hang);
  const signature = kept.join(frameSeparator);
  return signature === '' ? withoutFrames2015(frames[top], crashingThread) : { signature, notes: [] };
}

const pairedCall = 'mozilla::ipc::RPCChannel::Call(IPC::Message*, IPC::Message*)';
const pairedDump = 'CrashReporter::CreatePairedMinidumps';

/** One sentinel counted only together with a frame that made paired minidumps. */
function findSentinel2015(frames: readonly FrameExplanation[], lists: Siglists): number {
  const listed = findSentinel(frames, lists);
  const hasListed = frames[listed]?.is_sentinel === true;
  const paired = frames.findIndex((frame) => frame.text === pairedCall);
  const isPaired = paired >= 0 && frames.some((frame) => frame.text.startsWith(pairedDump));
  if (!isPaired || (hasListed && listed <= paired)) return listed;
  for (const [index, frame] of frames.entries()) {
    frame.is_sentinel = index === paired;
    frame.entry = null;
    frame.fate = index < paired ? 'above' : 'below';
  }
  return paired;
}

/** Sets the text of a trimmed library frame as well. */
function fateOf2015(frame: FrameExplanation, last: string | undefined, lists: Siglists): FrameExplanation['fate'] {
  if (frame.text === '') return 'empty';
  const irrelevant = lists.irrelevant.match(frame.text);
  if (irrelevant) {
    frame.entry = irrelevant;
    return 'irrelevant';
  }
  const trim = lists.trimDll?.match(frame.text);
  if (trim) {
    frame.text = frame.text.split('@', 1)[0]!;
    frame.rewrites = [...frame.rewrites, 'trim-dll-list'];
    frame.entry = trim;
    if (frame.text === last) return 'repeated';
  }
  const prefix = lists.prefix.match(frame.text);
  frame.entry = prefix ?? frame.entry;
  return prefix ? 'kept' : 'ended';
}

function withoutFrames2015(top: FrameExplanation | undefined, crashingThread: number | null): Walked {
  if (crashingThread === null)
    return {
      signature: 'EMPTY: no crashing thread identified',
      notes: ['CSignatureTool: No signature could be created because we do not know which thread crashed'],
    };
  const because = `no good data for the crashing thread (${crashingThread}) was found`;
  const notes = [`CSignatureTool: No signature could be created because ${because}`];
  if (!top) return { signature: 'EMPTY: no frame data available', notes };
  top.fate = 'last-resort';
  return { signature: top.text, notes };
}
