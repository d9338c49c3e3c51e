// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';

/** A crash that a destination still lacks. */
export interface Debt {
  readonly destination: string;
  readonly crashId: CrashId;
  /** Why the last try failed. */
  readonly reason: string;
  /** Tries so far. */
  readonly attempts: number;
}

/**
 * Remembers durably which destination lacks which crash. One debt a destination and crash: owing twice is owing once.
 * An outbox holds one kind of debt (raw or processed crashes).
 */
export interface Outbox {
  /** Durable when the promise resolves. */
  owe(destination: string, crashId: CrashId, reason: string): Promise<void>;
  /**
   * Debts to these destinations whose next try is due, oldest first. Those to others, which another process pays or
   * nobody any more, must not stand in their way.
   */
  due(now: Date, limit: number, destinations: readonly string[]): Promise<readonly Debt[]>;
  /** The destination has the crash now, or nobody waits for it any more. */
  settle(destination: string, crashId: CrashId): Promise<void>;
  /** A try failed: the next is due at `dueAt`. */
  postpone(debt: Debt, reason: string, dueAt: Date): Promise<void>;
  /** Debts by destination. */
  counts(): Promise<ReadonlyMap<string, number>>;
}

/** What `salvage outbox` needs beside. */
export interface OutboxAdmin extends Outbox {
  /** Debts, due or not, oldest first. */
  list(limit: number): Promise<readonly (Debt & { readonly owedSince: Date; readonly dueAt: Date })[]>;
  /** Makes debts due now: all, or those of one destination. Returns how many. */
  retryNow(destination?: string): Promise<number>;
  /** Forgets debts: of one destination, or of one crash there. Returns how many. */
  drop(destination: string, crashId?: CrashId): Promise<number>;
}
