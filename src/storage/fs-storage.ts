// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type CrashId, dateOf, isCrashId } from '../crash/crash-id.ts';
import type { Dump } from '../crash/dump.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../crash/raw-crash.ts';
import type { Clock } from '../lib/clock.ts';
import { DirectorySyncs, makeDirectory, readWholeFile, writeSyncedFile } from '../lib/durable-files.ts';
import { SalvageError } from '../lib/errors.ts';
import { errorCode, type Files } from '../lib/files.ts';
import { type CrashStorage, fullCapabilities, type ListFilter } from './crash-storage.ts';
import { storageErrors } from './errors.ts';
import { type FileTree, failureBelow, readStoredFile } from './fs-failure.ts';
import { dumpNamesPath, dumpPath, isDateName, processedCrashPath, rawCrashPath, workPath } from './fs-paths.ts';
import { formatDumpNames, parseDumpNames, parseStoredJson } from './stored-json.ts';

export interface FsStorageParts {
  /** Made when missing. */
  readonly root: string;
  readonly files: Files;
  readonly clock: Clock;
}

const jsonBytesMax = 512 * 1024 * 1024;
const leftoverAgeMs = 3_600_000;
const knownDirectoriesMax = 4096;

/**
 * Antenna's tree in a directory (collector.md §6): `YYYYMMDD/raw_crash/ID.json`, `dump_names/ID.json`, `NAME/ID`, and
 * `processed_crash/ID.json`. Each file is written beside the tree, synced, and renamed into place; the raw crash comes
 * after everything else is durable, so one that can be read means that the report is complete, power cuts included.
 */
export class FsStorage implements CrashStorage {
  readonly name = 'fs';
  readonly capabilities = fullCapabilities;
  readonly #root: string;
  #rootMade: Promise<void> | null = null;
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #syncs: DirectorySyncs;
  /** Directories that are there and durable, so that each is made once. */
  readonly #known = new Map<string, Promise<void>>();

  constructor(parts: FsStorageParts) {
    this.#root = parts.root;
    this.#files = parts.files;
    this.#clock = parts.clock;
    this.#syncs = new DirectorySyncs(parts.files);
  }

