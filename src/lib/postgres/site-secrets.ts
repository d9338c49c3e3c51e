// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomBytes } from 'node:crypto';
import type { Pool } from './pool.ts';
import { execute, fetchValue } from './query.ts';

/** The secret of that name, the same for every process of the site: 192 random bits in base64url, made when first asked for. */
export async function siteSecret(pool: Pool, name: string): Promise<string> {
  const fresh = randomBytes(24).toString('base64url');
  await execute(pool, 'insert into site_secrets (name, value) values ($1, $2) on conflict (name) do nothing', [
    name,
    fresh,
  ]);
  return fetchValue<string>(pool, 'select value from site_secrets where name = $1', [name]);
}
