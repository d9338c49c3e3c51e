// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type CrashId, dateOf, isCrashId } from '../crash/crash-id.ts';
import type { Dump } from '../crash/dump.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../crash/raw-crash.ts';
import { DirectorySyncs, makeDirectory, readWholeFile, writeSyncedFile } from '../lib/durable-files.ts';
import { SalvageError } from '../lib/errors.ts';
import { errorCode, type Files } from '../lib/files.ts';
import { type ClaimedCrash, type CrashStorage, fullCapabilities, type ListFilter } from './crash-storage.ts';
import type { DatedSlots } from './dated-slots.ts';
import { storageErrors } from './errors.ts';
import { failureBelow, readStoredFile } from './fs-failure.ts';
import { storageLimits } from './limits.ts';
import { claimRoot } from './radix-marker.ts';
import { dumpFile, dumpNameOf, placesOf, processedCrashFile, rawCrashFile, type TreeShape } from './radix-paths.ts';
import { parseStoredJson } from './stored-json.ts';

export interface RadixStorageParts extends TreeShape {
  /** Made when missing; refused when another family of trees is in it. */
  readonly root: string;
  readonly files: Files;
  /** Of a dated tree: where reports are announced once they are complete. */
  readonly slots?: DatedSlots;
}

/** Socorro's file systems: FSRadixTreeStorage and FSLegacyRadixTreeStorage, with FSTemporaryStorage's day names. */
export class RadixStorage implements CrashStorage {
  readonly name: string;
  readonly capabilities = fullCapabilities;
  readonly newCrashes?: () => AsyncIterable<ClaimedCrash>;
  readonly #parts: RadixStorageParts;
  readonly #syncs: DirectorySyncs;
  #claimed: Promise<void> | null = null;

  constructor(parts: RadixStorageParts) {
    this.name = parts.family;
    this.#parts = parts;
    const { slots } = parts;
    if (slots) this.newCrashes = () => slots.claim();
    this.#syncs = new DirectorySyncs(parts.files);
  }