  /** Writes, syncs and removes a file, and clears away what killed processes left half written. */
  async check(): Promise<void> {
    await this.#guard('check', async () => {
      await this.#ensureWorkDirectory();
      const path = this.#temporaryPath();
      await writeSyncedFile(this.#files, path, [Buffer.from('test')]);
      await this.#files.unlink(path);
      await this.#removeLeftovers();
    });
  }

  async saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    const { crashId, dumps } = report;
    await this.#guard(crashId, async () => {
      const names = dumps.map((dump) => dump.name).sort();
      const written: { from: string; to: string }[] = [];
      try {
        for (const dump of dumps) {
          signal?.throwIfAborted();
          written.push({ from: await this.#write(dump.open()), to: dumpPath(this.#root, crashId, dump.name) });
        }
        const [namesFrom, rawFrom] = await Promise.all([
          this.#write([formatDumpNames(names)]),
          this.#write([report.rawCrashJson]),
        ]);
        written.push({ from: namesFrom, to: dumpNamesPath(this.#root, crashId) });
        const rawPath = rawCrashPath(this.#root, crashId);
        await this.#ensureDirectories([...written.map(({ to }) => dirname(to)), dirname(rawPath)]);
        await this.#place(written);
        await this.#place([{ from: rawFrom, to: rawPath }]);
      } catch (error) {
        for (const { from } of written) await this.#files.unlink(from).catch(() => {});
        throw error;
      }
    });
  }

  async saveProcessedCrash(crashId: CrashId, processed: ProcessedCrash): Promise<void> {
    await this.#guard(crashId, async () => {
      const from = await this.#write([Buffer.from(JSON.stringify(processed))]);
      await this.#place([{ from, to: processedCrashPath(this.#root, crashId) }]);
    });
  }

  async getRawCrash(crashId: CrashId): Promise<RawCrash> {
    return parseStoredJson(await this.getRawCrashJson(crashId), `raw crash ${crashId}`);
  }

  async getRawCrashJson(crashId: CrashId): Promise<Uint8Array> {
    return this.#guard(crashId, () => this.#read(rawCrashPath(this.#root, crashId), crashId));
  }

  async getDumpNames(crashId: CrashId): Promise<readonly string[]> {
    await this.#requireRawCrash(crashId);
    return this.#guard(crashId, async () => {
      try {
        const path = dumpNamesPath(this.#root, crashId);
        return parseDumpNames(await readWholeFile(this.#files, path, jsonBytesMax), crashId);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
        throw new SalvageError(storageErrors.storage_corrupt, `the dump names of ${crashId} are missing`);
      }
    });
  }

  async getDump(crashId: CrashId, name: string): Promise<Dump> {
    const path = dumpPath(this.#root, crashId, name);
    const status = await this.#guard(crashId, () => this.#files.stat(path));
    if (!status) {
      const names = await this.getDumpNames(crashId);
      const kind = names.includes(name) ? storageErrors.storage_corrupt : storageErrors.crash_not_found;
      throw new SalvageError(kind, `dump ${name} of ${crashId} is not there`);
    }
    const { sizeBytes } = status;
    const open = () => readStoredFile(this.#tree, path, sizeBytes);
    return { name, sizeBytes, sha256: null, localPath: path, open };
  }

  async getProcessedCrash(crashId: CrashId): Promise<ProcessedCrash> {
    const bytes = await this.#guard(crashId, () => this.#read(processedCrashPath(this.#root, crashId), crashId));
    return parseStoredJson(bytes, `processed crash ${crashId}`) as unknown as ProcessedCrash;
  }

  /** The raw crash goes last: until then the crash is listed, and a delete that was cut short can be repeated. */
  async deleteCrash(crashId: CrashId): Promise<void> {
    await this.#guard(crashId, async () => {
      const dateDirectory = join(this.#root, dateOf(crashId));
      if (!(await this.#files.stat(dateDirectory))) throw this.#notFound(crashId);
      const last = rawCrashPath(this.#root, crashId);
      const paths = [join(dateDirectory, crashId)];
      for (const name of await this.#files.list(dateDirectory))
        paths.push(join(dateDirectory, name, crashId), join(dateDirectory, name, `${crashId}.json`));
      let found = 0;
      for (const path of [...paths.filter((each) => each !== last), last]) found += await this.#unlinkIfThere(path);
      if (found === 0) throw this.#notFound(crashId);
    });
  }

  async *listCrashIds(filter: ListFilter = {}): AsyncGenerator<CrashId> {
    const dates = await this.#guard('listing', async () =>
      (await this.#files.list(this.#root)).filter(
        (name) => isDateName(name) && (filter.date === undefined || name === filter.date),
      ),
    );
    for (const date of dates) {
      const directory = join(this.#root, date, 'raw_crash');
      const names = await this.#guard('listing', async () =>
        (await this.#files.stat(directory)) ? this.#files.list(directory) : [],
      );
      for (const name of names) {
        const crashId = name.slice(0, -'.json'.length);
        if (name.endsWith('.json') && isCrashId(crashId) && crashId.startsWith(filter.prefix ?? '')) yield crashId;
      }
    }
  }

  async close(): Promise<void> {}

  #temporaryPath(): string {
    return join(workPath(this.#root), randomUUID());
  }

  /** Writes and syncs a temporary file; returns its path. */
  async #write(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
    const path = this.#temporaryPath();
    await this.#ensureWorkDirectory();
    await writeSyncedFile(this.#files, path, chunks);
    return path;
  }

  /** Renames into place; all of them are durable when this resolves. Saves of other crashes share the syncs. */
  async #place(moves: readonly { readonly from: string; readonly to: string }[]): Promise<void> {
    const directories = [...new Set(moves.map(({ to }) => dirname(to)))];
    await this.#ensureDirectories(directories);
    for (const { from, to } of moves) await this.#files.rename(from, to);
    await Promise.all(directories.map((path) => this.#syncs.sync(path)));
  }

  /**
   * The root is made once and never again: when it goes away later, a disk was taken away. A new folder in its place
   * would pass for an empty store, and crashes on that disk for crashes that never were.
   */
  async #ensureRoot(): Promise<void> {
    this.#rootMade ??= makeDirectory(this.#files, this.#root);
    try {
      await this.#rootMade;
    } catch (error) {
      this.#rootMade = null;
      throw error;
    }
  }

  /** What is in it need not outlive a power cut, so neither must its own entry. */
  async #ensureWorkDirectory(): Promise<void> {
    await this.#ensureRoot();
    await this.#once(workPath(this.#root), async () => {
      await this.#files.mkdir(workPath(this.#root));
    });
  }

  /**
   * Directories `ROOT/DATE/KIND` of one crash, made and durable; new ones of one date share its sync. Synced also when
   * they were there: a process that was killed may have made them a moment ago.
   */
  async #ensureDirectories(paths: readonly string[]): Promise<void> {
    for (const parent of new Set(paths.map((path) => dirname(path)))) {
      if (parent === this.#root) continue;
      await this.#once(parent, async () => {
        // Below a root that is gone this fails, which making what is missing above would hide.
        if (await this.#files.mkdir(parent)) await this.#files.syncDirectory(this.#root);
      });
      const missing = [...new Set(paths)].filter((path) => dirname(path) === parent && !this.#known.has(path));
      const making = missing.length > 0 ? this.#makeTogether(missing, parent) : Promise.resolve();
      for (const path of missing) this.#known.set(path, making);
    }
    await Promise.all(paths.map((path) => this.#known.get(path)));
  }

  async #makeTogether(paths: readonly string[], parent: string): Promise<void> {
    await Promise.all(paths.map((path) => this.#files.mkdir(path)));
    await this.#syncs.sync(parent);
  }

  /** Makes a directory once; others that need it wait for the same promise. Any failure later forgets all of them. */
  #once(path: string, make: () => Promise<void>): Promise<void> {
    const known = this.#known.get(path);
    if (known) return known;
    if (this.#known.size >= knownDirectoriesMax) this.#known.clear();
    const made = make();
    this.#known.set(path, made);
    return made;
  }

  async #read(path: string, crashId: CrashId): Promise<Buffer> {
    try {
      return await readWholeFile(this.#files, path, jsonBytesMax);
    } catch (error) {
      throw errorCode(error) === 'ENOENT' ? this.#notFound(crashId) : error;
    }
  }

  async #requireRawCrash(crashId: CrashId): Promise<void> {
    const status = await this.#guard(crashId, () => this.#files.stat(rawCrashPath(this.#root, crashId)));
    if (!status) await this.#guard(crashId, () => Promise.reject(this.#notFound(crashId)));
  }

  async #unlinkIfThere(path: string): Promise<0 | 1> {
    try {
      await this.#files.unlink(path);
      return 1;
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errorCode(error) ?? '')) return 0;
      throw error;
    }
  }

  async #removeLeftovers(): Promise<void> {
    const directory = workPath(this.#root);
    for (const name of await this.#files.list(directory)) {
      const status = await this.#files.stat(join(directory, name));
      if (status && this.#clock.now().getTime() - status.modifiedMs > leftoverAgeMs)
        await this.#unlinkIfThere(join(directory, name));
    }
  }

  #notFound(what: string): SalvageError {
    return new SalvageError(storageErrors.crash_not_found, `${what} is not in ${this.#root}`);
  }

  get #tree(): FileTree {
    return { files: this.#files, root: this.#root };
  }

  async #guard<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      // A directory that retention removed is made again at the next try.
      this.#known.clear();
      throw await failureBelow(this.#tree, what, error);
    }
  }
}
