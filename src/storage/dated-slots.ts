// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomInt } from 'node:crypto';
import { lstat, readdir, readlink, rmdir, stat, symlink, unlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { type CrashId, isCrashId } from '../crash/crash-id.ts';
import type { Clock } from '../lib/clock.ts';
import { makeDirectory } from '../lib/durable-files.ts';
import { errorCode, type Files } from '../lib/files.ts';
import type { ClaimedCrash } from './crash-storage.ts';
import { storageLimits } from './limits.ts';
import { dayOf, rawCrashFile, type TreeShape } from './radix-paths.ts';

export interface DatedSlotsParts extends TreeShape {
  readonly root: string;
  readonly files: Files;
  readonly clock: Clock;
  /** A claim that is neither acked nor released counts as lost after this long. */
  readonly leaseMs?: number;
}

const sliceSeconds = 4;

/**
 * The queue in Socorro's dated trees: `DAY/date/HH/MM_SS/ID` links to the directory of the crash, which links back. A
 * taken crash is not consumed but renamed to `DAY/claimed/`, so that one whose mover died comes again.
 */
export class DatedSlots {
  readonly #parts: DatedSlotsParts;

  constructor(parts: DatedSlotsParts) {
    this.#parts = parts;
  }

  /** Puts a saved crash durably into the current slot; one that already waits stays where it is. */
  async announce(crashId: CrashId, place: string): Promise<void> {
    const { root, files } = this.#parts;
    const back = this.#backLink(crashId, place);
    const slot = join(root, dayOf(this.#parts, crashId), 'date', ...this.#currentSlot());
    try {
      // First the way back, as a re-save of a waiting crash fails here and leaves no second link.
      await symlink(relative(dirname(back), slot), back);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return;
      throw error;
    }
    // A walker may remove the slot between the two steps: make it until the link is there.
    for (;;) {
      await makeDirectory(files, slot);
      try {
        await symlink(relative(slot, join(root, place)), join(slot, crashId)).catch(ignoring('EEXIST'));
        // The way back first, as above: a slot's link without it is one that can be claimed.
        await files.syncDirectory(dirname(back));
        return await files.syncDirectory(slot);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
        // Claimed already, its slot removed.
        if (!(await lstat(back).catch(() => null))) return;
      }
    }
  }

  /** Takes a crash that is deleted out of its slot: with the way back left, its id could never be announced again. */
  async forget(crashId: CrashId, place: string): Promise<void> {
    const back = this.#backLink(crashId, place);
    try {
      const slot = resolve(dirname(back), await readlink(back));
      if (!relative(this.#parts.root, slot).startsWith('..'))
        await unlink(join(slot, crashId)).catch(ignoring('ENOENT', 'ENOTDIR'));
      await unlink(back);
    } catch (error) {
      ignoring('ENOENT', 'ENOTDIR', 'EINVAL')(error);
    }
  }

  /** Crashes that wait in finished slots, oldest slot first, and those whose lease ran out; ends when there are no more. */
  async *claim(): AsyncGenerator<ClaimedCrash> {
    for (const day of await this.#days()) {
      yield* this.#reclaim(day);
      const dates = join(this.#parts.root, day, 'date');
      for (const hour of await names(dates)) {
        for (const slot of await names(join(dates, hour))) {
          if (this.#isCurrent(hour, slot)) continue;
          yield* this.#claimSlot(day, join(dates, hour, slot));
          await removeEmpty(join(dates, hour, slot));
        }
        if (!this.#isCurrent(hour)) await removeEmpty(join(dates, hour));
      }
    }
  }

  async *#claimSlot(day: string, slot: string): AsyncGenerator<ClaimedCrash> {
    for (const name of await names(slot)) {
      const path = join(slot, name);
      const status = await lstat(path).catch(() => null);
      // A directory in a slot is that of one web head of the layout of 2009.
      if (status?.isDirectory()) {
        yield* this.#claimSlot(day, path);
        await removeEmpty(path);
      } else if (status?.isSymbolicLink() && isCrashId(name)) {
        const claimed = await this.#take(day, path, name);
        if (claimed) yield claimed;
      }
    }
  }

  async *#reclaim(day: string): AsyncGenerator<ClaimedCrash> {
    const claims = join(this.#parts.root, day, 'claimed');
    const oldest = this.#parts.clock.now().getTime() - (this.#parts.leaseMs ?? storageLimits.slotLeaseMs.value);
    for (const name of await names(claims)) {
      const crashId = name.slice(-36);
      if (!isCrashId(crashId) || Number(name.slice(0, -37)) > oldest) continue;
      const claimed = await this.#take(day, join(claims, name), crashId);
      if (claimed) yield claimed;
    }
  }

  /** Null when another process was quicker, or the link leads nowhere. */
  async #take(day: string, link: string, crashId: CrashId): Promise<ClaimedCrash | null> {
    const { root, files, clock } = this.#parts;
    const claims = join(root, day, 'claimed');
    // Two who take the same crash in one millisecond must not take each other's claim for theirs.
    const claim = join(claims, `${clock.now().getTime()}.${randomInt(1e9)}-${crashId}`);
    try {
      const data = resolve(dirname(link), await readlink(link));
      const place = relative(root, data);
      await stat(join(data, rawCrashFile(crashId)));
      if (place.startsWith('..')) return null;
      await makeDirectory(files, claims);
      // The claim is there, durably, before the slot's link goes; whoever removes that link has won.
      await symlink(relative(claims, data), claim);
      await files.syncDirectory(claims);
      if (!(await unlinkIfThere(link))) {
        await unlink(claim);
        return null;
      }
      await unlinkIfThere(this.#backLink(crashId, place));
      return {
        crashId,
        ack: async () => void (await unlinkIfThere(claim)),
        release: async () => {
          await this.announce(crashId, place);
          await unlinkIfThere(claim);
        },
      };
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      // Either somebody else has it, or its data is gone and the link would be met for ever.
      await unlinkIfThere(link);
      return null;
    }
  }

  #backLink(crashId: CrashId, place: string): string {
    return join(this.#parts.root, place, this.#parts.family === 'radix' ? 'date_root' : crashId);
  }

  #currentSlot(): [string, string] {
    const now = this.#parts.clock.now();
    const two = (value: number) => String(value).padStart(2, '0');
    const slice = Math.floor(now.getUTCSeconds() / sliceSeconds);
    return [two(now.getUTCHours()), `${two(now.getUTCMinutes())}_${two(slice)}`];
  }

  /** The slot of this very moment may still be written to, in whatever day directory. */
  #isCurrent(hour: string, slot?: string): boolean {
    const [currentHour, currentSlot] = this.#currentSlot();
    return hour === currentHour && (slot === undefined || slot === currentSlot);
  }

  async #days(): Promise<string[]> {
    return (await names(this.#parts.root)).filter((name) => /^(\d{8}|\d{2})$/.test(name));
  }
}

function ignoring(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(errorCode(error) ?? '')) throw error;
  };
}

async function unlinkIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    ignoring('ENOENT')(error);
    return false;
  }
}

async function names(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

async function removeEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch((error) => {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
  });
}
