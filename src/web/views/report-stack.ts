// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { JsonObject } from '../../lib/json.ts';
import { webLimits } from '../limits.ts';
import { cutText } from '../parts/text.ts';
import { numberAt, objectsAt, slotsAt, textAt, valueAt } from './report-values.ts';

/** Whose code a frame runs: ours, the system's and libraries', or nobody can say because symbols are missing. */
type FrameOwner = 'ours' | 'system' | 'no_symbols';

/** One line of a stack as pages and API show it. */
export interface FrameView {
  /** Stays the same for the same thread, frame and inlined call: `t0-f7`, `t0-f7-a`. */
  readonly id: string;
  readonly frame: number;
  readonly is_inline: boolean;
  /** Function, else `module + offset`, else the address. */
  readonly text: string;
  readonly has_function: boolean;
  readonly module: string | null;
  /** Place of the module in the report's list; null when it is not there. */
  readonly module_id: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly source_url: string | null;
  readonly trust: string;
  readonly owner: FrameOwner;
  /** Where it crashed. */
  readonly is_crash: boolean;
  /** Its name is in the signature. */
  readonly gave_signature: boolean;
}

export interface ThreadView {
  readonly index: number;
  readonly thread_id: number | null;
  readonly name: string | null;
  readonly is_crashing: boolean;
  readonly last_error_value: string | null;
  readonly frame_count: number;
  /** Frames that the walker left out of the middle of an endless stack. */
  readonly frames_left_out: number;
  readonly frames: readonly FrameView[];
}

/** What is needed to say of a frame whose it is and whether it gave the signature. */
interface StackContext {
  readonly moduleIds: ReadonlyMap<string, string>;
  readonly ourModules: ReadonlySet<string>;
  /** `frame` or `frame/inline` of the signature's frames. */
  readonly named: ReadonlySet<string>;
  readonly namedThread: number | null;
}

/** What tells whose a module is. */
export interface ModuleOwners {
  /** Code files that were declared ours; empty = those whose symbols were uploaded here. */
  readonly ourModules: readonly string[];
  /** Modules of systems: whoever uploads the symbols of its C library did not write it. Null = no such list. */
  readonly systemModules: { match(module: string): unknown } | null;
}

/** All threads of a report; frames beyond `framesMax` of threads that did not crash are left out. */
export function threadViews(
  processed: ProcessedCrash,
  options: ModuleOwners & { readonly framesMax: number },
): readonly ThreadView[] {
  const context = stackContext(processed, options);
  const crashing = crashingThreadOf(processed);
  return slotsAt(processed, 'json_dump.threads')
    .slice(0, webLimits.threadsShownMax.value)
    .map((thread, index) => {
      const isCrashing = index === crashing;
      const max = isCrashing ? webLimits.framesShownMax.value : options.framesMax;
      return threadView(thread, index, isCrashing, max, context);
    });
}

/** Index of the thread that crashed, or null. */
export function crashingThreadOf(processed: ProcessedCrash): number | null {
  return (
    numberAt(processed, 'crashing_thread') ??
    numberAt(processed, 'json_dump.crash_info.crashing_thread') ??
    numberAt(processed, 'json_dump.crashing_thread.threads_index')
  );
}

function threadView(
  thread: JsonObject,
  index: number,
  isCrashing: boolean,
  framesMax: number,
  context: StackContext,
): ThreadView {
  const all = slotsAt(thread, 'frames');
  const total = numberAt(thread, 'total_frames') ?? all.length;
  const frameCount = Math.max(numberAt(thread, 'frame_count') ?? 0, total, all.length);
  return {
    index,
    thread_id: numberAt(thread, 'thread_id'),
    name: shortText(thread, 'thread_name'),
    is_crashing: isCrashing,
    last_error_value: shortText(thread, 'last_error_value'),
    frame_count: frameCount,
    frames_left_out: Math.max(0, total - all.length),
    frames: all.slice(0, framesMax).flatMap((frame, at) => frameViews(frame, at, index, isCrashing, context)),
  };
}

/** The inlined calls of a frame, innermost first, then the frame itself. */
function frameViews(
  frame: JsonObject,
  at: number,
  thread: number,
  isCrashing: boolean,
  context: StackContext,
): FrameView[] {
  const number = numberAt(frame, 'frame') ?? at;
  const module = shortText(frame, 'module');
  const isNamed = (key: string) => thread === context.namedThread && context.named.has(key);
  const shared = {
    frame: number,
    module,
    module_id: module === null ? null : (context.moduleIds.get(module.toLowerCase()) ?? null),
  };
  const inlines = objectsAt(frame, 'inlines').map((inline, place): FrameView => {
    const name = functionOf(inline);
    return {
      ...shared,
      id: `t${thread}-f${number}-${inlineLetter(place)}`,
      is_inline: true,
      text: name ?? '(inlined)',
      has_function: name !== null,
      ...sourceOf(inline),
      trust: 'inlined',
      owner: ownerOf(name, module, false, context),
      is_crash: false,
      gave_signature: isNamed(`${at}/${place}`),
    };
  });
  const name = functionOf(frame);
  return [
    ...inlines,
    {
      ...shared,
      id: `t${thread}-f${number}`,
      is_inline: false,
      text: name ?? placeOf(frame),
      has_function: name !== null,
      ...sourceOf(frame),
      trust: shortText(frame, 'trust') ?? 'non',
      owner: ownerOf(name, module, valueAt(frame, 'missing_symbols') === true, context),
      is_crash: isCrashing && at === 0,
      gave_signature: isNamed(`${at}`),
    },
  ];
}

