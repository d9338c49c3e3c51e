// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { lstat, mkdir, readdir, readlink, rmdir, stat, symlink, unlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { type CrashId, isCrashId } from '../crash/crash-id.ts';
import type { Clock } from '../lib/clock.ts';
import { errorCode } from '../lib/files.ts';
import { storageLimits } from './limits.ts';
import { dayOf, rawCrashFile, type TreeShape } from './radix-paths.ts';

export interface DatedSlotsParts extends TreeShape {
  readonly root: string;
  readonly clock: Clock;
  /** A claim that is neither acked nor released counts as lost after this long. */
  readonly leaseMs?: number;
}

/** A crash taken from its slot. Until `ack` it survives the death of whoever took it. */
export interface ClaimedCrash {
  readonly crashId: CrashId;
  /** Its work is done: the links go. */
  ack(): Promise<void>;
  /** Back into a slot. */
  release(): Promise<void>;
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

  /** Puts a saved crash into the current slot; one that already waits stays where it is. */
  async announce(crashId: CrashId, place: string): Promise<void> {
    const { root } = this.#parts;
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
      await mkdir(slot, { recursive: true });
      try {
        return await symlink(relative(slot, join(root, place)), join(slot, crashId));
      } catch (error) {
        if (errorCode(error) === 'EEXIST') return;
        if (errorCode(error) !== 'ENOENT') throw error;
      }
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
    const { root, clock } = this.#parts;
    const claims = join(root, day, 'claimed');
    const claim = join(claims, `${clock.now().getTime()}-${crashId}`);
    try {
      const data = resolve(dirname(link), await readlink(link));
      const place = relative(root, data);
      await stat(join(data, rawCrashFile(crashId)));
      if (place.startsWith('..')) return null;
      await mkdir(claims, { recursive: true });
      // The claim is there before the slot's link goes; whoever removes that link has won.
      await symlink(relative(claims, data), claim).catch(ignoring('EEXIST'));
      await unlink(link);
      await unlink(this.#backLink(crashId, place)).catch(ignoring('ENOENT'));
      return {
        crashId,
        ack: () => unlink(claim).catch(ignoring('ENOENT')),
        release: async () => {
          await this.announce(crashId, place);
          await unlink(claim).catch(ignoring('ENOENT'));
        },
      };
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      // Either somebody else has it, or its data is gone and the link would be met for ever.
      await unlink(link).catch(ignoring('ENOENT'));
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

function ignoring(code: string): (error: unknown) => void {
  return (error) => {
    if (errorCode(error) !== code) throw error;
  };
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
