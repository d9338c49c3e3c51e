// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashStorage, StorageCapabilities } from '../crash-storage.ts';

const words: readonly (readonly [keyof StorageCapabilities, string])[] = [
  ['readsRaw', 'reads raw'],
  ['writesRaw', 'writes raw'],
  ['readsProcessed', 'reads processed'],
  ['writesProcessed', 'writes processed'],
  ['lists', 'lists'],
  ['deletes', 'deletes'],
];

/** The tree of a storage, one line a store: its role, name, and what it can do where that is not everything. */
export function printStorageTree(storage: CrashStorage, role = 'storage', indent = ''): string {
  const can = words.filter(([capability]) => storage.capabilities[capability]).map(([, word]) => word);
  const limits = can.length === words.length ? '' : ` (only ${can.join(', ') || 'nothing'})`;
  const lines = [`${indent}${role}: ${storage.name}${limits}`];
  for (const child of storage.children ?? []) lines.push(printStorageTree(child.storage, child.role, `${indent}  `));
  return lines.join('\n');
}
