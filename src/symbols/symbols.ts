// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

export { compileSym, compileSymInMemory, moduleSymbolsFromSym } from './compile-sym.ts';
// The public face of the symbols library.
export type {
  CfiDelta,
  CfiRecord,
  FunctionSymbol,
  InlinedCall,
  ModuleSymbols,
  SourceLine,
  SymCounts,
  SymFacts,
  WinRecord,
} from './module-symbols.ts';
export { parseSym } from './parse-sym.ts';
export type { SymSink } from './sym-sink.ts';
export { noSymbols, type SymbolModule, type SymbolProvider, type SymbolsFound } from './symbol-provider.ts';
