// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from './clock.ts';

/**
 * Waits for `work`, but no longer than that: true when it was done in time. What it throws in time is thrown; later
 * failures are nobody's.
 */
export async function endsWithin(work: Promise<unknown>, timeoutMs: number, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  const late = clock.sleep(timeoutMs, over.signal).then(
    () => false,
    () => true,
  );
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    over.abort();
  }
}
