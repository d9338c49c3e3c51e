// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Command } from 'commander';
import pg from 'pg';
import { SalvageError } from '../../lib/errors.ts';
import { postgresErrors } from '../../lib/postgres/errors.ts';
import { migrationStatus } from '../../lib/postgres/migrations.ts';
import { databaseOptions } from '../../lib/postgres/options.ts';
import { openContext } from '../context.ts';
import { openDatabase } from '../parts/database.ts';
import { addFakeDataCommand } from './db-fakedata.ts';

/** `salvage db setup|migrate|status|fakedata`. */
export function addDbCommand(program: Command): void {
  const db = program.command('db').description('set up and look after the database');
  db.command('setup')
    .description('create the database of DATABASE_URL if it is missing, then migrate')
    .action(async () => {
      const context = await openContext('db', { logsTo: 'stderr', announcesConfig: false });
      try {
        const { url, directUrl } = context.config.valuesOf(databaseOptions);
        if (url !== '') await createDatabase(directUrl || url);
        await openDatabase(context);
        process.stdout.write('the database is ready\n');
      } finally {
        await context.releasers.releaseAll();
      }
    });
  db.command('migrate')
    .description('apply what migrations are missing; safe at any time and from many places at once')
    .action(() => showStatus(true));
  db.command('status')
    .description('which migrations are applied')
    .action(() => showStatus(false));
  addFakeDataCommand(db);
}

/** Opening the database migrates it, as every role does at start; a server of one's own can be asked without that. */
async function showStatus(isMigrating: boolean): Promise<void> {
  const context = await openContext('db', { logsTo: 'stderr', announcesConfig: false });
  try {
    const { url: own, directUrl } = context.config.valuesOf(databaseOptions);
    const url = isMigrating || own === '' ? (await openDatabase(context)).url : directUrl || own;
    for (const { number, name, state, appliedAt } of await migrationStatus(url)) {
      const id = String(number).padStart(6, '0');
      process.stdout.write(`${id} ${name}: ${state}${appliedAt ? ` ${appliedAt.toISOString()}` : ''}\n`);
    }
  } finally {
    await context.releasers.releaseAll();
  }
}

/** Connects to the maintenance database of the same server. */
async function createDatabase(url: string): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  const client = new pg.Client({ connectionString: url.replace(/\/[^/?]*(\?|$)/, '/postgres$1') });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (!rowCount) await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } catch (cause) {
    throw new SalvageError(postgresErrors.database_refused, `cannot create ${name}: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    await client.end().catch(() => {});
  }
}
