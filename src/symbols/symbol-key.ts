// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { symbolLimits } from './limits.ts';
import type { SymbolModule } from './symbol-provider.ts';

/** Under which name the symbols of a module are kept. All parts are safe as one part of a path. */
export interface SymbolKey {
  /** Leaf of the debug file, e.g. `crash.pdb`, `libm.so`. */
  readonly debugFile: string;
  /** Upper-case hex: 32 digits and the age. */
  readonly debugId: string;
  /** `crash.sym`, `libm.so.sym`. */
  readonly symFile: string;
}

/**
 * The key of a module, or null if it has no debug id or names that cannot be part of a path. The names come from dumps,
 * so from anybody: one leaf, no `..`, no control characters, no device names, at most 255 bytes (symbols.md §1.4).
 */
export function symbolKeyOf(module: Pick<SymbolModule, 'codeFile' | 'debugFile' | 'debugId'>): SymbolKey | null {
  const debugFile = leafOf(module.debugFile || module.codeFile);
  const debugId = module.debugId?.toUpperCase() ?? '';
  if (!/^[0-9A-F]{9,128}$/.test(debugId) || !isPathPart(debugFile)) return null;
  const symFile = symFileOf(debugFile);
  const key = { debugFile, debugId, symFile };
  return isPathPart(symFile) && keyPath(key).length <= symbolLimits.symbolKeyCharactersMax.value ? key : null;
}

/** `{debug file}/{DEBUG ID}/{sym file}`, the layout of Breakpad and of Mozilla's symbol server. */
export function keyPath({ debugFile, debugId, symFile }: SymbolKey): string {
  return `${debugFile}/${debugId}/${symFile}`;
}

/**
 * The ids to ask for, best first. dump_syms writes the age in upper case, some servers in lower case: it matters from
 * age 10.
 */
export function debugIdSpellings(debugId: string): string[] {
  const upper = debugId.toUpperCase();
  return [...new Set([upper, upper.slice(0, 32) + upper.slice(32).toLowerCase()])];
}

/** The last part of a path of any system. */
export function leafOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** A trailing `.pdb` in any case is replaced by `.sym`; to any other name `.sym` is appended. */
export function symFileOf(debugFile: string): string {
  return `${debugFile.replace(/\.pdb$/i, '')}.sym`;
}

/** Forbidden in names by Mozilla's symbol server; the rest of its list is below. */
const forbidden = /[\u0000-\u001f\u007f-\u009f/\\<>{}[\]#%"'`^|]/;
const deviceName = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;

/** True for text that is one safe part of a path on every system. */
export function isPathPart(text: string): boolean {
  return (
    text !== '' &&
    text !== '.' &&
    text !== '..' &&
    Buffer.byteLength(text) <= symbolLimits.pathPartBytesMax.value &&
    text.isWellFormed() &&
    !forbidden.test(text) &&
    !/^ | $|\.$/.test(text) &&
    !deviceName.test(text)
  );
}

/** A name for directories: characters that some file system gives a meaning are percent-encoded. */
export function encodePathPart(text: string): string {
  return [...text].map((letter) => (/^[A-Za-z0-9._+@~ ()-]$/.test(letter) ? letter : encodeLetter(letter))).join('');
}

function encodeLetter(letter: string): string {
  return [...Buffer.from(letter)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
