// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { soak } from './soak-rounds.ts';

const directory = await mkdtemp(join(tmpdir(), 'salvage-soak-'));
after(() => rm(directory, { recursive: true, force: true }));

test('the real collector, killed at random instants under load, keeps every promise', {
  timeout: 115_000,
}, async (t) => {
  const { rounds, promised, untold } = await soak({ directory, rounds: 6, roundsPerCheck: 3 });
  t.diagnostic(`${promised} promised in ${rounds} rounds; ${untold} stored whose client was not told any more`);
  assert.ok(promised > 20, `only ${promised} reports`);
});
