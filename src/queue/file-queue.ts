// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isCrashId } from '../crash/crash-id.ts';
import { DirectorySyncs, makeDirectory, readWholeFile, writeSyncedFile } from '../lib/durable-files.ts';
import { SalvageError } from '../lib/errors.ts';
import { errorCode, type Files } from '../lib/files.ts';
import { isJsonObject } from '../lib/json.ts';
import {
  type CrashQueue,
  type DeadLetter,
  type QueueDepth,
  type QueueMessage,
  type QueueName,
  queueNames,
} from './crash-queue.ts';
import { queueErrors } from './errors.ts';
import { type Lease, LeasedQueue, type LeasedQueueOptions, type MessageStore } from './leased-queue.ts';
import { formatMessageBody } from './message-body.ts';

export interface FileQueueOptions extends LeasedQueueOptions {
  /** Made when missing. Several processes of one machine may use it. */
  readonly directory: string;
  readonly files: Files;
}

/**
 * A queue in a directory, for machines without a database: one synced file an id. What a message is stands in its file
 * name, so that taking, extending and giving back are one rename each:
 *
 *     standard/waiting/<due ms>-<random>.<attempts>.<crash id>[.<rule set>]      (priority, reprocessing likewise)
 *     standard/leased/<deadline ms>-<random>.<attempts>.<crash id>[.<rule set>]
 *     dead/<died ms>-<random>.<attempts>.<crash id>[.<rule set>]                 (JSON: queue and reason)
 */
export class FileQueue extends LeasedQueue {
  readonly #store: FileMessageStore;

  constructor(options: FileQueueOptions) {
    const store = new FileMessageStore(options.files, options.directory);
    super('file', store, options);
    this.#store = store;
  }

  /** Publishes everything that waits, or was leased when its owner died, to another queue. Call it while nobody consumes. */
  async moveTo(target: CrashQueue): Promise<number> {
    let count = 0;
    for (const queue of queueNames) {
      for (const { message, path } of await this.#store.everything(queue)) {
        await target.publish(queue, message);
        await this.#store.forget(path);
        count += 1;
      }
    }
    return count;
  }
}

interface FileMessage {
  readonly name: string;
  readonly atMs: number;
  readonly attempts: number;
  readonly message: QueueMessage;
}

/** Names kept of one reading of a directory; the rest is read when these are used up. */
const namesMax = 10_000;
const letterBytesMax = 64 * 1024;

