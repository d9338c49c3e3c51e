// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import pg from 'pg';
import { errorText, SalvageError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { postgresErrors } from './errors.ts';
import { postgresLimits } from './limits.ts';

export type Pool = pg.Pool;
/** What runs one statement: a pool, or the client of a transaction. */
export type Queryable = Pick<pg.Pool, 'query'> | Pick<pg.PoolClient, 'query'>;

export interface PoolOptions {
  readonly url: string;
  readonly logger: Logger;
  readonly connectionsMax?: number;
  readonly statementTimeoutMs?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
}

// Counts and sums come as bigint and are far below 2^53 here.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** A bounded pool that survives a restart of the server: broken connections are thrown away and made anew on demand. */
export function makePool(options: PoolOptions): Pool {
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000;
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionsMax ?? postgresLimits.poolConnectionsMax.value,
    connectionTimeoutMillis: postgresLimits.connectTimeoutMs.value,
    statement_timeout: statementTimeoutMs,
    // On a half-open connection the server's own time-out never arrives.
    query_timeout: statementTimeoutMs + postgresLimits.silenceMs.value,
    application_name: options.applicationName ?? 'salvage',
    keepAlive: true,
  });
  const logger = options.logger.named('salvage.postgres');
  // Without a listener the end of an idle connection would end this process.
  pool.on('error', (error) => logger.warning(`lost an idle database connection: ${errorText(error)}`));
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
export async function withTransaction<T>(pool: Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((cause: Error) => {
      broken = cause;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/**
 * SQLSTATEs of troubles that pass: classes 08, 40, 53, 57, 58; a lock not had in time (55P03); a transaction ended for
 * idling (25P03); a server that only reads (25006), as each half of a failover does for a moment.
 */
const passingStates = /^(08...|40...|53...|57...|58...|55P03|25P03|25006)$/;
/** Codes of sockets and names that pass. */
const passingCodes =
  /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ENOENT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ERR_STREAM_|ERR_SOCKET_)/;
/** The driver's own errors, which have no code. */
const passingTexts =
  /connection terminated|not queryable|timeout (exceeded|expired)|query read timeout|error establishing an SSL/i;

/** Connection and resource troubles that pass. */
export function isDatabaseOutage(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string') return passingStates.test(code) || passingCodes.test(code);
  return typeof message === 'string' && passingTexts.test(message);
}

/** Bad credentials (28), no such database (3D), no permission (42501); no password at all, no or untrusted TLS. */
export function isDatabaseRefusal(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string') return /^(28...|3D...|42501|ERR_TLS_.+|ERR_SSL_.+|.*_CERT.*|CERT_.+)$/.test(code);
  return typeof message === 'string' && /^SASL|does not support SSL/.test(message);
}

/** True when a table or column is missing: the migrations have not run. */
export function isSchemaMissing(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === '42P01' || code === '42703';
}

/** The driver's error as one of ours where its kind is known; anything else comes back as it was. */
export function databaseError(error: unknown, doing: string): unknown {
  if (error instanceof SalvageError) return error;
  const kind = isDatabaseOutage(error)
    ? postgresErrors.database_outage
    : isDatabaseRefusal(error)
      ? postgresErrors.database_refused
      : isSchemaMissing(error)
        ? postgresErrors.schema_missing
        : null;
  return kind ? new SalvageError(kind, `${doing}: ${errorText(error)}`, { cause: error }) : error;
}
