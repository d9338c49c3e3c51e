// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { StackFrame } from '../crash/stackwalk.ts';
import type { ModuleSymbols } from '../symbols/symbols.ts';

/** What symbols say of one address. */
export interface FrameNames extends Pick<StackFrame, 'function' | 'file' | 'line' | 'inlines'> {
  /** Bytes from the start of the function; null without one. */
  readonly functionOffset: number | null;
}

export const noNames: FrameNames = { function: null, functionOffset: null, file: null, line: null, inlines: null };

export function namesAt(symbols: ModuleSymbols, rva: number): FrameNames {
  const found = symbols.findFunction(rva);
  if (found === null) return noNames;
  const position = symbols.findOuterLine(rva);
  const inlines = symbols.findInlines(rva);
  return {
    function: found.name,
    functionOffset: rva - found.address,
    file: position?.file ?? null,
    // A line of an unknown file says nothing.
    line: position?.file ? position.line : null,
    inlines:
      inlines.length === 0 ? null : inlines.map(({ function: name, file, line }) => ({ function: name, file, line })),
  };
}
