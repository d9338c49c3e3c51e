// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { type CrashId, isCrashId } from '../crash/crash-id.ts';
import type { Clock } from '../lib/clock.ts';
import { makeDirectory, readWholeFile, replaceFile } from '../lib/durable-files.ts';
import { errorCode, type Files } from '../lib/files.ts';
import type { Debt, OutboxAdmin } from './outbox.ts';

interface StoredDebt extends Debt {
  readonly owedSince: Date;
  readonly dueAt: Date;
}

export interface FileOutboxParts {
  /** Made when missing; one directory a kind of debt. */
  readonly directory: string;
  readonly files: Files;
  readonly clock: Clock;
}

const debtBytesMax = 64 * 1024;
const reasonCharactersMax = 2_000;

/** One synced file a debt, `<crash id>.<destination>.json`: for machines without a database, and while it is away. */
export class FileOutbox implements OutboxAdmin {
  readonly #parts: FileOutboxParts;
  #isMade = false;

  constructor(parts: FileOutboxParts) {
    this.#parts = parts;
  }

  async owe(destination: string, crashId: CrashId, reason: string): Promise<void> {
    const now = this.#parts.clock.now();
    const known = await this.#read(this.#pathOf(destination, crashId));
    await this.#write({
      destination,
      crashId,
      reason,
      attempts: known?.attempts ?? 1,
      owedSince: known?.owedSince ?? now,
      dueAt: now,
    });
  }

  async due(now: Date, limit: number, destinations: readonly string[]): Promise<readonly Debt[]> {
    const due = (await this.#all()).filter(
      ({ dueAt, destination }) => dueAt <= now && destinations.includes(destination),
    );
    return due.sort((one, other) => one.dueAt.getTime() - other.dueAt.getTime()).slice(0, limit);
  }

  async settle(destination: string, crashId: CrashId): Promise<void> {
    await this.#remove(this.#pathOf(destination, crashId));
  }

  async postpone(debt: Debt, reason: string, dueAt: Date): Promise<void> {
    const known = await this.#read(this.#pathOf(debt.destination, debt.crashId));
    if (known) await this.#write({ ...known, reason, attempts: known.attempts + 1, dueAt });
  }

  async counts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { destination } of await this.#all()) counts.set(destination, (counts.get(destination) ?? 0) + 1);
    return counts;
  }

  async list(limit: number): Promise<readonly StoredDebt[]> {
    const all = await this.#all();
    return all.sort((one, other) => one.owedSince.getTime() - other.owedSince.getTime()).slice(0, limit);
  }

  async retryNow(destination?: string): Promise<number> {
    const dueAt = this.#parts.clock.now();
    const some = (await this.#all()).filter((debt) => destination === undefined || debt.destination === destination);
    for (const debt of some) await this.#write({ ...debt, dueAt });
    return some.length;
  }

  async drop(destination: string, crashId?: CrashId): Promise<number> {
    const some = (await this.#all()).filter(
      (debt) => debt.destination === destination && (crashId === undefined || debt.crashId === crashId),
    );
    for (const debt of some) await this.settle(debt.destination, debt.crashId);
    return some.length;
  }

  #pathOf(destination: string, crashId: CrashId): string {
    if (!isCrashId(crashId)) throw new Error(`not a crash id: ${JSON.stringify(crashId)}`);
    return join(this.#parts.directory, `${crashId}.${encodeURIComponent(destination).replaceAll('.', '%2E')}.json`);
  }

  async #write(debt: StoredDebt): Promise<void> {
    if (!this.#isMade) await makeDirectory(this.#parts.files, this.#parts.directory);
    this.#isMade = true;
    const reason = debt.reason.slice(0, reasonCharactersMax);
    const bytes = Buffer.from(JSON.stringify({ ...debt, reason }));
    await replaceFile(this.#parts.files, this.#pathOf(debt.destination, debt.crashId), bytes);
  }

  async #read(path: string): Promise<StoredDebt | null> {
    try {
      const debt = JSON.parse((await readWholeFile(this.#parts.files, path, debtBytesMax)).toString('utf8'));
      return { ...debt, owedSince: new Date(debt.owedSince), dueAt: new Date(debt.dueAt) };
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  async #all(): Promise<StoredDebt[]> {
    const { files, directory } = this.#parts;
    const names = (await files.stat(directory)) ? await files.list(directory) : [];
    const debts: StoredDebt[] = [];
    for (const name of names) {
      const debt = name.endsWith('.json') ? await this.#read(join(directory, name)) : null;
      if (debt) debts.push(debt);
    }
    return debts;
  }

  async #remove(path: string): Promise<void> {
    try {
      await this.#parts.files.unlink(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
}
