// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { signatureErrors } from './errors.ts';
import { parseSiglists, requiredSiglistFiles, type Siglists } from './siglists.ts';

/** The lists to which an entry can be added for a try, and their files. */
export const triableLists = {
  sentinels: 'signature_sentinels.txt',
  irrelevant: 'irrelevant_signature_re.txt',
  prefix: 'prefix_signature_re.txt',
} as const satisfies Partial<Record<keyof Siglists, string>>;

export type TriableList = keyof typeof triableLists;

/**
 * The lists as they would be with one more entry; explanations name it as line 0 of its file. Nothing is written.
 * @throws SalvageError siglist_invalid when the entry is none
 */
export function withEntry(lists: Siglists, list: TriableList, entry: string): Siglists {
  const file = triableLists[list];
  const texts = Object.fromEntries(requiredSiglistFiles.map((name) => [name, name === file ? entry : '']));
  const added = parseSiglists(texts)[list];
  if (added.size !== 1)
    throw new SalvageError(signatureErrors.siglist_invalid, `${file}: one entry is one line that is no comment`);
  const before = lists[list];
  return {
    ...lists,
    [list]: {
      size: before.size + 1,
      match: (text: string) => {
        const found = added.match(text);
        return found === null ? before.match(text) : { ...found, line: 0 };
      },
    },
  };
}
