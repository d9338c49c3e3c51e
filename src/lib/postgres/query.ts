// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type pg from 'pg';
import { SalvageError } from '../errors.ts';
import { postgresErrors } from './errors.ts';
import { postgresLimits } from './limits.ts';
import type { Queryable } from './pool.ts';

type Row = Record<string, unknown>;

/** All rows, as objects. */
export async function fetchRows<T extends pg.QueryResultRow = Row>(
  db: Queryable,
  sql: string,
  params: readonly unknown[] = [],
): Promise<readonly T[]> {
  return (await (db as pg.Pool).query<T>(sql, [...params])).rows;
}

/** The first row; `sql_no_single_value` when there is none. */
export async function fetchRow<T extends pg.QueryResultRow = Row>(
  db: Queryable,
  sql: string,
  params: readonly unknown[] = [],
): Promise<T> {
  const [row] = await fetchRows<T>(db, sql, params);
  if (!row) throw new SalvageError(postgresErrors.sql_no_single_value, `no row from: ${sql.slice(0, 200)}`);
  return row;
}

/** The first column of the first row; `sql_no_single_value` when there is none. */
export async function fetchValue<T>(db: Queryable, sql: string, params: readonly unknown[] = []): Promise<T> {
  return Object.values(await fetchRow(db, sql, params))[0] as T;
}

/** Runs a statement and returns the number of rows that it touched. */
export async function execute(db: Queryable, sql: string, params: readonly unknown[] = []): Promise<number> {
  return (await (db as pg.Pool).query(sql, [...params])).rowCount ?? 0;
}

/**
 * Rows one by one with bounded memory, read through a cursor in its own transaction. Leaving the loop early ends the
 * transaction and gives the connection back.
 */
export async function* streamRows<T extends pg.QueryResultRow = Row>(
  pool: pg.Pool,
  sql: string,
  params: readonly unknown[] = [],
): AsyncGenerator<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin read only');
    await client.query(`declare salvage_rows no scroll cursor for ${sql}`, [...params]);
    for (;;) {
      const { rows } = await client.query<T>(`fetch ${postgresLimits.cursorRowsMax.value} from salvage_rows`);
      yield* rows;
      if (rows.length < postgresLimits.cursorRowsMax.value) return;
    }
  } finally {
    await client.query('rollback').catch((cause: Error) => {
      broken = cause;
    });
    client.release(broken);
  }
}
