// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject } from '../lib/json.ts';
import { type CrashData, fieldOf, threadOf } from './crash-data.ts';
import type { FrameExplanation } from './explanation.ts';
import { frameText, type NativeFrame, readFrame, sourcePath } from './frame-text.ts';
import { signatureLimits } from './limits.ts';
import type { WantsLine } from './normalise-function.ts';

/** A frame or inlined call with its text; the explanation is filled in by the walk. */
export interface ListedFrame {
  readonly frame: NativeFrame;
  readonly explanation: FrameExplanation;
}

export interface FrameListOptions {
  readonly wantsLine: WantsLine;
  /** Module names in lower case, for systems whose file names have no case. */
  readonly lowersModules: boolean;
}

/** The frames of a thread, inlined calls first, at most 40, each with its text (processor.md §4.4). */
export function listFrames(thread: unknown, options: FrameListOptions): ListedFrame[] {
  const frames = fieldOf(thread, 'frames');
  const listed: ListedFrame[] = [];
  if (!Array.isArray(frames)) return listed;
  const max = signatureLimits.signatureFramesMax.value;
  for (let index = 0; index < frames.length && listed.length < max; index += 1) {
    if (!isJsonObject(frames[index])) continue;
    const frame = readFrame(frames[index]);
    const inlines = fieldOf(frames[index], 'inlines');
    if (Array.isArray(inlines))
      for (let inline = 0; inline < inlines.length && listed.length < max; inline += 1)
        listed.push(describe(inlineFrame(inlines[inline], frame), index, inline, options));
    if (listed.length < max) listed.push(describe(frame, index, null, options));
  }
  return listed;
}

/** True if module names of that system are compared without case. */
export function lowersModulesOn(crashData: CrashData): boolean {
  return fieldOf(crashData, 'os') === 'Windows NT';
}

/** The frames of the thread with that index. */
export function listThreadFrames(crashData: CrashData, index: number, wantsLine: WantsLine): ListedFrame[] {
  return listFrames(threadOf(crashData, index), { wantsLine, lowersModules: lowersModulesOn(crashData) });
}

/** An inlined call shares module and address with its frame, but not the unloaded modules. */
function inlineFrame(inline: unknown, frame: NativeFrame): NativeFrame {
  return {
    ...readFrame(inline),
    module: frame.module,
    moduleOffset: frame.moduleOffset,
    offset: frame.offset,
    unloadedModules: null,
  };
}

function describe(frame: NativeFrame, index: number, inline: number | null, options: FrameListOptions): ListedFrame {
  const rewrites: string[] = [];
  const panic = rustPanicFunction(frame);
  if (panic !== null) rewrites.push('rust-panic-module');
  const module = options.lowersModules && frame.module !== null ? frame.module.toLowerCase() : frame.module;
  const isAsRead = panic === null && module === frame.module;
  const named = isAsRead ? frame : { ...frame, function: panic ?? frame.function, module };
  const text = frameText(named, options.wantsLine);
  if (module !== frame.module && text.source === 'module') rewrites.push('lower-case');
  const explanation: FrameExplanation = {
    frame: index,
    inline,
    text: text.text,
    source: text.source,
    rewrites: rewrites.length > 0 ? [...rewrites, ...text.rewrites] : text.rewrites,
    fate: 'below',
    entry: null,
    is_sentinel: false,
  };
  return { frame: named, explanation };
}

/** Rust 1.34 lost the module of its panic functions; by source path they get it back (processor.md §4.4). */
const rustPanicPlaces = new Map([
  ['capacity_overflow', { path: 'src/liballoc/raw_vec.rs', module: 'alloc::raw_vec' }],
  ['expect_failed', { path: 'src/libcore/option.rs', module: 'core::option' }],
  ['panic', { path: 'src/libcore/panicking.rs', module: 'core::panicking' }],
  ['panic_fmt', { path: 'src/libcore/panicking.rs', module: 'core::panicking' }],
  ['panic_bounds_check', { path: 'src/libcore/panicking.rs', module: 'core::panicking' }],
  ['slice_index_order_fail', { path: 'src/libcore/slice/mod.rs', module: 'core::slice' }],
  ['begin_panic_fmt', { path: 'src/libstd/panicking.rs', module: 'std::panicking' }],
  ['continue_panic_fmt', { path: 'src/libstd/panicking.rs', module: 'std::panicking' }],
  ['rust_panic_with_hook', { path: 'src/libstd/panicking.rs', module: 'std::panicking' }],
]);

function rustPanicFunction(frame: NativeFrame): string | null {
  if (frame.function === null || frame.file === null) return null;
  const place = rustPanicPlaces.get(frame.function);
  return place && sourcePath(frame.file) === place.path ? `${place.module}::${frame.function}` : null;
}
