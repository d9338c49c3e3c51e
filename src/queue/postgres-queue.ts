// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { backoffMs } from '../lib/backoff.ts';
import { Batcher } from '../lib/batcher.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { PostgresListener } from '../lib/postgres/listener.ts';
import { isDatabaseOutage, isDatabaseRefusal, isSchemaMissing, type Pool } from '../lib/postgres/pool.ts';
import { execute, fetchRows } from '../lib/postgres/query.ts';
import {
  type CrashQueue,
  type DeadLetter,
  type QueueDepth,
  type QueuedCrash,
  type QueueMessage,
  type QueueName,
  type QueuePlace,
  queueNames,
} from './crash-queue.ts';
import { queueErrors } from './errors.ts';
import { FairChoice, type QueueWeights } from './fair-choice.ts';
import { queueLimits } from './limits.ts';
import { formatMessageBody } from './message-body.ts';
import {
  buryExhaustedSql,
  burySql,
  depthsSql,
  extendSql,
  heldSql,
  placeSql,
  publishSql,
  releaseSql,
  replaySql,
  takeSql,
} from './postgres-queue-sql.ts';
import { settleOnce } from './settle-once.ts';
import { Slots } from './slots.ts';

export interface PostgresQueueOptions {
  readonly pool: Pool;
  /** For LISTEN; null = poll only (through a connection pooler). */
  readonly listenUrl: string | null;
  readonly logger: Logger;
  readonly weights?: QueueWeights;
  readonly leaseMs?: number;
  readonly attemptsMax?: number;
  readonly pollMs?: number;
  /** How long a crash rests after its nth failure. */
  readonly retryWaitMs?: (attempt: number) => number;
}

interface TakenRow extends Record<string, unknown> {
  id: number;
  queue: QueueName;
  crash_id: string;
  ruleset: string | null;
  attempts: number;
}

/** Identifies one lease; see sql/000001-queue.sql. */
interface LeaseToken {
  readonly id: number;
  readonly attempt: number;
}

/** A queue in PostgreSQL: rows taken with FOR UPDATE SKIP LOCKED, leases in the row, LISTEN/NOTIFY to start at once. */
export class PostgresQueue implements CrashQueue {
  readonly name = 'postgres';
  readonly #options: PostgresQueueOptions;
  readonly #pool: Pool;
  readonly #logger: Logger;
  readonly #leaseMs: number;
  readonly #attemptsMax: number;
  readonly #consumers = new Set<Slots>();
  readonly #listener: PostgresListener | null;
  readonly #publishes: Batcher<{ queue: QueueName; message: QueueMessage }, undefined>;
  readonly #acks: Batcher<LeaseToken, undefined>;

