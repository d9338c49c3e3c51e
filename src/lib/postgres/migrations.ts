// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { errorText, SalvageError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { postgresErrors } from './errors.ts';
import { postgresLimits } from './limits.ts';
import { databaseError } from './pool.ts';

/** One file `sql/000001-name.sql`. Never edited after a release; a change is a new file. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** Lower-case hex SHA-256 of the file. */
  readonly checksum: string;
}

export interface MigrationStatus extends Pick<Migration, 'number' | 'name'> {
  readonly state: 'applied' | 'pending' | 'changed' | 'unknown';
  readonly appliedAt: Date | null;
}

/** The folder `sql/` beside `src/` and `dist/`. */
export const migrationsFolder = join(import.meta.dirname, '..', '..', '..', 'sql');

/** Any number that no other program is likely to take; all roles of one database wait for each other on it. */
const lockKey = 5_273_614_202;

const fileName = /^(\d{6})-([a-z0-9-]+)\.sql$/;

/** The migrations of a folder in order; two files of one number are refused. */
export async function readMigrations(folder: string = migrationsFolder): Promise<readonly Migration[]> {
  const migrations: Migration[] = [];
  for (const file of (await readdir(folder)).sort()) {
    const match = fileName.exec(file);
    if (!match) continue;
    const sql = await readFile(join(folder, file), 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    migrations.push({ number: Number(match[1]), name: match[2] as string, sql, checksum });
  }
  const twice = migrations.find((one, index) => migrations[index + 1]?.number === one.number);
  if (twice) throw new SalvageError(postgresErrors.migration_failed, `two migrations have the number ${twice.number}`);
  return migrations;
}

/**
 * Applies what is missing, each migration in its own transaction, under an advisory lock: any number of processes may
 * start at once. `url` must not go through a pooler. Returns the names of those applied now.
 */
export async function migrate(
  url: string,
  logger: Logger,
  folder: string = migrationsFolder,
): Promise<readonly string[]> {
  const migrations = await readMigrations(folder);
  return withClient(url, async (client) => {
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    await client.query(`create table if not exists salvage_migrations (
      number integer primary key, name text not null, checksum text not null,
      applied_at timestamptz not null default now())`);
    const statuses = compare(migrations, await readApplied(client));
    refuseChanged(statuses);
    for (const { number, name, state } of statuses) {
      if (state === 'unknown') logger.warning(`the database has migration ${number} (${name}) of a newer release`);
    }
    const applied: string[] = [];
    for (const migration of migrations) {
      if (statuses.find(({ number }) => number === migration.number)?.state !== 'pending') continue;
      await apply(client, migration);
      applied.push(migration.name);
      logger.info(`applied migration ${migration.number} ${migration.name}`);
    }
    return applied;
  });
}

/** What `salvage db status` prints. */
export async function migrationStatus(
  url: string,
  folder: string = migrationsFolder,
): Promise<readonly MigrationStatus[]> {
  const migrations = await readMigrations(folder);
  return withClient(url, async (client) => {
    const { rows } = await client.query("select to_regclass('salvage_migrations') is not null as made");
    return compare(migrations, rows[0].made ? await readApplied(client) : []);
  });
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'salvage migrations',
    connectionTimeoutMillis: postgresLimits.connectTimeoutMs.value,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw databaseError(error, 'migrating the database');
  } finally {
    // The end of the session also gives the advisory lock back.
    await client.end().catch(() => {});
  }
}

interface AppliedRow {
  number: number;
  name: string;
  checksum: string;
  applied_at: Date;
}

async function readApplied(client: pg.Client): Promise<AppliedRow[]> {
  return (await client.query<AppliedRow>('select * from salvage_migrations order by number')).rows;
}

function compare(migrations: readonly Migration[], applied: readonly AppliedRow[]): MigrationStatus[] {
  const rows = new Map(applied.map((row) => [row.number, row]));
  const known = migrations.map(({ number, name, checksum }): MigrationStatus => {
    const row = rows.get(number);
    const state = !row ? 'pending' : row.checksum === checksum ? 'applied' : 'changed';
    return { number, name, state, appliedAt: row?.applied_at ?? null };
  });
  const newer = applied
    .filter((row) => !migrations.some(({ number }) => number === row.number))
    .map(
      (row): MigrationStatus => ({ number: row.number, name: row.name, state: 'unknown', appliedAt: row.applied_at }),
    );
  return [...known, ...newer].sort((a, b) => a.number - b.number);
}

function refuseChanged(statuses: readonly MigrationStatus[]): void {
  const changed = statuses.find(({ state }) => state === 'changed');
  if (!changed) return;
  const message = `migration ${changed.number} (${changed.name}) was applied with another content`;
  throw new SalvageError(postgresErrors.migration_changed, message);
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(migration.sql);
    await client.query('insert into salvage_migrations (number, name, checksum) values ($1, $2, $3)', [
      migration.number,
      migration.name,
      migration.checksum,
    ]);
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback').catch(() => {});
    const message = `migration ${migration.number} ${migration.name}: ${errorText(cause)}`;
    throw new SalvageError(postgresErrors.migration_failed, message, { cause });
  }
}
