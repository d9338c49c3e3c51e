// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { SymbolKey } from './symbol-key.ts';
import type { SymbolModule } from './symbol-provider.ts';

/**
 * What one source says of one key (symbols.md §6.3). Only `not_found` is absence; an outage must never be remembered as
 * absence, or crashes get bad signatures for hours.
 */
export type SupplierAnswer =
  | { readonly kind: 'found'; readonly file: SuppliedSym }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'denied' | 'unreachable' | 'malformed' | 'too_large'; readonly detail: string };

/** A `.sym` file on this machine. */
export interface SuppliedSym {
  /** Plain or gzipped, told by its first bytes. */
  readonly path: string;
  /** Changes whenever the content may have changed. */
  readonly identity: string;
  /** Where it came from, for `symbol_url`; null for local files. Without credentials. */
  readonly url: string | null;
}

/** One source of symbols. `find` never rejects, but for an aborted signal. */
export interface SymbolSupplier {
  readonly id: string;
  find(key: SymbolKey, module: SymbolModule, signal?: AbortSignal): Promise<SupplierAnswer>;
  /**
   * Of a remote source: an identity under which its last answer for this key was compiled, so that the index alone
   * serves once the download has been evicted. Null if there is none.
   */
  identityOf?(key: SymbolKey): string;
}
