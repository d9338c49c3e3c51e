// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs, retry } from '../../src/lib/backoff.ts';
import { Batcher } from '../../src/lib/batcher.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';

/** Sleeps at once and remembers for how long it should have been. */
function fakeClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    ...systemClock,
    slept,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
    },
  };
}

test('the waits are 10, 30, 60, 120, 300, 300 … s with some jitter', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 100].map((failures) => backoffMs(failures, () => 0.5)),
    [10_000, 30_000, 60_000, 120_000, 300_000, 300_000, 300_000],
  );
  for (const random of [0, 0.999]) {
    const wait = backoffMs(1, () => random);
    assert.ok(wait >= 8_000 && wait <= 12_000);
  }
});

test('a limited back-off stops after its last try without another wait', async () => {
  const clock = fakeClock();
  let calls = 0;
  const failing = retry(
    async () => {
      calls++;
      throw new Error('away');
    },
    { clock, attemptsMax: 3, isRetryable: () => true },
  );
  await assert.rejects(failing, /away/);
  assert.deepEqual([calls, clock.slept.length], [3, 2]);
});

test('an infinite one goes on until it succeeds, or is aborted; what is not retryable leaves at once', async () => {
  const clock = fakeClock();
  const options = { clock, attemptsMax: Number.POSITIVE_INFINITY, isRetryable: () => true };
  const result = await retry(async (attempt) => {
    if (attempt < 50) throw new Error('away');
    return attempt;
  }, options);
  assert.equal(result, 50);
  const controller = new AbortController();
  const aborted = retry(
    async (attempt) => {
      if (attempt === 5) controller.abort();
      throw new Error('away');
    },
    { ...options, signal: controller.signal },
  );
  await assert.rejects(aborted, /away/);
  const refused = retry(() => Promise.reject(new Error('forbidden')), { ...options, isRetryable: () => false });
  await assert.rejects(refused, /forbidden/);
});

test('a batcher sends a lone call at once, shares one run among calls that arrive meanwhile, and keeps results apart', async () => {
  const batches: number[][] = [];
  const batcher = new Batcher<number, number>(async (items) => {
    batches.push([...items]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (items.includes(13)) throw new Error('unlucky');
    return items.map((item) => item * 2);
  }, 4);
  const first = batcher.add(1);
  await Promise.resolve();
  await Promise.resolve();
  const rest = [2, 3, 4, 5, 6, 13].map((item) => batcher.add(item));
  assert.equal(await first, 2);
  const settled = await Promise.allSettled(rest);
  assert.deepEqual(
    settled.map((one) => (one.status === 'fulfilled' ? one.value : 'rejected')),
    [4, 6, 8, 10, 'rejected', 'rejected'],
  );
  assert.deepEqual(batches, [[1], [2, 3, 4, 5], [6, 13]]);
});
