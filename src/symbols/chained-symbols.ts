// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { IndexCache } from './index-cache.ts';
import { symbolMetrics } from './metrics.ts';
import type { ModuleSymbols } from './module-symbols.ts';
import { keyPath, type SymbolKey, symbolKeyOf } from './symbol-key.ts';
import type { SymbolModule, SymbolProvider, SymbolsFound } from './symbol-provider.ts';
import type { SuppliedSym, SymbolSupplier } from './symbol-supplier.ts';

export interface ChainedSymbolsOptions {
  /** In the order of asking; the first usable answer counts. */
  readonly suppliers: readonly SymbolSupplier[];
  readonly indexes: IndexCache;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Asks suppliers in order and compiles what they find. */
export class ChainedSymbols implements SymbolProvider {
  readonly #options: ChainedSymbolsOptions;
  readonly #flights = new Map<string, Promise<SymbolsFound>>();

  constructor(options: ChainedSymbolsOptions) {
    this.#options = options;
  }

  /**
   * The search is shared by all who ask at the same time and goes on when one of them stops waiting: the next crash with
   * this module finds the download there.
   */
  symbolsFor(module: SymbolModule, signal?: AbortSignal): Promise<SymbolsFound> {
    const key = symbolKeyOf(module);
    if (!key) return Promise.resolve({ state: 'missing' });
    const name = keyPath(key);
    let flight = this.#flights.get(name);
    if (!flight) {
      flight = this.#search(key, module)
        .catch((error: unknown): SymbolsFound => ({ state: 'unknown', detail: errorText(error) }))
        .finally(() => this.#flights.delete(name));
      this.#flights.set(name, flight);
    }
    return signal ? unlessAborted(flight, signal) : flight;
  }

  close(): void {
    this.#options.indexes.close();
  }

  /** A file that is no use does not end the search: another source may have a good one. */
  async #search(key: SymbolKey, module: SymbolModule): Promise<SymbolsFound> {
    let corrupt: string | null = null;
    let unknown: string | null = null;
    for (const supplier of this.#options.suppliers) {
      const found = await this.#ask(supplier, key, module);
      if (found.state === 'loaded') return this.#counted(found);
      if (found.state === 'corrupt') corrupt ??= found.detail;
      if (found.state === 'unknown') unknown ??= found.detail;
    }
    if (corrupt !== null) return this.#counted({ state: 'corrupt', detail: corrupt });
    if (unknown !== null) return this.#counted({ state: 'unknown', detail: unknown });
    return this.#counted({ state: 'missing' });
  }

  #counted(found: SymbolsFound): SymbolsFound {
    this.#options.metrics.incr(symbolMetrics.lookup, { state: found.state });
    return found;
  }

  async #ask(supplier: SymbolSupplier, key: SymbolKey, module: SymbolModule): Promise<SymbolsFound> {
    const compiled = supplier.identityOf && this.#options.indexes.opened(supplier.identityOf(key));
    if (compiled) return this.#judge(compiled, key, supplier, null);
    const answer = await supplier.find(key, module);
    this.#options.metrics.incr(symbolMetrics.source, { source: supplier.id, answer: answer.kind });
    if (answer.kind === 'found') return this.#load(answer.file, key, supplier);
    if (answer.kind === 'not_found') return { state: 'missing' };
    const detail = `${supplier.id}: ${answer.kind}: ${answer.detail}`;
    const isBroken = answer.kind === 'malformed' || answer.kind === 'too_large';
    return { state: isBroken ? 'corrupt' : 'unknown', detail };
  }

  async #load(file: SuppliedSym, key: SymbolKey, supplier: SymbolSupplier): Promise<SymbolsFound> {
    try {
      return this.#judge(await this.#options.indexes.of(file), key, supplier, file.url);
    } catch (error) {
      const detail = `${supplier.id}: ${errorText(error)}`;
      this.#options.logger.warning(`symbol file is of no use: ${detail}`, { file: file.path });
      return { state: 'corrupt', detail };
    }
  }

  /** Symbols of another build give wrong names with full confidence: worse than none. */
  #judge(symbols: ModuleSymbols, key: SymbolKey, supplier: SymbolSupplier, url: string | null): SymbolsFound {
    const { facts } = symbols;
    if (facts.isCorrupt)
      return {
        state: 'corrupt',
        detail: `${supplier.id}: ${facts.counts.badLines} bad lines of ${facts.counts.lines}`,
      };
    if (facts.debugId.toUpperCase() !== key.debugId)
      return {
        state: 'corrupt',
        detail: `${supplier.id}: symbols of another module: id ${facts.debugId.slice(0, 128)}`,
      };
    return { state: 'loaded', symbols, url: url ?? facts.url };
  }
}

function unlessAborted(flight: Promise<SymbolsFound>, signal: AbortSignal): Promise<SymbolsFound> {
  const pending: SymbolsFound = { state: 'unknown', detail: 'not there in time; the search goes on' };
  if (signal.aborted) return Promise.resolve(pending);
  const { promise, resolve } = Promise.withResolvers<SymbolsFound>();
  const onAbort = () => resolve(pending);
  signal.addEventListener('abort', onAbort, { once: true });
  flight.then(resolve).finally(() => signal.removeEventListener('abort', onAbort));
  return promise;
}
