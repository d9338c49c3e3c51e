// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ModuleSymbols } from './module-symbols.ts';

/** How a dump names a module. Hostile text: suppliers sanitise it before it becomes a path (symbols.md §1.4). */
export interface SymbolModule {
  readonly codeFile: string;
  readonly codeId: string | null;
  readonly debugFile: string | null;
  readonly debugId: string | null;
}

/**
 * What became of the search for one module's symbols (symbols.md §6.3).
 * `loaded`; `missing`: every source answered "not there"; `corrupt`: found but not usable; `unknown`: some source was
 * unreachable or refused, so that absence is not known. Only `missing` may be shown as missing symbols.
 */
export type SymbolsFound =
  | { readonly state: 'loaded'; readonly symbols: ModuleSymbols; readonly url: string | null }
  | { readonly state: 'missing' }
  | { readonly state: 'corrupt'; readonly detail: string }
  | { readonly state: 'unknown'; readonly detail: string };

/**
 * The port that unwinding uses. Never rejects: trouble is a state, and so is an aborted signal (`unknown`). Equal modules
 * asked at once share one search.
 */
export interface SymbolProvider {
  symbolsFor(module: SymbolModule, signal?: AbortSignal): Promise<SymbolsFound>;
}

/** Knows no symbols. */
export const noSymbols: SymbolProvider = { symbolsFor: async () => ({ state: 'missing' }) };
