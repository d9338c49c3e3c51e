// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonValue } from '../lib/json.ts';
import { fieldOf, isFilled, textOf } from './crash-data.ts';
import type { FrameTextSource } from './explanation.ts';
import { signatureLimits } from './limits.ts';
import { normaliseCppFunction, normaliseRustFunction, type WantsLine } from './normalise-function.ts';
import { stripLeadingZeros, valueText } from './text.ts';

/** The parts of a frame that its text is made from. Values of a wrong type are already null. */
export interface NativeFrame {
  readonly function: string | null;
  readonly file: string | null;
  /** A number or text; anything that is not empty counts as a line. */
  readonly line: JsonValue;
  readonly module: string | null;
  readonly moduleOffset: string | null;
  readonly offset: JsonValue;
  readonly unloadedModules: JsonValue;
}

export interface FrameText {
  readonly text: string;
  readonly source: FrameTextSource;
  readonly rewrites: readonly string[];
}

/** Reads a frame of crash data; anything that is no object is a frame about which nothing is known. */
export function readFrame(frame: unknown): NativeFrame {
  return {
    function: cut(textOf(fieldOf(frame, 'function'))),
    file: cut(textOf(fieldOf(frame, 'file'))),
    line: scalarOf(fieldOf(frame, 'line')),
    module: cut(textOf(fieldOf(frame, 'module'))),
    moduleOffset: textOf(fieldOf(frame, 'module_offset')),
    offset: scalarOf(fieldOf(frame, 'offset')),
    unloadedModules: fieldOf(frame, 'unloaded_modules'),
  };
}

/** A frame as one text: function, else file and line, else module, else unloaded module, else address (processor.md §4.4). */
export function frameText(frame: NativeFrame, wantsLine: WantsLine): FrameText {
  const named = nameOf(frame, wantsLine);
  const { text } = named;
  const max = signatureLimits.frameTextCharactersMax.value;
  return text.length > max ? { ...named, text: text.slice(0, max) } : named;
}

const plain: readonly string[] = [];

function nameOf(frame: NativeFrame, wantsLine: WantsLine): FrameText {
  if (frame.function !== null) return functionText(frame.function, frame, wantsLine);
  if (frame.file !== null && isFilled(frame.line))
    return { text: `${fileName(frame.file)}#${valueText(frame.line)}`, source: 'file-line', rewrites: plain };
  if (frame.module !== null) return { text: withoutBrackets(frame.module), source: 'module', rewrites: plain };
  if (Array.isArray(frame.unloadedModules) && frame.unloadedModules.length > 0) {
    const name = cut(valueText(fieldOf(frame.unloadedModules[0], 'module')));
    return { text: `(unloaded ${name})`, source: 'unloaded-module', rewrites: plain };
  }
  if (isFilled(frame.offset)) return { text: `@${offsetText(frame.offset)}`, source: 'offset', rewrites: plain };
  return { text: '', source: 'nothing', rewrites: plain };
}

function functionText(name: string, frame: NativeFrame, wantsLine: WantsLine): FrameText {
  const isRust = frame.file !== null && (sourcePath(frame.file)?.endsWith('.rs') ?? false);
  let hasLine = false;
  const asksForLine: WantsLine = (text) => (hasLine = wantsLine(text));
  const text = (isRust ? normaliseRustFunction : normaliseCppFunction)(name, frame.line, asksForLine);
  const rewrites = text === name ? plain : [isRust ? 'rust' : 'cpp'];
  return { text, source: 'function', rewrites: hasLine ? [...rewrites, 'line-number-list'] : rewrites };
}

/**
 * The path inside a `vcs:root:path:revision` name, behind a drive letter, or an absolute path; null for anything else.
 * A bare relative path is not recognised, so its functions go by the C++ rules.
 */
export function sourcePath(file: string): string | null {
  const first = file.indexOf(':');
  if (first >= 0) {
    const second = file.indexOf(':', first + 1);
    if (second < 0) return file.slice(first + 1);
    const third = file.indexOf(':', second + 1);
    if (third >= 0 && file.indexOf(':', third + 1) < 0) return file.slice(second + 1, third);
  }
  return file.startsWith('/') ? file : null;
}

/** The last part of a path; back slashes separate if there are any. */
function fileName(file: string): string {
  let end = file.length;
  while (end > 0 && (file[end - 1] === '/' || file[end - 1] === '\\')) end -= 1;
  const path = file.slice(0, end);
  return path.slice(path.lastIndexOf(path.includes('\\') ? '\\' : '/') + 1);
}

/** `[vdso]` as `vdso`. */
function withoutBrackets(module: string): string {
  let [start, end] = [0, module.length];
  const isBracket = (index: number): boolean => module[index] === '[' || module[index] === ']';
  while (start < end && isBracket(start)) start += 1;
  while (end > start && isBracket(end - 1)) end -= 1;
  return module.slice(start, end);
}

function offsetText(offset: JsonValue): string {
  return typeof offset === 'string' && offset.length <= 64 ? stripLeadingZeros(offset) : valueText(offset);
}

function scalarOf(value: JsonValue): JsonValue {
  return typeof value === 'object' ? null : value;
}

function cut<T extends string | null>(text: T): T {
  const max = signatureLimits.functionCharactersMax.value;
  return text !== null && text.length > max ? (text.slice(0, max) as T) : text;
}
