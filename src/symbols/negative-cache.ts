// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { removeIfPossible } from './compile-lock.ts';
import { symbolLimits } from './limits.ts';
import type { SupplierAnswer } from './symbol-supplier.ts';

type Failure = Exclude<SupplierAnswer, { kind: 'found' }>;

interface Row {
  readonly failure: Failure;
  readonly untilMs: number;
  /** Failures in a row of a kind that passes, for the doubling of the pause. */
  readonly failures: number;
}

/** How long each kind of answer is believed (symbols.md §6.3). */
export interface NegativeTimes {
  readonly notFoundMs: number;
  readonly deniedMs: number;
  readonly malformedMs: number;
  /** Doubles at each failure in a row, up to ten minutes: an outage is asked again soon. */
  readonly unreachableMs: number;
}

export const negativeTimes: NegativeTimes = {
  notFoundMs: 24 * 3_600_000,
  deniedMs: 600_000,
  malformedMs: 24 * 3_600_000,
  unreachableMs: 30_000,
};

const unreachableMsMax = 600_000;
const detailCharactersMax = 1024;

/**
 * Remembers that a source could not give a key, until a time. One small file per key, so that all processes and the next
 * start know it; a file that cannot be written or read only costs another request.
 */
export class NegativeCache {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #times: NegativeTimes;
  readonly #rows = new Map<string, Row>();

  constructor(directory: string, clock: Clock, times: NegativeTimes = negativeTimes) {
    this.#directory = directory;
    this.#clock = clock;
    this.#times = times;
  }

  /** The remembered answer, or null if there is none or its time is over. */
  get(key: string): Failure | null {
    const row = this.#row(key);
    return row !== null && this.#clock.now().getTime() < row.untilMs ? row.failure : null;
  }

  remember(key: string, failure: Failure): void {
    const failures = failure.kind === 'unreachable' ? (this.#row(key)?.failures ?? 0) + 1 : 0;
    const shortened =
      failure.kind === 'not_found' ? failure : { ...failure, detail: failure.detail.slice(0, detailCharactersMax) };
    const row = {
      failure: shortened,
      untilMs: this.#clock.now().getTime() + this.#believedMs(failure, failures),
      failures,
    };
    this.#keep(key, row);
    try {
      fs.mkdirSync(this.#directory, { recursive: true });
      const temporary = `${this.#file(key)}.${process.pid}.tmp`;
      fs.writeFileSync(temporary, JSON.stringify({ key, ...row }));
      fs.renameSync(temporary, this.#file(key));
    } catch {
      // A full or read-only disk: memory alone remembers.
    }
  }

  forget(key: string): void {
    this.#rows.delete(key);
    removeIfPossible(this.#file(key));
  }

  #believedMs(failure: Failure, failures: number): number {
    if (failure.kind === 'not_found') return this.#times.notFoundMs;
    if (failure.kind === 'denied') return this.#times.deniedMs;
    if (failure.kind === 'unreachable')
      return Math.min(this.#times.unreachableMs * 2 ** Math.min(failures - 1, 10), unreachableMsMax);
    return this.#times.malformedMs;
  }

  #row(key: string): Row | null {
    const known = this.#rows.get(key);
    if (known && this.#clock.now().getTime() < known.untilMs) return known;
    const row = readRow(this.#file(key)) ?? known ?? null;
    if (row) this.#keep(key, row);
    return row;
  }

  #keep(key: string, row: Row): void {
    this.#rows.delete(key);
    this.#rows.set(key, row);
    if (this.#rows.size > symbolLimits.negativeEntriesMax.value)
      this.#rows.delete(this.#rows.keys().next().value as string);
  }

  #file(key: string): string {
    return path.join(this.#directory, `${createHash('sha256').update(key).digest('hex').slice(0, 40)}.json`);
  }
}

function readRow(file: string): Row | null {
  try {
    const { failure, untilMs, failures } = JSON.parse(fs.readFileSync(file, 'utf8'));
    const isRow = typeof failure?.kind === 'string' && typeof untilMs === 'number' && typeof failures === 'number';
    return isRow ? { failure, untilMs, failures } : null;
  } catch {
    return null;
  }
}
