// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import { endsWithin } from '../lib/ends-within.ts';
import { SalvageError } from '../lib/errors.ts';
import { moverErrors } from './errors.ts';
import { moverLimits } from './limits.ts';

/** Asks a back end whether it works; one that stays silent for `checkTimeoutMs` throws `back_end_silent`. */
export async function checkWithin(check: () => Promise<void>, clock: Clock): Promise<void> {
  const timeoutMs = moverLimits.checkTimeoutMs.value;
  if (await endsWithin(check(), timeoutMs, clock)) return;
  throw new SalvageError(moverErrors.back_end_silent, `no answer within ${timeoutMs / 1000} s`);
}
