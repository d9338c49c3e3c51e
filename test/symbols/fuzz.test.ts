// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInSeeds, fuzzSymbols } from '../../fuzz/symbols.ts';

test('mutated symbol files: no throw but a typed one, no hang, no answer out of range', () => {
  const result = fuzzSymbols(builtInSeeds(), 1500, 20260729);
  assert.equal(result.mutations, 1500);
  assert.ok(result.lookups > 100_000);
});
