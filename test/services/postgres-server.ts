// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// One PostgreSQL server for all test files.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nullLogger } from '../../src/lib/log.ts';
import { EmbeddedPostgres } from '../../src/lib/postgres/embedded.ts';
import { migrate } from '../../src/lib/postgres/migrations.ts';
import { removeAfterwards } from './janitor.ts';

/** Environment name under which the set-up hands the address of the template database to test files. */
export const postgresEnv = 'SALVAGE_TEST_POSTGRES_URL';

export interface TestPostgres {
  /** URL of the template database, which has all migrations and no rows. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server without syncs, with a migrated template database; about a second. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'salvage-test-postgres-'));
  removeAfterwards(folder, join(folder, 'data', 'postmaster.pid'));
  const server = await EmbeddedPostgres.start({
    folder,
    logger: nullLogger,
    isDurable: false,
    settings: { max_connections: '200', shared_buffers: '64MB' },
  });
  await migrate(server.url(), nullLogger);
  return { url: server.url(), stop: () => server.stop() };
}
