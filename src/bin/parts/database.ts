// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { EmbeddedPostgres } from '../../lib/postgres/embedded.ts';
import { migrate } from '../../lib/postgres/migrations.ts';
import { databaseOptions } from '../../lib/postgres/options.ts';
import { makePool, type Pool } from '../../lib/postgres/pool.ts';
import { runningServerUrl } from '../../lib/postgres/running-server.ts';
import { MemoryOutbox, type Outbox } from '../../processor/outbox.ts';
import type { ProcessContext } from '../context.ts';

/**
 * The database of a site for a command: DATABASE_URL, or the embedded server of a running `serve`, or the embedded one
 * started for the time of the command.
 */
export async function openRunningDatabase(context: ProcessContext): Promise<Database> {
  const { config, logger, releasers, dataDir } = context;
  const running =
    config.valuesOf(databaseOptions).url === '' ? await runningServerUrl(join(dataDir, 'postgres')) : null;
  if (running === null) return openDatabase(context);
  const pool = makePool({ url: running, logger, connectionsMax: 4, applicationName: `salvage ${context.role}` });
  releasers.add('database connections', () => pool.end());
  return { pool, url: running, directUrl: running, isEmbedded: true, outbox: new MemoryOutbox() };
}

/** PostgreSQL as one process uses it. */
export interface Database {
  readonly pool: Pool;
  readonly url: string;
  /** For LISTEN and advisory locks; null = through a pooler, poll instead. */
  readonly directUrl: string | null;
  readonly isEmbedded: boolean;
  readonly outbox: Outbox;
}

/**
 * Opens the database of DATABASE_URL, or starts the embedded one in the data folder, and brings its tables up to date.
 */
export async function openDatabase(context: ProcessContext): Promise<Database> {
  const { config, logger, releasers, dataDir, role } = context;
  const settings = config.valuesOf(databaseOptions);
  let url = settings.url;
  const isEmbedded = url === '';
  if (isEmbedded) {
    const server = await EmbeddedPostgres.start({ folder: join(dataDir, 'postgres'), logger });
    releasers.add('embedded PostgreSQL', () => server.stop());
    url = server.url();
  }
  await migrate(settings.directUrl || url, logger);
  const pool = makePool({
    url,
    logger,
    connectionsMax: settings.connectionsMax,
    statementTimeoutMs: settings.statementTimeoutMs,
    applicationName: `salvage ${role}`,
  });
  releasers.add('database connections', () => pool.end());
  const isPooled = !isEmbedded && settings.directUrl === '' && /:6432\b/.test(url);
  return {
    pool,
    url,
    directUrl: settings.directUrl || (isPooled ? null : url),
    isEmbedded,
    outbox: new MemoryOutbox(),
  };
}
