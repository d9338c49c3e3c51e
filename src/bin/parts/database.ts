// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { retry } from '../../lib/backoff.ts';
import { errorText, isErrorOf } from '../../lib/errors.ts';
import { EmbeddedPostgres } from '../../lib/postgres/embedded.ts';
import { postgresErrors } from '../../lib/postgres/errors.ts';
import { migrate } from '../../lib/postgres/migrations.ts';
import { databaseOptions } from '../../lib/postgres/options.ts';
import { makePool, type Pool } from '../../lib/postgres/pool.ts';
import { runningServerUrl } from '../../lib/postgres/running-server.ts';
import type { ProcessContext } from '../context.ts';

/** How long a command waits for a `serve` that is just starting its server. */
const startingMsMax = 20_000;

/** The server of a running `serve`, or one of our own. */
async function embeddedUrl({ role, dataDir, logger, releasers, clock }: ProcessContext): Promise<string> {
  const folder = join(dataDir, 'postgres');
  const untilMs = clock.monotonicMs() + (role === 'serve' ? 0 : startingMsMax);
  for (;;) {
    const running = role === 'serve' ? null : await runningServerUrl(folder);
    if (running !== null) return running;
    try {
      const server = await EmbeddedPostgres.start({ folder, logger });
      releasers.add('embedded PostgreSQL', () => server.stop());
      return server.url();
    } catch (error) {
      if (!isErrorOf(error, postgresErrors.postgres_in_use) || clock.monotonicMs() > untilMs) throw error;
      await clock.sleep(250);
    }
  }
}

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
  const { config, logger, releasers, role } = context;
  const settings = config.valuesOf(databaseOptions);
  const isEmbedded = settings.url === '';
  const url = isEmbedded ? await embeddedUrl(context) : settings.url;
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

/** Waits out a database that is away: intake goes on meanwhile. Anything else stops the start. */
export function openDatabaseWhenUp(context: ProcessContext): Promise<Database> {
  return retry(() => openDatabase(context), {
    clock: context.clock,
    attemptsMax: Number.POSITIVE_INFINITY,
    signal: context.stopping,
    isRetryable: (error) => isErrorOf(error, postgresErrors.database_outage),
    onRetry: (error, _failures, waitMs) =>
      context.logger.error(
        `the database is away, crashes wait in the spool; next try in ${Math.round(waitMs / 1000)} s: ${errorText(error)}`,
      ),
  });
}
