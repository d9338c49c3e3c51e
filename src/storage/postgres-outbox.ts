// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { databaseError, type Pool } from '../lib/postgres/pool.ts';
import { execute, fetchRows } from '../lib/postgres/query.ts';
import type { Debt, OutboxAdmin } from './outbox.ts';

interface DebtRow extends Record<string, unknown> {
  destination: string;
  crash_id: string;
  reason: string;
  attempts: number;
  owed_since: Date;
  next_try_at: Date;
}

const reasonCharactersMax = 2_000;

/** `raw` and `processed` are paid by Poly containers, `destination` by the processor. */
export type DebtKind = 'raw' | 'processed' | 'destination';

/** Debts in the table `outbox_debts`. */
export class PostgresOutbox implements OutboxAdmin {
  readonly #pool: Pool;
  readonly #kind: DebtKind;

  constructor(pool: Pool, kind: DebtKind) {
    this.#pool = pool;
    this.#kind = kind;
  }

  async owe(destination: string, crashId: CrashId, reason: string): Promise<void> {
    await this.#run(
      `insert into outbox_debts (kind, destination, crash_id, reason, next_try_at)
       values ($1, $2, $3, $4, clock_timestamp())
       on conflict (destination, crash_id, kind) do update set reason = excluded.reason, next_try_at = excluded.next_try_at`,
      [destination, crashId, reason.slice(0, reasonCharactersMax)],
    );
  }

  async due(now: Date, limit: number, destinations: readonly string[]): Promise<readonly Debt[]> {
    const rows = await this.#rows('next_try_at <= $2 and destination = any($4::text[]) order by next_try_at limit $3', [
      now,
      limit,
      destinations,
    ]);
    return rows.map(debtOf);
  }

  async settle(destination: string, crashId: CrashId): Promise<void> {
    await this.#run('delete from outbox_debts where kind = $1 and destination = $2 and crash_id = $3', [
      destination,
      crashId,
    ]);
  }

  async postpone(debt: Debt, reason: string, dueAt: Date): Promise<void> {
    await this.#run(
      `update outbox_debts set reason = $4, next_try_at = $5, attempts = attempts + 1
       where kind = $1 and destination = $2 and crash_id = $3`,
      [debt.destination, debt.crashId, reason.slice(0, reasonCharactersMax), dueAt],
    );
  }

  async counts(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#guard(() =>
      fetchRows<{ destination: string; count: number }>(
        this.#pool,
        'select destination, count(*) as count from outbox_debts where kind = $1 group by destination',
        [this.#kind],
      ),
    );
    return new Map(rows.map(({ destination, count }) => [destination, count]));
  }

  async list(limit: number): Promise<readonly (Debt & { readonly owedSince: Date; readonly dueAt: Date })[]> {
    const rows = await this.#rows('true order by owed_since limit $2', [limit]);
    return rows.map((row) => ({ ...debtOf(row), owedSince: row.owed_since, dueAt: row.next_try_at }));
  }

  retryNow(destination?: string): Promise<number> {
    return this.#run(
      `update outbox_debts set next_try_at = clock_timestamp()
       where kind = $1 and ($2::text is null or destination = $2)`,
      [destination ?? null],
    );
  }

  drop(destination: string, crashId?: CrashId): Promise<number> {
    return this.#run(
      'delete from outbox_debts where kind = $1 and destination = $2 and ($3::text is null or crash_id = $3)',
      [destination, crashId ?? null],
    );
  }

  #run(sql: string, params: readonly unknown[]): Promise<number> {
    return this.#guard(() => execute(this.#pool, sql, [this.#kind, ...params]));
  }

  #rows(condition: string, params: readonly unknown[]): Promise<readonly DebtRow[]> {
    return this.#guard(() =>
      fetchRows<DebtRow>(this.#pool, `select * from outbox_debts where kind = $1 and ${condition}`, [
        this.#kind,
        ...params,
      ]),
    );
  }

  async #guard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw databaseError(error, 'the outbox');
    }
  }
}

function debtOf(row: DebtRow): Debt {
  return { destination: row.destination, crashId: row.crash_id, reason: row.reason, attempts: row.attempts };
}
