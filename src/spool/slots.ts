// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { makeDirectory, readWholeFile } from '../lib/durable-files.ts';
import { SalvageError } from '../lib/errors.ts';
import { errorCode, type Files } from '../lib/files.ts';
import { isJsonObject } from '../lib/json.ts';
import { spoolErrors } from './errors.ts';
import { spoolLimits } from './limits.ts';

/** A numbered directory that this process owns as long as its `lock` file says so. */
export interface Slot {
  readonly number: number;
  readonly path: string;
  /** Says that the owner is alive, for processes that cannot see it (other hosts, other containers). */
  touch(): Promise<void>;
  unlock(): Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Tells a process from a later one with the same pid: boot and start time where the system tells them. */
  readonly birth: string;
  readonly token: string;
}

/** Takes the smallest numbered directory under `directory` that no live process owns. */
export async function claimSlot(files: Files, clock: Clock, directory: string): Promise<Slot> {
  await makeDirectory(files, directory);
  for (let number = 0; number < spoolLimits.slotsMax.value; number++) {
    const slot = await tryLock(files, clock, directory, number);
    if (slot) return slot;
  }
  throw new SalvageError(spoolErrors.spool_locked, `every numbered directory in ${directory} is owned`);
}

/** Numbers of the slots that are there, in order. */
export async function listSlots(files: Files, directory: string): Promise<number[]> {
  if (!(await files.stat(directory))) return [];
  const names = await files.list(directory);
  return names
    .filter((name) => /^\d{1,3}$/.test(name))
    .map(Number)
    .sort((left, right) => left - right);
}

/** The slot of that number, or null when a live process owns it. */
export async function tryLock(files: Files, clock: Clock, directory: string, number: number): Promise<Slot | null> {
  const path = join(directory, String(number));
  const lockPath = join(path, 'lock');
  await makeDirectory(files, path);
  const owner: Owner = { pid: process.pid, host: hostname(), birth: await birthOf(process.pid), token: randomUUID() };
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = await files.open(lockPath, 'create');
      await file.writev([Buffer.from(JSON.stringify(owner))], 0);
      await file.close();
      return makeSlot(files, clock, number, path, lockPath);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    if (!(await takeAwayStale(files, clock, lockPath))) return null;
  }
  return null;
}

function makeSlot(files: Files, clock: Clock, number: number, path: string, lockPath: string): Slot {
  return {
    number,
    path,
    touch: () => files.touch(lockPath, clock.now()),
    unlock: () => files.unlink(lockPath),
  };
}

/**
 * Removes the lock of a dead owner. It is renamed first and read again under its new name: of two processes that both
 * saw the dead one, the slower may have caught the quicker one's fresh lock, and puts it back.
 */
async function takeAwayStale(files: Files, clock: Clock, lockPath: string): Promise<boolean> {
  const seen = await readOwner(files, lockPath);
  if (seen !== 'gone' && (await isAlive(files, clock, lockPath, seen))) return false;
  const aside = `${lockPath}.${randomUUID()}`;
  try {
    await files.rename(lockPath, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    throw error;
  }
  const taken = await readOwner(files, aside);
  const isSame = JSON.stringify(taken) === JSON.stringify(seen);
  if (isSame || (await files.stat(lockPath))) await files.unlink(aside);
  else await files.rename(aside, lockPath);
  return isSame;
}

async function readOwner(files: Files, path: string): Promise<Owner | 'unreadable' | 'gone'> {
  try {
    const value: unknown = JSON.parse((await readWholeFile(files, path, 4096)).toString('utf8'));
    if (!isJsonObject(value)) return 'unreadable';
    const { pid, host, birth, token } = value;
    return typeof pid === 'number'
      ? { pid, host: String(host), birth: String(birth), token: String(token) }
      : 'unreadable';
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'gone' : 'unreadable';
  }
}

/** An owner on this host is asked by pid and birth; one elsewhere, or unreadable, counts by the age of its last touch. */
async function isAlive(files: Files, clock: Clock, lockPath: string, owner: Owner | 'unreadable'): Promise<boolean> {
  if (owner !== 'unreadable' && owner.host === hostname()) {
    const birth = await birthOf(owner.pid);
    return birth !== '' && birth === owner.birth;
  }
  const status = await files.stat(lockPath);
  const ageMs = status ? clock.now().getTime() - status.modifiedMs : Number.POSITIVE_INFINITY;
  // A lock is empty for the instant between its creation and its first write.
  return ageMs < (owner === 'unreadable' ? 2000 : spoolLimits.lockAgeMaxMs.value);
}

/** Empty when there is no such process. */
async function birthOf(pid: number): Promise<string> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return '';
  }
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const status = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The 22nd field; the second one, in brackets, may hold spaces.
    const startTicks = status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot} ${startTicks}`;
  } catch {
    return 'alive';
  }
}
