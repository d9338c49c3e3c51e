// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { reportLimits } from './limits.ts';

/** Names that storage layouts use for other objects of the same crash. */
const reservedNames = new Set(['raw_crash', 'dump_names', 'processed_crash']);

/** The letters of a part name that a storage key may have, without the cut to 30. */
export function cleanDumpName(partName: string): string {
  return partName.replace(/[^A-Za-z0-9_]/g, '');
}

export function cutDumpName(cleanName: string): string {
  return cleanName.slice(0, reportLimits.dumpNameCharactersMax.value);
}

/** True for a clean name that no dump may have (collector.md §1.7). */
export function isReservedDumpName(cleanName: string): boolean {
  return reservedNames.has(cutDumpName(cleanName));
}

/**
 * The name under which a dump is stored when its own would meet another object: cloud layouts store both the empty
 * name and `dump` under the key of `upload_file_minidump`.
 */
export function freeDumpName(cleanName: string): string {
  if (cleanName === '') return 'unnamed';
  return cleanName === 'dump' ? 'dump_file' : cutDumpName(cleanName);
}

/** A second name that the cut would make equal to the first gets a number at its end. */
export function numberedDumpName(cleanName: string, isTaken: (name: string) => boolean): string {
  for (let number = 2; ; number++) {
    const suffix = `_${number}`;
    const name = cleanName.slice(0, reportLimits.dumpNameCharactersMax.value - suffix.length) + suffix;
    if (!isTaken(name)) return name;
  }
}

/** True for the parts in which clients send minidumps; anything else is an attachment. */
export function isMinidumpName(name: string): boolean {
  return name.startsWith('upload_file_minidump');
}
