// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import type { CrashId } from '../crash/crash-id.ts';

/**
 * True for that percentage of all crashes, decided by the id alone, so that every process and every run picks the same
 * ones; what is picked at 10 % is picked at 20 %, too. Independent of the throttler's draws, which come from the same
 * characters: otherwise crashes that were sampled once would all be picked, or none.
 */
export function isSampled(crashId: CrashId, percent: number): boolean {
  const digest = createHash('sha256')
    .update(`siphon:${crashId.slice(0, 28)}`)
    .digest();
  return digest.readUInt32BE(0) < (percent / 100) * 2 ** 32;
}

/** The sampled ones of many. */
export async function* sampled(crashIds: AsyncIterable<CrashId>, percent: number): AsyncGenerator<CrashId> {
  for await (const crashId of crashIds) if (isSampled(crashId, percent)) yield crashId;
}
