// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { writeSyncedFile } from '../lib/durable-files.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import type { Files } from '../lib/files.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { spoolErrors } from './errors.ts';
import { isSegmentName } from './segment.ts';
import { claimSlot, listSlots, type Slot, tryLock } from './slots.ts';
import { SpoolDirectory } from './spool-directory.ts';

export interface RootsParts {
  readonly directory: string;
  readonly fallbackDirectory?: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** One place for numbered directories: the one that this process owns and writes, and those it adopted. */
interface Root {
  readonly path: string;
  own: { readonly slot: Slot; readonly directory: SpoolDirectory } | null;
  readonly adopted: Map<number, { readonly slot: Slot; readonly directory: SpoolDirectory }>;
  /** Slots without an owner at the last look; adopted at the second, so that a restarting sibling comes first. */
  orphans: Set<number>;
  freeBytes: number;
}

/** The spool's places on disk, the first choice and the fallback: opening, locks, adoption and free space. */
export class SpoolRoots {
  readonly #parts: RootsParts;
  readonly #onNews: () => void;
  readonly #roots: Root[];

  constructor(parts: RootsParts, onNews: () => void) {
    this.#parts = parts;
    this.#onNews = onNews;
    const paths = [parts.directory, ...(parts.fallbackDirectory ? [parts.fallbackDirectory] : [])];
    this.#roots = paths.map((path) => ({
      path,
      own: null,
      adopted: new Map(),
      orphans: new Set(),
      freeBytes: Infinity,
    }));
  }

  get primary(): SpoolDirectory | undefined {
    return this.#roots[0]?.own?.directory;
  }

  /** Opens both; one of them must work. Returns the one that keeps the table of known reports. */
  async open(): Promise<SpoolDirectory> {
    let failure: unknown;
    for (const root of this.#roots) {
      try {
        await this.#openRoot(root);
        root.orphans = new Set(await this.#findOrphans(root));
      } catch (error) {
        failure ??= error;
        this.#parts.logger.error(`spool: ${root.path} cannot be used: ${errorText(error)}`, { error });
      }
    }
    const first = this.#roots.find((root) => root.own)?.own?.directory;
    if (!first) throw new SalvageError(spoolErrors.spool_failed, errorText(failure), { cause: failure });
    await this.measure();
    return first;
  }

  all(): SpoolDirectory[] {
    return this.#roots.flatMap((root) => [
      ...(root.own ? [root.own.directory] : []),
      ...[...root.adopted.values()].map(({ directory }) => directory),
    ]);
  }

  /** Those with something to read, the oldest first. */
  byAge(): SpoolDirectory[] {
    return this.all()
      .map((directory) => ({ directory, createdMs: directory.nextCreatedMs }))
      .sort((left, right) => left.createdMs - right.createdMs)
      .map(({ directory }) => directory);
  }

  /** Directories for a new report: healthy ones in order, then those that failed a moment ago. */
  writable(): SpoolDirectory[] {
    const own = this.#roots.flatMap((root) => (root.own ? [root.own.directory] : []));
    const nowMs = this.#parts.clock.monotonicMs();
    return own.toSorted((left, right) => Number(left.sickUntilMs > nowMs) - Number(right.sickUntilMs > nowMs));
  }

  /** True if some directory is well and has that much free space. */
  canTake(neededBytes: number): boolean {
    const nowMs = this.#parts.clock.monotonicMs();
    return this.#roots.some(
      (root) => root.own && root.own.directory.sickUntilMs <= nowMs && root.freeBytes >= neededBytes,
    );
  }

  async measure(): Promise<void> {
    for (const root of this.#roots) {
      if (root.own) root.freeBytes = await this.#parts.files.freeBytes(root.own.directory.path).catch(() => 0);
    }
  }

  /** Really writes and syncs in the first directory that works; throws what the last one threw. */
  async check(): Promise<void> {
    let failure: unknown = new Error('no spool directory is open');
    for (const { own } of this.#roots) {
      if (!own) continue;
      const path = join(own.directory.path, 'staging', 'check');
      try {
        await this.#parts.files.unlink(path).catch(() => {});
        await writeSyncedFile(this.#parts.files, path, [Buffer.from('test')]);
        await this.#parts.files.unlink(path);
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** Keeps locks fresh, opens a root that could not be opened before, adopts what nobody owns, lets go what is empty. */
  async lookAround(): Promise<void> {
    for (const root of this.#roots) {
      await this.#letGo(root);
      for (const { slot } of [...(root.own ? [root.own] : []), ...root.adopted.values()])
        await slot.touch().catch(() => {});
      if (!root.own) await this.#openRoot(root).catch(() => {});
      const orphans = await this.#findOrphans(root).catch(() => []);
      for (const number of orphans.filter((each) => root.orphans.has(each))) await this.#adopt(root, number);
      root.orphans = new Set(orphans);
    }
  }

  async close(): Promise<void> {
    for (const root of this.#roots) {
      for (const { slot, directory } of [...root.adopted.values(), ...(root.own ? [root.own] : [])]) {
        await directory
          .close()
          .catch((error: unknown) =>
            this.#parts.logger.warning(`spool: ${directory.path} was not closed in order`, { error }),
          );
        await slot.unlock().catch(() => {});
      }
      root.adopted.clear();
    }
  }

  async #openRoot(root: Root): Promise<void> {
    const slot = await claimSlot(this.#parts.files, this.#parts.clock, root.path);
    root.own = { slot, directory: await this.#openDirectory(slot.path) };
    this.#onNews();
  }

  #openDirectory(path: string): Promise<SpoolDirectory> {
    const { files, clock, logger, metrics } = this.#parts;
    return SpoolDirectory.open({ files, clock, logger, metrics, path, onNews: this.#onNews });
  }

  /** Numbered directories of others that hold crashes and have no live owner. */
  async #findOrphans(root: Root): Promise<number[]> {
    const orphans: number[] = [];
    for (const number of await listSlots(this.#parts.files, root.path)) {
      if (number === root.own?.slot.number || root.adopted.has(number)) continue;
      if (!(await this.#parts.files.list(join(root.path, String(number)))).some(isSegmentName)) continue;
      const slot = await tryLock(this.#parts.files, this.#parts.clock, root.path, number);
      await slot?.unlock();
      if (slot) orphans.push(number);
    }
    return orphans;
  }

  async #adopt(root: Root, number: number): Promise<void> {
    const slot = await tryLock(this.#parts.files, this.#parts.clock, root.path, number);
    if (!slot) return;
    const directory = await this.#openDirectory(slot.path);
    root.adopted.set(number, { slot, directory });
    const { entryCount } = directory.totals();
    if (entryCount > 0) this.#parts.logger.info(`spool: adopted ${slot.path} with ${entryCount} crashes`);
    this.#onNews();
  }

  /** An adopted directory without crashes is free for its next owner, with its table of known reports. */
  async #letGo(root: Root): Promise<void> {
    for (const [number, { slot, directory }] of root.adopted) {
      if (!directory.isEmpty) continue;
      root.adopted.delete(number);
      await directory.close();
      await slot.unlock();
    }
  }
}
