// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dumps, readJson, walkShared } from './testdata.ts';

interface GdbJson {
  readonly threads: readonly {
    readonly crashed: boolean;
    readonly frames: readonly {
      readonly function: string | null;
      readonly module: string | null;
      readonly inlined: boolean;
    }[];
  }[];
}

/** `depot::audit(depot::Shelf&, int)` and `depot::audit` are the same function to a reader. */
const bareName = (name: string | null) => (name ?? '').replace(/\(.*$/, '');

const isOwn = (name: string | null) => name !== null && !/\bstd::|^_start$/.test(name);

/** The stack overflows have no stack in the dump. */
const real = dumps.filter((dump) => dump.startsWith('real/') && !dump.includes('spiral'));

for (const dump of real)
  test(`${dump}: the physical frames of the program itself are gdb's`, async () => {
    const walk = await walkShared(dump);
    const gdb = readJson(dump.replace('.dmp', '.gdb.json')) as GdbJson;
    // gdb shows the program's own code without a module.
    const theirs = gdb.threads
      .find(({ crashed }) => crashed)
      ?.frames.filter((frame) => frame.module === null && !frame.inlined && isOwn(frame.function))
      .map((frame) => bareName(frame.function));
    const ours = (walk.crashing_thread?.frames ?? [])
      .filter((frame) => frame.module === 'depot' && frame.trust !== 'scan' && isOwn(frame.function))
      .map((frame) => bareName(frame.function));
    assert.ok(ours.length >= 2);
    assert.deepEqual(ours, theirs);
  });