  async check(): Promise<void> {
    await this.#guard('check', async () => {
      await this.#open();
      const path = this.#temporaryPath();
      await writeSyncedFile(this.#parts.files, path, [Buffer.from('test')]);
      await this.#parts.files.unlink(path);
    });
  }

  async saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    const { crashId, dumps } = report;
    const place = placesOf(this.#parts, crashId)[0] as string;
    await this.#guard(crashId, async () => {
      await this.#open();
      for (const dump of dumps) {
        signal?.throwIfAborted();
        await this.#put(place, dumpFile(crashId, dump.name), dump.open());
      }
      signal?.throwIfAborted();
      // Of an earlier save of the same report; what it had and this one has not must not come back.
      const kept = new Set(dumps.map((dump) => dumpFile(crashId, dump.name)));
      for (const file of await this.#dumpFiles(place, crashId)) if (!kept.has(file)) await this.#unlink(place, file);
      await this.#put(place, rawCrashFile(crashId), [report.rawCrashJson]);
      await this.#parts.slots?.announce(crashId, place);
    });
  }

  async saveProcessedCrash(crashId: CrashId, processed: ProcessedCrash): Promise<void> {
    await this.#guard(crashId, async () => {
      await this.#open();
      const place = (await this.#findPlace(crashId)) ?? (placesOf(this.#parts, crashId)[0] as string);
      const bytes = await promisify(gzip)(JSON.stringify(processed));
      await this.#put(place, processedCrashFile(crashId), [bytes]);
    });
  }

  async getRawCrash(crashId: CrashId): Promise<RawCrash> {
    return parseStoredJson(await this.getRawCrashJson(crashId), `raw crash ${crashId}`);
  }

  async getRawCrashJson(crashId: CrashId): Promise<Uint8Array> {
    return this.#guard(crashId, () => this.#readFirst(crashId, rawCrashFile(crashId)));
  }

  async getDumpNames(crashId: CrashId): Promise<readonly string[]> {
    return this.#guard(crashId, async () => {
      const place = await this.#placeOf(crashId);
      const files = await this.#dumpFiles(place, crashId);
      return files.map((file) => dumpNameOf(crashId, file) as string).sort();
    });
  }

  async getDump(crashId: CrashId, name: string): Promise<Dump> {
    return this.#guard(crashId, async () => {
      const path = join(this.#parts.root, await this.#placeOf(crashId), dumpFile(crashId, name));
      const status = await this.#parts.files.stat(path);
      if (!status) throw this.#notFound(`dump ${name} of ${crashId}`);
      const { sizeBytes } = status;
      return { name, sizeBytes, sha256: null, open: () => readStoredFile(this.#parts, path, sizeBytes) };
    });
  }

  async getProcessedCrash(crashId: CrashId): Promise<ProcessedCrash> {
    return this.#guard(crashId, async () => {
      const packed = await this.#readFirst(crashId, processedCrashFile(crashId));
      try {
        const maxOutputLength = storageLimits.storedJsonBytesMax.value;
        return parseStoredJson(await promisify(gunzip)(packed, { maxOutputLength }), `processed crash ${crashId}`);
      } catch (cause) {
        if (cause instanceof SalvageError) throw cause;
        throw new SalvageError(storageErrors.storage_corrupt, `processed crash ${crashId} is no gzip`, { cause });
      }
    });
  }

  /** Only files of that id: directories are shared with others. The raw crash goes last. */
  async deleteCrash(crashId: CrashId): Promise<void> {
    await this.#guard(crashId, async () => {
      let found = 0;
      for (const place of placesOf(this.#parts, crashId)) {
        await this.#parts.slots?.forget(crashId, place);
        const dumps = await this.#dumpFiles(place, crashId);
        for (const file of [...dumps, processedCrashFile(crashId), rawCrashFile(crashId)]) {
          found += await this.#unlink(place, file);
        }
        if (found && this.#parts.family === 'radix') await this.#parts.files.removeTree(join(this.#parts.root, place));
      }
      if (found === 0) throw this.#notFound(crashId);
    });
  }

  async *listCrashIds(filter: ListFilter = {}): AsyncGenerator<CrashId> {
    const days = await this.#guard('listing', () => this.#parts.files.list(this.#parts.root));
    for (const day of days.filter((name) => /^(\d{8}|\d{2})$/.test(name))) {
      if (filter.date !== undefined && !filter.date.endsWith(day)) continue;
      for await (const crashId of this.#walk(join(day, 'name'), 0)) {
        const isWanted = filter.date === undefined || dateOf(crashId) === filter.date;
        if (isWanted && crashId.startsWith(filter.prefix ?? '')) yield crashId;
      }
    }
  }

  async close(): Promise<void> {}

  /** Raw crashes at any of the five depths. */
  async *#walk(directory: string, depth: number): AsyncGenerator<CrashId> {
    for (const name of await this.#guard('listing', () => this.#list(directory))) {
      if (/^[0-9a-f]{2}$/.test(name) && depth < 4) yield* this.#walk(join(directory, name), depth + 1);
      const crashId = name.replace(/\.json$/, '');
      if (!isCrashId(crashId)) continue;
      if (this.#parts.family === 'legacy' && name.endsWith('.json')) yield crashId;
      if (this.#parts.family === 'radix' && (await this.#stat(join(directory, name, rawCrashFile(crashId)))))
        yield crashId;
    }
  }

  async #open(): Promise<void> {
    this.#claimed ??= claimRoot(this.#parts.files, this.#parts.root, this.#parts.family);
    try {
      await this.#claimed;
    } catch (error) {
      this.#claimed = null;
      throw error;
    }
  }

  /** Written beside the tree, synced, renamed, and the entry synced. */
  async #put(place: string, file: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const { files, root } = this.#parts;
    const temporary = this.#temporaryPath();
    const directory = join(root, place);
    try {
      await writeSyncedFile(files, temporary, chunks);
      await makeDirectory(files, directory);
      await files.rename(temporary, join(directory, file));
    } catch (error) {
      await files.unlink(temporary).catch(() => {});
      throw error;
    }
    await this.#syncs.sync(directory);
  }

  #temporaryPath(): string {
    return join(this.#parts.root, '.salvage', randomUUID());
  }

  async #findPlace(crashId: CrashId): Promise<string | null> {
    for (const place of placesOf(this.#parts, crashId)) {
      if (await this.#stat(join(place, rawCrashFile(crashId)))) return place;
    }
    return null;
  }

  async #placeOf(crashId: CrashId): Promise<string> {
    const place = await this.#findPlace(crashId);
    if (place === null) throw this.#notFound(crashId);
    return place;
  }

  async #readFirst(crashId: CrashId, file: string): Promise<Buffer> {
    for (const place of placesOf(this.#parts, crashId)) {
      const path = join(this.#parts.root, place, file);
      try {
        return await readWholeFile(this.#parts.files, path, storageLimits.storedJsonBytesMax.value);
      } catch (error) {
        // In a shared directory a missing file is the usual way not to have a crash.
        if (errorCode(error) !== 'ENOENT') throw error;
      }
    }
    throw this.#notFound(`${file} of ${crashId}`);
  }

  async #dumpFiles(place: string, crashId: CrashId): Promise<string[]> {
    return (await this.#list(place)).filter((file) => dumpNameOf(crashId, file) !== null);
  }

  async #list(directory: string): Promise<string[]> {
    try {
      return await this.#parts.files.list(join(this.#parts.root, directory));
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return [];
      throw error;
    }
  }

  async #stat(path: string): Promise<boolean> {
    return (await this.#parts.files.stat(join(this.#parts.root, path))) !== null;
  }

  async #unlink(place: string, file: string): Promise<0 | 1> {
    try {
      await this.#parts.files.unlink(join(this.#parts.root, place, file));
      return 1;
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return 0;
      throw error;
    }
  }

  #notFound(what: string): SalvageError {
    return new SalvageError(storageErrors.crash_not_found, `${what} is not in ${this.#parts.root}`);
  }

  async #guard<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw await failureBelow(this.#parts, what, error);
    }
  }
}
