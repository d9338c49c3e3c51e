// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { StackFrame } from '../crash/stackwalk.ts';
import type { Minidump, Module } from '../minidump/minidump.ts';
import type { ModuleSymbols } from '../symbols/symbols.ts';
import { leafName } from './leaf-name.ts';
import type { ModuleCode } from './module-code.ts';
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
  const symbols = module ? code.symbolsOf(module) : null;
  const names = module && symbols ? namesAt(instruction, module, symbols, hex) : noNames;
  return {
    frame: number,
    trust,
    offset: hex(instruction),
    module: module ? leafName(module.codeFile) : null,
    module_offset: module ? hex(instruction - module.base) : null,
    ...names,
    missing_symbols: names.function === null,
    unloaded_modules: module ? null : unloadedModulesAt(instruction, dump, hex),
  };
}

type Names = Pick<StackFrame, 'function' | 'function_offset' | 'file' | 'line' | 'inlines'>;

const noNames: Names = { function: null, function_offset: null, file: null, line: null, inlines: null };

function namesAt(instruction: bigint, module: Module, symbols: ModuleSymbols, hex: FormatAddress): Names {
  const rva = Number(instruction - module.base);
  const found = symbols.findFunction(rva);
  if (found === null) return noNames;
  const position = symbols.findOuterLine(rva);
  const inlines = symbols.findInlines(rva);
  return {
    function: found.name,
    function_offset: hex(BigInt(rva - found.address)),
    file: position?.file ?? null,
    // A line of an unknown file says nothing.
    line: position?.file ? position.line : null,
    inlines:
      inlines.length === 0
        ? null
        : inlines.map((call) => ({ function: call.function, file: call.file, line: call.line })),
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
