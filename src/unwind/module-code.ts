// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Minidump, Module } from '../minidump/minidump.ts';
import type { ModuleSymbols, SymbolProvider, SymbolsFound, WinRecord } from '../symbols/symbols.ts';
import type { CfiRules } from './cfi-rules.ts';
import type { CodeMap } from './frame.ts';
import { unwindLimits } from './limits.ts';
import { type FrameNames, noNames } from './names.ts';
import { rememberedCfi, rememberedNames } from './symbol-memo.ts';

/**
 * The code of one dump: its modules and their symbols. Symbols are looked for when an address first needs them, as most
 * modules of a dump never do. Lookups are synchronous: one that needs symbols not yet here answers as if there were
 * none and sets `isIncomplete`; the walk then loads what is wanted and asks again.
 */
export class ModuleCode implements CodeMap {
  /** A lookup since `begin` had to answer without symbols that may exist. */
  isIncomplete = false;
  readonly #dump: Minidump;
  readonly #provider: SymbolProvider;
  readonly #lowest: bigint;
  readonly #highest: bigint;
  readonly #found = new Map<Module, SymbolsFound>();
  readonly #wanted = new Set<Module>();

  constructor(dump: Minidump, provider: SymbolProvider) {
    this.#dump = dump;
    this.#provider = provider;
    const bases = dump.modules.map(({ base }) => base);
    const ends = dump.modules.map(({ end }) => end);
    this.#lowest = bases.sort(ascending)[0] ?? 0n;
    this.#highest = ends.sort(ascending).at(-1) ?? 0n;
  }

  get highestModuleEnd(): bigint {
    return this.#highest;
  }

  /** Call before lookups whose completeness matters. */
  begin(): void {
    this.isIncomplete = false;
  }

  /** Fetches what lookups wanted, a few at a time. When the signal is aborted, the rest counts as unknown. */
  async loadWanted(signal: AbortSignal): Promise<void> {
    const modules = [...this.#wanted];
    this.#wanted.clear();
    const loadNext = async (): Promise<void> => {
      for (let module = modules.shift(); module; module = modules.shift())
        this.#found.set(module, await this.#provider.symbolsFor(module, signal));
    };
    await Promise.all(Array.from({ length: unwindLimits.symbolsLoadedAtOnceMax.value }, loadNext));
  }

  /** For frames that nothing was unwound from. */
  wantSymbolsAt(address: bigint): void {
    const module = this.moduleAt(address);
    if (module && !this.#found.has(module)) this.#wanted.add(module);
  }

  /** What became of the search; undefined if nothing ever asked for this module's symbols. */
  foundFor(module: Module): SymbolsFound | undefined {
    const found = this.#found.get(module);
    if (found?.state === 'loaded' && found.symbols.damage !== null)
      return { state: 'corrupt', detail: found.symbols.damage };
    return found;
  }

  moduleAt(address: bigint): Module | undefined {
    if (address < this.#lowest || address >= this.#highest) return undefined;
    return this.#dump.moduleAt(address);
  }

  /** The module's symbols, or null if there are none or they are not here yet. */
  symbolsOf(module: Module): ModuleSymbols | null {
    const found = this.#found.get(module);
    if (found === undefined) {
      // Only the first module of a step is surely needed: the rest of it goes astray without these symbols.
      if (!this.isIncomplete) this.#wanted.add(module);
      this.isIncomplete = true;
      return null;
    }
    return found.state === 'loaded' ? found.symbols : null;
  }

  cfiAt(address: bigint): { rules: CfiRules; start: bigint } | null {
    const module = this.moduleAt(address);
    const symbols = module && this.symbolsOf(module);
    const cfi = symbols ? rememberedCfi(symbols, Number(address - module.base)) : null;
    return cfi && module ? { rules: cfi.rules, start: module.base + BigInt(cfi.start) } : null;
  }

  namesAt(address: bigint, module: Module): FrameNames {
    const symbols = this.symbolsOf(module);
    return symbols ? rememberedNames(symbols, Number(address - module.base)) : noNames;
  }

  winAt(address: bigint): WinRecord | null {
    const module = this.moduleAt(address);
    return (module && this.symbolsOf(module)?.findWin(Number(address - module.base))) ?? null;
  }

  parameterSizeAt(address: bigint): number {
    const module = this.moduleAt(address);
    return (module && this.symbolsOf(module)?.findFunction(Number(address - module.base))?.parameterSize) ?? 0;
  }

  /** One less than the return address, because nothing needs to follow a call that does not return. */
  isPlausibleReturnAddress(address: bigint): boolean {
    if (address <= 1n) return false;
    const module = this.moduleAt(address - 1n);
    if (module === undefined) return false;
    return this.symbolsOf(module)?.hasFunction(Number(address - 1n - module.base)) ?? true;
  }
}

const ascending = (left: bigint, right: bigint) => (left < right ? -1 : Number(left > right));