function inlineLetter(place: number): string {
  const letter = String.fromCharCode(97 + (place % 26));
  return place < 26 ? letter : `${inlineLetter(Math.floor(place / 26) - 1)}${letter}`;
}

function functionOf(frame: JsonObject): string | null {
  const name = textAt(frame, 'function');
  return name === null ? null : cutText(name.replace(/\s+/g, ' '), webLimits.functionShownMax.value);
}

/** `module + 0x1d3a0`, `(unloaded module) + 0x…`, or the address. */
function placeOf(frame: JsonObject): string {
  const hex = (text: string) => text.replace(/^0x0+(?=.)/, '0x');
  const module = shortText(frame, 'module');
  const offset = shortText(frame, 'module_offset');
  if (module !== null) return offset === null ? module : `${module} + ${hex(offset)}`;
  const unloaded = objectsAt(frame, 'unloaded_modules')[0];
  const name = unloaded ? shortText(unloaded, 'module') : null;
  if (name !== null) return `(unloaded ${name})`;
  const address = shortText(frame, 'offset');
  return address === null ? '(nothing known)' : hex(address);
}

/** `git:github.com/o/r:path:revision` and `hg:…` as path and link; any other text is the path. */
function sourceOf(frame: JsonObject): Pick<FrameView, 'file' | 'line' | 'source_url'> {
  const text = textAt(frame, 'file');
  const line = numberAt(frame, 'line');
  const file = text === null ? null : cutText(text, 500);
  const vcs = /^(git|hg):([a-z0-9.-]+\.[a-z]{2,})\/([\w./~-]{1,200}):([^:]{1,500}):([0-9A-Za-z._-]{1,100})$/.exec(
    file ?? '',
  );
  if (!vcs) return { file, line, source_url: null };
  const [, kind, host, repository, path = '', revision] = vcs;
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const base = `https://${host}/${repository}`;
  const anchor = line === null ? '' : kind === 'git' ? `#L${line}` : `#l${line}`;
  const url = kind === 'git' ? `${base}/blob/${revision}/${encoded}` : `${base}/file/${revision}/${encoded}`;
  return { file: path, line, source_url: `${url}${anchor}` };
}

/** Code of standard libraries is compiled into our modules and is still not ours. */
const standardLibrary =
  /^(?:std|core|alloc|__rustc|__gnu_cxx|__cxxabiv1|boost|absl)::|^<(?:std|core|alloc)::|^<&?\w+ as (?:std|core|alloc)::/;

function ownerOf(name: string | null, module: string | null, isMissing: boolean, context: StackContext): FrameOwner {
  if (isMissing && name === null) return 'no_symbols';
  if (module === null || !context.ourModules.has(module.toLowerCase())) return 'system';
  return name !== null && standardLibrary.test(name) ? 'system' : 'ours';
}

function stackContext(processed: ProcessedCrash, { ourModules: declared, systemModules }: ModuleOwners): StackContext {
  const moduleIds = new Map<string, string>();
  const ours = new Set(declared.map((name) => name.toLowerCase()));
  for (const module of objectsAt(processed, 'json_dump.modules')) {
    const filename = textAt(module, 'filename')?.toLowerCase();
    if (filename === undefined) continue;
    const id = moduleIdOf(module);
    if (!moduleIds.has(filename)) moduleIds.set(filename, id);
    // Symbols without an address came from our own store: people uploaded them here.
    const wasUploaded = valueAt(module, 'loaded_symbols') === true && textAt(module, 'symbol_url') === null;
    if (declared.length === 0 && wasUploaded && !systemModules?.match(filename)) ours.add(filename);
  }
  const named = new Set<string>();
  for (const frame of objectsAt(processed, 'signature_explanation.frames')) {
    const fate = textAt(frame, 'fate');
    if (fate !== 'ended' && fate !== 'kept' && fate !== 'last-resort') continue;
    const inline = numberAt(frame, 'inline');
    named.add(inline === null ? `${numberAt(frame, 'frame')}` : `${numberAt(frame, 'frame')}/${inline}`);
  }
  return { moduleIds, ourModules: ours, named, namedThread: numberAt(processed, 'signature_explanation.thread') };
}

/** Anchor of a module: its debug id where it has one, so that the link holds in other reports too. */
export function moduleIdOf(module: JsonObject): string {
  const id = textAt(module, 'debug_id') ?? '';
  const key = /^[0-9A-Fa-f]{6,64}$/.test(id) && !/^0+$/.test(id) ? id : (textAt(module, 'base_addr') ?? '');
  return `m-${key.replace(/[^0-9A-Za-z]/g, '').slice(0, 64)}`;
}

function shortText(from: JsonObject, key: string): string | null {
  const text = textAt(from, key);
  return text === null ? null : cutText(text, 300);
}
