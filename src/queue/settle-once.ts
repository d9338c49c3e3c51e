// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * For the ends of one taken crash, ack, nack and bury: the first that succeeds counts, those behind it do nothing. One
 * that fails may be tried again; if nobody does, the lease runs out and the crash is done once more. `release` is called
 * once, at the first try: a crash whose end cannot be told must not keep others from being taken.
 */
export function settleOnce(release: () => void): (action: () => Promise<unknown>) => Promise<void> {
  let isSettled = false;
  let isReleased = false;
  return async (action) => {
    if (isSettled) return;
    isSettled = true;
    try {
      await action();
    } catch (error) {
      isSettled = false;
      throw error;
    } finally {
      if (!isReleased) release();
      isReleased = true;
    }
  };
}
