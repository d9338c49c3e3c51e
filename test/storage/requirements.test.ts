// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mistakesOf, readRequirements } from '../../scripts/requirements.ts';

test('every row of the inventory of stores, queues and apps has a proof that can be found, or a reason', () => {
  const all = readRequirements();
  const own = all.filter(({ page }) => page === 'docs/requirements/storage.md');
  const numbers = new Set(own.map(({ row }) => row));
  for (let row = 1; row <= 68; row++) assert.ok(numbers.has(String(row)), `row ${row} is missing`);
  assert.deepEqual(
    own.flatMap((requirement) => mistakesOf(requirement, all)),
    [],
  );
});
