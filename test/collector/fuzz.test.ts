// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { test } from 'node:test';
import { seededRandom } from '../../fuzz/dump-mutations.ts';
import { fuzzRound } from '../../fuzz/multipart.ts';

test('fuzz: mutated bodies, plain and gzip, give the same clear answer however they are cut', async () => {
  const random = seededRandom(20261121);
  for (let round = 0; round < 1500; round++) await fuzzRound(random);
});
