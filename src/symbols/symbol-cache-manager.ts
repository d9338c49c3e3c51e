// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import { errorCode } from '../lib/files.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { isAlive } from './compile-lock.ts';
import { symbolErrors } from './errors.ts';
import { symbolMetrics } from './metrics.ts';

export interface SymbolCacheManagerOptions {
  readonly directory: string;
  readonly sizeBytesMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Pause between whole scans, which find what watching missed. */
  readonly rescanEveryMs?: number;
}

interface CachedFile {
  sizeBytes: number;
  usedMs: number;
}

/** Files are removed down to this share of the limit, so that not every new file removes one. */
const keepRatio = 0.9;
const rescanEveryMs = 600_000;
/** Temporary files of a process that was killed; a live download or compile renews its own within minutes. */
const temporaryStaleMs = 3_600_000;
const lockName = '.manager.lock';

/**
 * Keeps the symbol cache under a byte limit (the seeds' SymbolLRUCacheManager, processor.md §7.1): before `start`
 * resolves, and from then on by watching the directory and scanning it every ten minutes. The least recently used files
 * go first: recency is the later of atime and mtime, which readers renew hourly. All that it knows is on the disk, so a
 * kill costs nothing. One manager per directory: `start` throws `symbol_cache_in_use` for a second.
 */
export class SymbolCacheManager {
  readonly #options: SymbolCacheManagerOptions;
  readonly #directory: string;
  readonly #files = new Map<string, CachedFile>();
  #sizeBytes = 0;
  #watcher: fs.FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isLocked = false;

  constructor(options: SymbolCacheManagerOptions) {
    this.#options = options;
    this.#directory = path.resolve(options.directory);
  }

  /** Bytes of all files that are known. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async start(): Promise<void> {
    fs.mkdirSync(this.#directory, { recursive: true });
    this.#lock();
    try {
      // Watching begins before the scan: what appears during the scan is seen by one of the two.
      this.#watch();
      this.scan();
    } catch (error) {
      this.stop();
      throw error;
    }
    this.#timer = setInterval(() => this.#guarded(() => this.scan()), this.#options.rescanEveryMs ?? rescanEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#isLocked) fs.rmSync(this.#lockPath, { force: true });
    this.#isLocked = false;
  }

  /** Takes stock of the whole directory anew and enforces the limit. */
  scan(): void {
    this.#files.clear();
    this.#sizeBytes = 0;
    this.#scanDirectory(this.#directory);
    this.#enforce();
    this.#renewLock();
  }

  /** Only here: a renewal is itself an event of the watched directory. */
  #renewLock(): void {
    const now = this.#options.clock.now();
    if (this.#isLocked) this.#guarded(() => fs.utimesSync(this.#lockPath, now, now));
  }

  get #lockPath(): string {
    return path.join(this.#directory, lockName);
  }

  #lock(): void {
    const holder = readHolder(this.#lockPath);
    if (holder && (holder.host !== os.hostname() || isAlive(holder.pid)) && !this.#isOld(this.#lockPath))
      throw new SalvageError(symbolErrors.symbol_cache_in_use, `kept by process ${holder.pid} on ${holder.host}`);
    fs.rmSync(this.#lockPath, { force: true });
    try {
      fs.writeFileSync(this.#lockPath, JSON.stringify({ host: os.hostname(), pid: process.pid }), { flag: 'wx' });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      throw new SalvageError(symbolErrors.symbol_cache_in_use, undefined, { cause: error });
    }
    this.#isLocked = true;
  }

  /** A lock of another host can only be judged by its age; each scan renews ours. */
  #isOld(file: string): boolean {
    return this.#options.clock.now().getTime() - fs.statSync(file).mtimeMs > 3 * rescanEveryMs;
  }

  #watch(): void {
    try {
      this.#watcher = fs.watch(this.#directory, { recursive: true, persistent: false }, (_event, name) =>
        this.#guarded(() => this.#onChange(name)),
      );
      this.#watcher.on('error', (error) => this.#unwatched(error));
    } catch (error) {
      this.#unwatched(error);
    }
  }

