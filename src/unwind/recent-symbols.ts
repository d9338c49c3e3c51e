// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { LRUCache } from 'lru-cache';
import type { Clock } from '../lib/clock.ts';
import type { SymbolModule, SymbolProvider, SymbolsFound } from '../symbols/symbols.ts';
import { unwindLimits } from './limits.ts';

interface Remembered {
  readonly found: SymbolsFound;
  readonly untilMs: number;
}

/**
 * Remembers what was found a moment ago. Crashes come in series of the same program, and looking into directories costs
 * more than the walk itself: 8 ms a dump against 2. What is missing is believed for a second only, and not at all after
 * `forgetMissing`, which a caller who knows of new symbols uses.
 */
export class RecentSymbols implements SymbolProvider {
  readonly #provider: SymbolProvider;
  readonly #clock: Clock;
  readonly #known = new LRUCache<string, Remembered>({ max: unwindLimits.recentSymbolsMax.value });

  constructor(provider: SymbolProvider, clock: Clock) {
    this.#provider = provider;
    this.#clock = clock;
  }

  async symbolsFor(module: SymbolModule, signal?: AbortSignal): Promise<SymbolsFound> {
    const key = JSON.stringify([module.debugFile, module.debugId, module.codeFile, module.codeId]);
    const known = this.#known.get(key);
    if (known && this.#clock.monotonicMs() < known.untilMs && !isDamaged(known.found)) return known.found;
    const found = await this.#provider.symbolsFor(module, signal);
    const forMs = rememberedMs(found);
    if (forMs > 0) this.#known.set(key, { found, untilMs: this.#clock.monotonicMs() + forMs });
    return found;
  }

  forgetMissing(): void {
    for (const [key, { found }] of this.#known.entries()) if (found.state !== 'loaded') this.#known.delete(key);
  }
}

function rememberedMs({ state }: SymbolsFound): number {
  if (state === 'loaded') return unwindLimits.recentLoadedMs.value;
  return state === 'missing' ? unwindLimits.recentMissingMs.value : 0;
}

/** Closed by the index cache, or found broken in the middle of a walk: to be opened anew. */
function isDamaged(found: SymbolsFound): boolean {
  return found.state === 'loaded' && found.symbols.damage !== null;
}
