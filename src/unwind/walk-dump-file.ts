// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Stackwalk } from '../crash/stackwalk.ts';
import { openMinidump } from '../minidump/minidump.ts';
import type { SymbolProvider } from '../symbols/symbols.ts';
import { openDumpFile } from './dump-file.ts';
import { type StackwalkOptions, stackwalk } from './stackwalk.ts';

/**
 * The stackwalk document of a dump file, plain or gzipped. Throws a SalvageError (of unwindErrors or minidumpErrors)
 * that says what is wrong with the file.
 */
export async function walkDumpFile(
  path: string,
  symbols: SymbolProvider,
  options: StackwalkOptions = {},
): Promise<Stackwalk> {
  const file = openDumpFile(path);
  try {
    return await stackwalk(openMinidump(file.source), symbols, options);
  } finally {
    file.close();
  }
}
