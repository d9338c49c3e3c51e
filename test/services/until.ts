// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';

const pauseMs = 10;

/** Asks until the answer is true; fails after the time is up, which is long because a loaded machine takes its time. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what = 'what the test waits for',
  timeoutMs = 30_000,
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!(await isSo())) {
    assert.ok(performance.now() < giveUpAt, `${what} did not happen within ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
