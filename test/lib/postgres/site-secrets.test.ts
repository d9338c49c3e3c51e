// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { siteSecret } from '../../../src/lib/postgres/site-secrets.ts';
import { testDatabase } from '../../services/postgres.ts';

test('a secret is made once, the same for all who ask at the same time, and another for another name', async () => {
  const { pool } = await testDatabase();
  const asked = await Promise.all(Array.from({ length: 8 }, () => siteSecret(pool, 'client id salt')));
  assert.equal(new Set(asked).size, 1);
  assert.match(asked[0] as string, /^[\w-]{32}$/);
  assert.notEqual(await siteSecret(pool, 'other'), asked[0]);
});