  constructor(options: PostgresQueueOptions) {
    this.#options = options;
    this.#pool = options.pool;
    this.#logger = options.logger.named('salvage.queue.postgres');
    this.#leaseMs = options.leaseMs ?? queueLimits.leaseMs.value;
    this.#attemptsMax = options.attemptsMax ?? queueLimits.attemptsMax.value;
    const { listenUrl: url } = options;
    const onWake = () => {
      for (const slots of this.#consumers) slots.wake();
    };
    this.#listener = url ? new PostgresListener({ url, channel: 'salvage_queue', logger: this.#logger, onWake }) : null;
    if (!url) this.#logger.info('no direct database URL: new crashes are looked for every second');
    const itemsMax = queueLimits.batchItemsMax.value;
    this.#publishes = new Batcher((items) => this.#publishBatch(items), itemsMax);
    this.#acks = new Batcher((tokens) => this.#ackBatch(tokens), itemsMax);
  }

  /** Inserts and rolls back: proves the schema and the right to write. */
  async check(): Promise<void> {
    await this.#guard('checking the queue', async () => {
      const client = await this.#pool.connect();
      try {
        await client.query('begin');
        await client.query(publishSql, [['standard'], ['test'], [null]]);
      } finally {
        client.release(
          await client.query('rollback').then(
            () => undefined,
            (error: Error) => error,
          ),
        );
      }
    });
  }

  async publish(queue: QueueName, message: QueueMessage): Promise<void> {
    formatMessageBody(message);
    await this.#publishes.add({ queue, message });
  }

  async *consume(options: { readonly prefetch: number; readonly signal: AbortSignal }): AsyncGenerator<QueuedCrash> {
    const { prefetch, signal } = options;
    const slots = new Slots(prefetch);
    const choice = new FairChoice(this.#options.weights);
    this.#consumers.add(slots);
    let taken: TakenRow[] = [];
    try {
      while (!signal.aborted) {
        if (slots.free > 0 && taken.length === 0) taken = await this.#tryTake(choice, slots.free);
        const row = slots.free > 0 ? taken.shift() : undefined;
        if (row) {
          slots.take();
          yield this.#handle(row, slots);
        } else {
          await slots.wait(this.#options.pollMs ?? queueLimits.pollMs.value, signal);
        }
      }
    } finally {
      this.#consumers.delete(slots);
      await this.#giveBack(taken);
    }
  }

  async *listCrashIds(): AsyncGenerator<CrashId> {
    for (let last = '0'; ; ) {
      const rows = await this.#guard('listing the queue', () =>
        fetchRows<{ id: string; crash_id: CrashId }>(this.#pool, heldSql, [last]),
      );
      for (const row of rows) yield row.crash_id;
      const end = rows.at(-1);
      if (!end) return;
      last = end.id;
    }
  }

  async placeOf(crashId: CrashId): Promise<QueuePlace | null> {
    const [row] = await this.#guard('looking for a crash in the queue', () =>
      fetchRows<{ queue: QueueName; is_leased: boolean; attempts: number; last_reason: string | null; ahead: number }>(
        this.#pool,
        placeSql,
        [crashId],
      ),
    );
    if (!row) return null;
    const { queue, is_leased: isTaken, attempts, last_reason: lastReason, ahead } = row;
    return { queue, isTaken, ahead, attempts, lastReason };
  }

  async depths(): Promise<readonly QueueDepth[]> {
    return this.#guard('reading queue depths', async () => {
      const rows = await fetchRows<{ queue: QueueName; waiting: number; leased: number; age: number | null }>(
        this.#pool,
        depthsSql,
      );
      return queueNames.map((queue) => {
        const row = rows.find((one) => one.queue === queue);
        return { queue, waiting: row?.waiting ?? 0, leased: row?.leased ?? 0, oldestAgeS: row?.age ?? null };
      });
    });
  }

  async deadLetters(options: { readonly limit?: number } = {}): Promise<readonly DeadLetter[]> {
    const limit = options.limit ?? queueLimits.deadLettersShownMax.value;
    return this.#guard('reading dead letters', async () => {
      const rows = await fetchRows<TakenRow & { reason: string; died_at: Date }>(
        this.#pool,
        'select * from queue_dead_letters order by id limit $1',
        [limit],
      );
      return rows.map((row) => ({
        ...messageOf(row),
        queue: row.queue,
        reason: row.reason,
        attempts: row.attempts,
        diedAt: row.died_at,
      }));
    });
  }

  async replayDeadLetters(crashIds?: readonly CrashId[]): Promise<number> {
    return this.#guard('replaying dead letters', () => execute(this.#pool, replaySql, [crashIds ?? null]));
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  async #publishBatch(items: readonly { queue: QueueName; message: QueueMessage }[]): Promise<undefined[]> {
    const columns = [
      items.map(({ queue }) => queue),
      items.map(({ message }) => message.crashId),
      items.map(({ message }) => message.ruleset ?? null),
    ];
    await this.#guard('publishing', () =>
      this.#pool.query({ name: 'queue-publish', text: publishSql, values: columns }),
    );
    return items.map(() => undefined);
  }

  /** An outage while taking is not the consumer's end: it waits and tries again. */
  async #tryTake(choice: FairChoice, count: number): Promise<TakenRow[]> {
    try {
      return await this.#take(choice, count);
    } catch (error) {
      this.#logger.warning(`cannot take from the queue, trying again: ${errorText(error)}`);
      return [];
    }
  }

  /** Up to `count` messages in the order of the fair choice. */
  async #take(choice: FairChoice, count: number): Promise<TakenRow[]> {
    const rows: Record<QueueName, TakenRow[]> = { priority: [], standard: [], reprocessing: [] };
    let queues: readonly QueueName[] = queueNames;
    let missing = count;
    while (missing > 0 && queues.length > 0) {
      const quota = choice.plan(missing, queues);
      const values = [quota.priority, quota.standard, quota.reprocessing, this.#leaseMs, this.#attemptsMax];
      const query = { name: 'queue-take', text: takeSql, values };
      const taken = (await this.#pool.query<TakenRow>(query)).rows.sort((a, b) => a.id - b.id);
      for (const row of taken) rows[row.queue].push(row);
      missing -= taken.length;
      // A queue that gave less than asked is empty; its share goes to the others.
      queues = queues.filter((queue) => taken.filter((row) => row.queue === queue).length >= quota[queue]);
    }
    if (missing === count) await this.#buryExhausted();
    return inFairOrder(choice, rows, queues);
  }

  /** Crashes whose last lease ran out: their processor died with them each time. */
  async #buryExhausted(): Promise<void> {
    const reason = `the lease ran out at attempt ${this.#attemptsMax}: its processor died or hung each time`;
    const buried = await execute(this.#pool, buryExhaustedSql, [this.#attemptsMax, reason]);
    if (buried) this.#logger.error(`${buried} crashes went to the dead letters: ${reason}`);
  }

  #handle(row: TakenRow, slots: Slots): QueuedCrash {
    const token = { id: row.id, attempt: row.attempts };
    const once = settleOnce(() => slots.release());
    const settle = (doing: string, action: () => Promise<unknown>) => once(() => this.#guard(doing, action));
    const bury = (reason: string) =>
      execute(this.#pool, burySql, [token.id, token.attempt, reason.slice(0, queueLimits.reasonCharactersMax.value)]);
    return {
      ...messageOf(row),
      queue: row.queue,
      attempt: row.attempts,
      ack: () => settle('acknowledging', () => this.#acks.add(token)),
      nack: (reason) =>
        settle('giving back', () => (row.attempts >= this.#attemptsMax ? bury(reason) : this.#release(token, reason))),
      bury: (reason) => settle('burying', () => bury(reason)),
      extendLease: () => this.#extend(row),
    };
  }

  async #ackBatch(tokens: readonly LeaseToken[]): Promise<undefined[]> {
    // A lease that ran out and was taken by another is left alone: that one acks it.
    const values = [tokens.map(({ id }) => id), tokens.map(({ attempt }) => attempt)];
    const text =
      'delete from queue_messages m using unnest($1::bigint[], $2::int[]) t(id, attempts) where m.id = t.id and m.attempts = t.attempts';
    await this.#pool.query({ name: 'queue-ack', text, values });
    return tokens.map(() => undefined);
  }

  async #release(token: LeaseToken, reason: string): Promise<void> {
    const waitMs = (this.#options.retryWaitMs ?? backoffMs)(token.attempt);
    const text = reason.slice(0, queueLimits.reasonCharactersMax.value);
    await execute(this.#pool, releaseSql, [[token.id], [token.attempt], waitMs, text, 0]);
  }

  /** Taken but never handed out: the attempt does not count. */
  async #giveBack(rows: readonly TakenRow[]): Promise<void> {
    if (rows.length === 0) return;
    const values = [rows.map(({ id }) => id), rows.map(({ attempts }) => attempts), 0, null, 1];
    await execute(this.#pool, releaseSql, values).catch((error) =>
      this.#logger.warning(`${rows.length} crashes wait for the end of their lease: ${errorText(error)}`),
    );
  }

  async #extend(row: TakenRow): Promise<void> {
    const touched = await this.#guard('extending a lease', () =>
      execute(this.#pool, extendSql, [row.id, row.attempts, this.#leaseMs]),
    );
    if (touched === 0)
      throw new SalvageError(queueErrors.queue_lease_lost, `crash ${row.crash_id} is no longer leased`);
  }

  async #guard<T>(doing: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      const kind = isDatabaseOutage(cause)
        ? queueErrors.queue_outage
        : isDatabaseRefusal(cause) || isSchemaMissing(cause)
          ? queueErrors.queue_refused
          : null;
      throw kind ? new SalvageError(kind, `${doing} failed: ${errorText(cause)}`, { cause }) : cause;
    }
  }
}

/** `notEmpty`: queues that gave all they were asked for, so that they may have more. */
function inFairOrder(
  choice: FairChoice,
  rows: Record<QueueName, TakenRow[]>,
  notEmpty: readonly QueueName[],
): TakenRow[] {
  const ordered: TakenRow[] = [];
  for (;;) {
    const queue = choice.choose((one) => rows[one].length > 0);
    if (queue === null) return ordered;
    choice.record(queue, (one) => rows[one].length > 0 || notEmpty.includes(one));
    ordered.push(rows[queue].shift() as TakenRow);
  }
}

function messageOf(row: TakenRow): QueueMessage {
  return row.ruleset === null ? { crashId: row.crash_id } : { crashId: row.crash_id, ruleset: row.ruleset };
}
