// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSiglists, type Siglists, type SiglistTexts } from '../../src/signature/signature.ts';

const directory = join(import.meta.dirname, '../../siglists');

/** The texts of the lists that come with the package. */
export const ownTexts: SiglistTexts = Object.fromEntries(
  readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), 'utf8')]),
);

export const ownLists: Siglists = parseSiglists(ownTexts);

/** Lists of a test: entries by short name; a list that is left out holds one entry that nothing matches. */
export function listsOf(entries: {
  readonly sentinels?: readonly string[];
  readonly irrelevant?: readonly string[];
  readonly prefix?: readonly string[];
  readonly lineNumbers?: readonly string[];
  readonly trimDll?: readonly string[];
  readonly systemModules?: readonly string[];
}): Siglists {
  const text = (list: readonly string[] = ['nothing matches this']): string => list.join('\n');
  return parseSiglists({
    'signature_sentinels.txt': text(entries.sentinels),
    'irrelevant_signature_re.txt': text(entries.irrelevant),
    'prefix_signature_re.txt': text(entries.prefix),
    'signatures_with_line_numbers_re.txt': text(entries.lineNumbers),
    'trim_dll_signature_re.txt': text(entries.trimDll),
    'system_modules_re.txt': text(entries.systemModules),
  });
}