class FileMessageStore implements MessageStore {
  readonly #files: Files;
  readonly #directory: string;
  readonly #syncs: DirectorySyncs;
  readonly #waiting = new Map<QueueName, string[]>();
  #made: Promise<void> | null = null;

  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#directory = directory;
    this.#syncs = new DirectorySyncs(files);
  }

  async check(): Promise<void> {
    await this.#make();
    const path = join(this.#directory, `check-${randomBytes(8).toString('hex')}`);
    await writeSyncedFile(this.#files, path, [Buffer.from('test')]);
    await this.#files.unlink(path);
  }

  async add(queue: QueueName, message: QueueMessage, nowMs: number): Promise<void> {
    await this.#make();
    const directory = this.#path(queue, 'waiting');
    await writeSyncedFile(this.#files, join(directory, nameOf(message, nowMs, 0)), [
      Buffer.from(`${formatMessageBody(message)}\n`),
    ]);
    await this.#syncs.sync(directory);
    this.#waiting.delete(queue);
  }

  async hasDue(queue: QueueName, nowMs: number): Promise<boolean> {
    const first = (await this.#waitingNames(queue))[0];
    return first !== undefined && timeOf(first) <= nowMs;
  }

  async take(queue: QueueName, nowMs: number, deadlineMs: number): Promise<Lease | null> {
    const names = await this.#waitingNames(queue);
    for (let name = names[0]; name !== undefined && timeOf(name) <= nowMs; name = names[0]) {
      names.shift();
      const found = parseName(name);
      if (!found) continue;
      const attempt = found.attempts + 1;
      const token = nameOf(found.message, deadlineMs, attempt);
      if (await this.#rename(join(this.#path(queue, 'waiting'), name), join(this.#path(queue, 'leased'), token)))
        return { queue, message: found.message, attempt, token };
    }
    this.#waiting.delete(queue);
    return null;
  }

  drop(lease: Lease): Promise<boolean> {
    return this.#unlink(this.#leasedPath(lease));
  }

  async putBack(lease: Lease, dueMs: number): Promise<boolean> {
    const name = nameOf(lease.message, dueMs, lease.attempt);
    this.#waiting.delete(lease.queue);
    return this.#rename(this.#leasedPath(lease), join(this.#path(lease.queue, 'waiting'), name));
  }

  async extend(lease: Lease, deadlineMs: number): Promise<Lease | null> {
    const token = nameOf(lease.message, deadlineMs, lease.attempt);
    const isHeld = await this.#rename(this.#leasedPath(lease), join(this.#path(lease.queue, 'leased'), token));
    return isHeld ? { ...lease, token } : null;
  }

  async expired(nowMs: number): Promise<readonly Lease[]> {
    const leases: Lease[] = [];
    for (const queue of queueNames) {
      for (const found of await this.#messages(queue, 'leased')) {
        if (found.atMs <= nowMs)
          leases.push({ queue, message: found.message, attempt: found.attempts, token: found.name });
      }
    }
    return leases;
  }

  async addDead(lease: Lease, reason: string, diedAt: Date): Promise<void> {
    const directory = join(this.#directory, 'dead');
    const name = nameOf(lease.message, diedAt.getTime(), lease.attempt);
    const letter = JSON.stringify({ queue: lease.queue, reason });
    await writeSyncedFile(this.#files, join(directory, name), [Buffer.from(letter)]);
    await this.#syncs.sync(directory);
  }

  async dead(limit: number): Promise<readonly (DeadLetter & { readonly token: string })[]> {
    await this.#make();
    const letters: (DeadLetter & { readonly token: string })[] = [];
    for (const name of await this.#files.list(join(this.#directory, 'dead'))) {
      const found = parseName(name);
      if (!found || letters.length >= limit) continue;
      const { queue, reason } = await this.#readLetter(name);
      const diedAt = new Date(found.atMs);
      letters.push({ ...found.message, queue, reason, attempts: found.attempts, diedAt, token: name });
    }
    return letters;
  }

  async dropDead(token: string): Promise<void> {
    await this.#unlink(join(this.#directory, 'dead', token));
  }

  async held(): Promise<readonly QueueMessage[]> {
    const lists = await Promise.all(queueNames.map((queue) => this.everything(queue)));
    return lists.flat().map(({ message }) => message);
  }

  async depths(nowMs: number): Promise<readonly QueueDepth[]> {
    const depths: QueueDepth[] = [];
    for (const queue of queueNames) {
      const waiting = await this.#messages(queue, 'waiting');
      const leased = await this.#messages(queue, 'leased');
      const oldest = waiting[0];
      const oldestAgeS = oldest ? Math.max(0, (nowMs - oldest.atMs) / 1000) : null;
      depths.push({ queue, waiting: waiting.length, leased: leased.length, oldestAgeS });
    }
    return depths;
  }

  failure(error: unknown, doing: string): unknown {
    const code = errorCode(error);
    if (code === undefined) return error;
    const isLasting = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ELOOP'].includes(code);
    const kind = isLasting ? queueErrors.queue_refused : queueErrors.queue_outage;
    return new SalvageError(kind, `${doing} in ${this.#directory} failed: ${(error as Error).message}`, {
      cause: error,
    });
  }

  async everything(queue: QueueName): Promise<{ message: QueueMessage; path: string }[]> {
    const found: { message: QueueMessage; path: string }[] = [];
    for (const state of ['leased', 'waiting'] as const) {
      for (const { message, name } of await this.#messages(queue, state))
        found.push({ message, path: join(this.#path(queue, state), name) });
    }
    return found;
  }

  async forget(path: string): Promise<void> {
    await this.#unlink(path);
  }

  #path(queue: QueueName, state: 'waiting' | 'leased'): string {
    return join(this.#directory, queue, state);
  }

  #leasedPath(lease: Lease): string {
    return join(this.#path(lease.queue, 'leased'), lease.token);
  }

  #make(): Promise<void> {
    this.#made ??= this.#makeDirectories().catch((error: unknown) => {
      this.#made = null;
      throw error;
    });
    return this.#made;
  }

  async #makeDirectories(): Promise<void> {
    for (const queue of queueNames) {
      await makeDirectory(this.#files, this.#path(queue, 'waiting'));
      await makeDirectory(this.#files, this.#path(queue, 'leased'));
    }
    await makeDirectory(this.#files, join(this.#directory, 'dead'));
  }

  async #messages(queue: QueueName, state: 'waiting' | 'leased'): Promise<FileMessage[]> {
    await this.#make();
    const names = await this.#files.list(this.#path(queue, state));
    return names.map(parseName).filter((found) => found !== null);
  }

  async #waitingNames(queue: QueueName): Promise<string[]> {
    const known = this.#waiting.get(queue);
    if (known && known.length > 0) return known;
    await this.#make();
    const names = (await this.#files.list(this.#path(queue, 'waiting'))).filter((name) => parseName(name));
    const kept = names.slice(0, namesMax);
    this.#waiting.set(queue, kept);
    return kept;
  }

  async #readLetter(name: string): Promise<{ queue: QueueName; reason: string }> {
    const bytes = await readWholeFile(this.#files, join(this.#directory, 'dead', name), letterBytesMax);
    try {
      const letter: unknown = JSON.parse(bytes.toString('utf8'));
      const queue = isJsonObject(letter) ? queueNames.find((one) => one === letter['queue']) : undefined;
      return { queue: queue ?? 'standard', reason: isJsonObject(letter) ? String(letter['reason']) : '' };
    } catch {
      return { queue: 'standard', reason: 'the reason is not readable' };
    }
  }

  /** False when another process was quicker. */
  async #rename(from: string, to: string): Promise<boolean> {
    try {
      await this.#files.rename(from, to);
      return true;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #unlink(path: string): Promise<boolean> {
    try {
      await this.#files.unlink(path);
      return true;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }
}

function nameOf(message: QueueMessage, atMs: number, attempts: number): string {
  const time = String(Math.round(atMs)).padStart(13, '0');
  const ruleset = message.ruleset === undefined ? '' : `.${message.ruleset}`;
  return `${time}-${randomBytes(8).toString('hex')}.${attempts}.${message.crashId}${ruleset}`;
}

function timeOf(name: string): number {
  return Number(name.slice(0, name.indexOf('-')));
}

function parseName(name: string): FileMessage | null {
  const match = /^(\d{13,15})-[0-9a-f]{16}\.(\d{1,9})\.([0-9a-f-]{36})(?:\.(.+))?$/.exec(name);
  const crashId = match?.[3] ?? '';
  if (!match || !isCrashId(crashId)) return null;
  const message: QueueMessage = match[4] === undefined ? { crashId } : { crashId, ruleset: match[4] };
  return { name, atMs: Number(match[1]), attempts: Number(match[2]), message };
}