  /** The system has too few watches left, or the file system has none: then only scans see what appears. */
  #unwatched(error: unknown): void {
    this.#options.logger.warning(`symbol cache is not watched, only scanned: ${errorText(error)}`);
  }

  #onChange(name: string | null): void {
    if (name === null) this.scan();
    else {
      this.#look(path.join(this.#directory, name));
      this.#enforce();
    }
  }

  #guarded(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#options.logger.error(`symbol cache: ${errorText(error)}`, { error });
    }
  }

  #scanDirectory(directory: string): void {
    for (const entry of readDirectory(directory)) {
      const full = path.join(directory, entry.name);
      if (entry.isDirectory()) this.#scanDirectory(full);
      else this.#look(full);
    }
  }

  /** Brings what is known of one path up to date. */
  #look(file: string): void {
    const known = this.#files.get(file);
    const status = fs.lstatSync(file, { throwIfNoEntry: false });
    if (known) {
      this.#sizeBytes -= known.sizeBytes;
      this.#files.delete(file);
    }
    if (!status?.isFile() || isLock(file)) return;
    const usedMs = Math.max(status.atimeMs, status.mtimeMs);
    if (file.endsWith('.tmp') && this.#options.clock.now().getTime() - usedMs > temporaryStaleMs) {
      fs.rmSync(file, { force: true });
      return;
    }
    this.#files.set(file, { sizeBytes: status.size, usedMs });
    this.#sizeBytes += status.size;
  }

  /** A single file over the limit is removed like any other: whoever has it open goes on reading. */
  #enforce(): void {
    const { sizeBytesMax, metrics } = this.#options;
    if (this.#sizeBytes > sizeBytesMax) this.#evict(sizeBytesMax * keepRatio);
    metrics.gauge(symbolMetrics.cacheSize, this.#sizeBytes);
    metrics.gauge(symbolMetrics.cacheFiles, this.#files.size);
  }

  #evict(sizeBytesGoal: number): void {
    // Recency may have changed since the file was last looked at: a reader's touch gives no event on every system.
    for (const file of [...this.#files.keys()]) this.#look(file);
    const oldestFirst = [...this.#files]
      .filter(([file]) => !file.endsWith('.tmp'))
      .sort(([, a], [, b]) => a.usedMs - b.usedMs);
    for (const [file, { sizeBytes }] of oldestFirst) {
      if (this.#sizeBytes <= sizeBytesGoal) return;
      try {
        fs.unlinkSync(file);
      } catch (error) {
        // Windows refuses to remove an open file: it goes at a later scan.
        if (errorCode(error) !== 'ENOENT') {
          this.#options.logger.warning(`symbol cache could not remove a file: ${errorText(error)}`, { file });
          continue;
        }
      }
      this.#files.delete(file);
      this.#sizeBytes -= sizeBytes;
      this.#options.metrics.incr(symbolMetrics.cacheEvicted);
      this.#removeEmptyParents(path.dirname(file));
    }
  }

  #removeEmptyParents(directory: string): void {
    const fixed = ['index', 'keys', 'locks', 'downloads', 'misses'];
    for (let at = directory; at !== this.#directory && !fixed.includes(path.basename(at)); at = path.dirname(at)) {
      try {
        fs.rmdirSync(at);
      } catch {
        return;
      }
    }
  }
}

function isLock(file: string): boolean {
  return file.endsWith('.lock');
}

function readDirectory(directory: string): fs.Dirent[] {
  try {
    return fs.readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    // Removed between the listing of its parent and now.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function readHolder(file: string): { host: string; pid: number } | null {
  try {
    const { host, pid } = JSON.parse(fs.readFileSync(file, 'utf8'));
    return typeof host === 'string' && Number.isInteger(pid) && pid > 0 ? { host, pid } : null;
  } catch {
    return null;
  }
}
