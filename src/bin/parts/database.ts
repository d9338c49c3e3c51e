// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { EmbeddedPostgres } from '../../lib/postgres/embedded.ts';
import { migrate } from '../../lib/postgres/migrations.ts';
import { databaseOptions } from '../../lib/postgres/options.ts';
import { makePool, type Pool } from '../../lib/postgres/pool.ts';
import { runningServerUrl } from '../../lib/postgres/running-server.ts';
import type { ProcessContext } from '../context.ts';

/** PostgreSQL as one process uses it. */
export interface Database {
  readonly pool: Pool;
  readonly url: string;
  /** For LISTEN and advisory locks; null = through a pooler, poll instead. */
  readonly directUrl: string | null;
  readonly isEmbedded: boolean;
}

/**
 * Opens the database of DATABASE_URL, or the embedded one in the data folder, and brings its tables up to date. The
 * embedded server is started here unless another process of this site, such as a running `serve`, has done so.
 */
export async function openDatabase(context: ProcessContext): Promise<Database> {
  const { config, logger, releasers, dataDir, role } = context;
  const settings = config.valuesOf(databaseOptions);
  const isEmbedded = settings.url === '';
  const running = isEmbedded && role !== 'serve' ? await runningServerUrl(join(dataDir, 'postgres')) : null;
  let url = running ?? settings.url;
  if (url === '') {
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
  };
}
