// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { Slots } from '../../src/queue/slots.ts';

test('waiting many times leaves nothing on the signal', async () => {
  const { signal } = new AbortController();
  const slots = new Slots(1);
  for (let round = 0; round < 20; round++) await slots.wait(1, signal);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a wake before the wait is not lost, an abort ends it, a released slot wakes', async () => {
  const controller = new AbortController();
  const slots = new Slots(1);
  slots.wake();
  await slots.wait(60_000, controller.signal);
  slots.take();
  assert.equal(slots.free, 0);
  setTimeout(() => slots.release(), 5);
  await slots.wait(60_000, controller.signal);
  assert.equal(slots.free, 1);
  setTimeout(() => controller.abort(), 5);
  await slots.wait(60_000, controller.signal);
  await slots.wait(60_000, controller.signal);
});
