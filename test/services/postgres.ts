// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A database of one's own: `const database = await testDatabase()`.
import { after } from 'node:test';
import pg from 'pg';
import { nullLogger } from '../../src/lib/log.ts';
import { makePool, type Pool } from '../../src/lib/postgres/pool.ts';
import { postgresEnv, startTestPostgres } from './postgres-server.ts';

export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
}

/** Undone in reverse order after all tests of the file. */
const cleanups: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let own: Promise<string> | null = null;

/**
 * A fresh database with all migrations, and a pool on it; both go away after the tests of the calling file. Uses the
 * server of `test/setup.ts`; a file that is run alone without it starts a server of its own.
 */
export async function testDatabase(options: { isEmpty?: boolean } = {}): Promise<TestDatabase> {
  const template = process.env[postgresEnv] ?? (await (own ??= startOwn()));
  const admin = withDatabase(template, 'postgres');
  const name = `test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  await runOn(admin, `create database ${name} template ${options.isEmpty ? 'template0' : 'salvage'} strategy wal_log`);
  const url = withDatabase(template, name);
  const pool = makePool({ url, logger: nullLogger });
  cleanups.push(async () => {
    await pool.end();
    await runOn(admin, `drop database if exists ${name} with (force)`).catch(() => {});
  });
  return { url, pool };
}

/** The same URL with another database. */
export function withDatabase(url: string, database: string): string {
  return url.replace(/\/[^/?]*(\?|$)/, `/${database}$1`);
}

async function startOwn(): Promise<string> {
  const server = await startTestPostgres();
  cleanups.push(() => server.stop());
  return server.url;
}

async function runOn(url: string, sql: string): Promise<void> {
  // Two files at once copy the template: the server refuses while another session is still connected to it.
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query(sql);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== '55006' || attempt > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      await client.end();
    }
  }
}
