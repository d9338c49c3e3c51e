// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.ts';
import { Burst } from '../../src/mover/burst.ts';

const received = new Date('2026-11-28T12:00:00Z');

/** A clock whose time passes by looks, and a process that does `during` in each of them. */
function fakeProcess(during: (look: number) => Promise<void>) {
  let looks = 0;
  const clock: Clock = {
    now: () => new Date(received.getTime() + looks * 50),
    monotonicMs: () => looks * 50,
    async sleep() {
      looks += 1;
      await during(looks);
    },
  };
  return { clock, looks: () => looks };
}

async function busy(): Promise<void> {
  // Turns of the event loop that leave no time: what it does in them counts as work.
  for (let turn = 0; turn < 3; turn++) {
    const endMs = performance.now() + 15;
    while (performance.now() < endMs);
    await new Promise(setImmediate);
  }
}

const { signal } = new AbortController();

test('a crash waits while reports come and the loop is busy, and goes when one of the two is over', async () => {
  for (const end of ['no more reports', 'time to spare'] as const) {
    let count = 1;
    const { clock, looks } = fakeProcess(async (look) => {
      if (look < 4 || end === 'time to spare') count += 1;
      if (look < 4 || end === 'no more reports') await busy();
      else await wait(60);
    });
    const burst = new Burst(clock, signal, () => count);
    await Promise.all([burst.passes(received), burst.passes(received)]);
    assert.equal(looks(), 4, `${end}: all that wait share a look`);
    await burst.passes(received);
    assert.equal(looks(), 4, 'nothing came since: no further look');
  }
});

test('a burst without end holds a crash for five seconds, a draining mover not at all', async () => {
  let count = 0;
  const { clock, looks } = fakeProcess(async () => {
    count += 1;
    await busy();
  });
  const burst = new Burst(clock, signal, () => count);
  await burst.passes(received);
  assert.equal(looks(), 100);
  burst.end();
  await burst.passes(new Date(received.getTime() + 60_000));
  assert.equal(looks(), 100);
});
