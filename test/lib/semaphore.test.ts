// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Semaphore } from '../../src/lib/semaphore.ts';

test('a semaphore lets in as many as it has places, in order, and those who give up waiting take none', async () => {
  const semaphore = new Semaphore(2);
  const order: string[] = [];
  const gates = new Map<string, () => void>();
  const hold = (name: string, signal?: AbortSignal) =>
    semaphore.run(() => {
      order.push(name);
      return new Promise<void>((resolve) => gates.set(name, resolve));
    }, signal);
  const [a, b] = [hold('a'), hold('b')];
  const leaving = new AbortController();
  const c = hold('c', leaving.signal);
  const d = hold('d', new AbortController().signal);
  leaving.abort(new Error('left'));
  await assert.rejects(c, /left/);
  await assert.rejects(hold('e', AbortSignal.abort(new Error('gone'))), /gone/);
  assert.deepEqual(order, ['a', 'b']);
  gates.get('a')?.();
  await a;
  assert.deepEqual(order, ['a', 'b', 'd']);
  gates.get('b')?.();
  gates.get('d')?.();
  await Promise.all([b, d]);
  await semaphore.run(async () => order.push('f'));
  assert.deepEqual(order, ['a', 'b', 'd', 'f']);
});
