// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, throttleDigitOf } from './crash-id.ts';
import type { RawCrash } from './raw-crash.ts';

/** The throttler's verdict on a stored crash: what the collector wrote, else the digit of the id. */
export function wasDeferred(crashId: CrashId, rawCrash: RawCrash): boolean {
  const verdict = rawCrash['legacy_processing'];
  return verdict === undefined ? throttleDigitOf(crashId) === 1 : Number(verdict) !== 0;
}
