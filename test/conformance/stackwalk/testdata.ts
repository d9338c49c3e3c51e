// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Stackwalk } from '../../../src/crash/stackwalk.ts';
import { bytesSource, openMinidump } from '../../../src/minidump/minidump.ts';
import type { ModuleSymbols } from '../../../src/symbols/symbols.ts';
import { moduleSymbolsFromSym, noSymbols, type SymbolProvider, symbolKeyOf } from '../../../src/symbols/symbols.ts';
import { stackwalk } from '../../../src/unwind/unwind.ts';

export const testdata = path.join(process.env['SALVAGE_TESTDATA'] ?? '../shared/testdata', 'minidumps');

/** All shared dumps, as paths below the test data. */
export const dumps: readonly string[] = globSync('*/*.dmp', { cwd: testdata }).sort();

export function readJson(name: string): unknown {
  return JSON.parse(readFileSync(path.join(testdata, name), 'utf8'));
}

export function hasFile(name: string): boolean {
  return existsSync(path.join(testdata, name));
}

const loaded = new Map<string, ModuleSymbols>();

/** Symbols of a directory in Breakpad's layout, each file read once. */
export function symbolsBelow(directory: string): SymbolProvider {
  return {
    async symbolsFor(module) {
      const key = symbolKeyOf(module);
      const file = key && path.join(directory, key.debugFile, key.debugId, key.symFile);
      if (!file || !existsSync(file)) return { state: 'missing' };
      const symbols = loaded.get(file) ?? moduleSymbolsFromSym(readFileSync(file));
      loaded.set(file, symbols);
      return { state: 'loaded', symbols, url: null };
    },
  };
}

export async function walkShared(dump: string, withSymbols = true): Promise<Stackwalk> {
  const bytes = readFileSync(path.join(testdata, dump));
  const symbols = withSymbols ? symbolsBelow(path.join(testdata, 'symbols')) : noSymbols;
  return stackwalk(openMinidump(bytesSource(bytes)), symbols);
}
