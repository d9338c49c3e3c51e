// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The public face of the symbols library.
export { type ByteSource, makeBucketSupplier } from './bucket-supplier.ts';
export { ChainedSymbols } from './chained-symbols.ts';
export { checkSym, type SymVerdict } from './check-sym.ts';
export { compileSym, compileSymInMemory, moduleSymbolsFromSym } from './compile-sym.ts';
export { DirectorySupplier } from './directory-supplier.ts';
export { makeHttpSupplier } from './http-supplier.ts';
export { IndexCache } from './index-cache.ts';
export { suppliersOfPath } from './loose-supplier.ts';
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
export { openSymbols } from './open-symbols.ts';
export { parseSym } from './parse-sym.ts';
export type { SymSink } from './sym-sink.ts';
export { SymbolCacheManager } from './symbol-cache-manager.ts';
export { type SymbolKey, symbolKeyOf } from './symbol-key.ts';
export {
  noSymbols,
  type SymbolModule,
  type SymbolProvider,
  type SymbolsFound,
} from './symbol-provider.ts';
export { SymbolStore } from './symbol-store.ts';
export type { SuppliedSym, SupplierAnswer, SymbolSupplier } from './symbol-supplier.ts';
