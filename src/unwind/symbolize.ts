// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { StackFrame } from '../crash/stackwalk.ts';
import type { Minidump } from '../minidump/minidump.ts';
import { leafName } from './leaf-name.ts';
import type { ModuleCode } from './module-code.ts';
import { noNames } from './names.ts';
import type { NumberedFrame } from './walk-thread.ts';

/** `0x` and 8 or 16 digits, as wide as the processor's pointers. */
export type FormatAddress = (address: bigint) => string;

/** One frame with its names, as the document has it (stackwalker.md §9). */
export function symbolizedFrame(
  { number, trust, instruction }: NumberedFrame,
  dump: Minidump,
  code: ModuleCode,
  hex: FormatAddress,
): StackFrame {
  const module = code.moduleAt(instruction);
  const names = module ? code.namesAt(instruction, module) : noNames;
  return {
    frame: number,
    trust,
    offset: hex(instruction),
    module: module ? leafName(module.codeFile) : null,
    module_offset: module ? hex(instruction - module.base) : null,
    function: names.function,
    function_offset: names.functionOffset === null ? null : hex(BigInt(names.functionOffset)),
    file: names.file,
    line: names.line,
    inlines: names.inlines,
    missing_symbols: names.function === null,
    unloaded_modules: module ? null : unloadedModulesAt(instruction, dump, hex),
  };
}

function unloadedModulesAt(instruction: bigint, dump: Minidump, hex: FormatAddress): StackFrame['unloaded_modules'] {
  const offsets = new Map<string, Set<bigint>>();
  for (const { codeFile, base } of dump.unloadedModulesAt(instruction)) {
    const known = offsets.get(codeFile) ?? new Set();
    offsets.set(codeFile, known.add(instruction - base));
  }
  if (offsets.size === 0) return null;
  return [...offsets].sort(byName).map(([module, found]) => ({ module, offsets: [...found].sort(byValue).map(hex) }));
}

const byName = ([left]: [string, unknown], [right]: [string, unknown]) => (left < right ? -1 : 1);
const byValue = (left: bigint, right: bigint) => (left < right ? -1 : Number(left > right));
