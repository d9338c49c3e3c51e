// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { type CrashId, dateOf, isCrashId, throttleDigitOf } from '../crash/crash-id.ts';
import { mainDumpName } from '../crash/raw-crash.ts';
import { safeName } from './object-keys.ts';

/**
 * The trees of Socorro (crashstorage.md §3). `radix`: a directory a crash; `legacy`: files of many crashes side by side;
 * both below pairs of characters of the id. A root holds one family only.
 */
export type TreeFamily = 'radix' | 'legacy';

export interface TreeShape {
  readonly family: TreeFamily;
  /** `date`: YYYYMMDD of the id. `day`: its day of the month, so that directories come round every month. */
  readonly dayNames: 'date' | 'day';
}

/** Places of one crash within a root, likeliest first: the digit 0 is a depth of 4 in old ids and of 0 in newer trees. */
export function placesOf(shape: TreeShape, crashId: CrashId): readonly string[] {
  if (!isCrashId(crashId)) throw new Error(`not a crash id: ${JSON.stringify(crashId)}`);
  const digit = throttleDigitOf(crashId);
  const depths = digit === 0 ? [4, 0] : [Math.min(digit, 4)];
  return depths.map((depth) => {
    const pairs = Array.from({ length: depth }, (_, index) => crashId.slice(2 * index, 2 * index + 2));
    return join(dayOf(shape, crashId), 'name', ...pairs, ...(shape.family === 'radix' ? [crashId] : []));
  });
}

export function dayOf(shape: TreeShape, crashId: CrashId): string {
  return shape.dayNames === 'date' ? dateOf(crashId) : dateOf(crashId).slice(-2);
}

export const rawCrashFile = (crashId: CrashId): string => `${crashId}.json`;
export const processedCrashFile = (crashId: CrashId): string => `${crashId}.jsonz`;

export function dumpFile(crashId: CrashId, name: string): string {
  if (name === mainDumpName) return `${crashId}.dump`;
  return `${crashId}.${name === '' ? '%' : safeName(name)}.dump`;
}

/** The name of the dump in that file, null for files of another kind or crash. */
export function dumpNameOf(crashId: CrashId, file: string): string | null {
  if (file === `${crashId}.dump`) return mainDumpName;
  if (!file.startsWith(`${crashId}.`) || !file.endsWith('.dump')) return null;
  const name = file.slice(crashId.length + 1, -'.dump'.length);
  if (name === '%') return '';
  return name.replace(/%([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
