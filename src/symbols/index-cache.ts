// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { errorText, isErrorOf, SalvageError } from '../lib/errors.ts';
import { errorCode } from '../lib/files.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { CompileAttempts } from './compile-attempts.ts';
import { CompileLock } from './compile-lock.ts';
import { compileSym, compileSymInMemory, fileSource, readChunks } from './compile-sym.ts';
import { symbolErrors } from './errors.ts';
import { indexVersion } from './index-format.ts';
import { closedDamage, type IndexedSymbols, openIndex } from './index-reader.ts';
import { symbolLimits } from './limits.ts';
import { symbolMetrics } from './metrics.ts';
import type { ModuleSymbols } from './module-symbols.ts';
import { PageCache } from './page-cache.ts';
import { unpacked } from './sym-bytes.ts';

export interface IndexCacheOptions {
  /** The cache directory; indexes lie in `index/` below it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly sizeBytesMax?: number;
  readonly pageCache?: PageCache;
  /** Called as bytes of a file are compiled; `bytesTotal` is the size on disk. */
  readonly onProgress?: (path: string, bytesDone: number, bytesTotal: number) => void;
  /** Compiles of one file that may end with the death of their process; Infinity for a person who tries by hand. */
  readonly attemptsMax?: number;
}

const touchEveryMs = 3_600_000;
const badFilesKept = 3;

/**
 * Compiled indexes on disk, shared by all processes (symbols.md §5): `index/{sha256 of the text}-{format}.salvidx`, and
 * `index/keys/` saying which file belongs to which identity, so that the text is not hashed again.
 */
export class IndexCache {
  readonly #options: IndexCacheOptions;
  readonly #directory: string;
  readonly #pages: PageCache;
  /** Open indexes by identity, least recently used first. */
  readonly #open = new Map<string, IndexedSymbols>();
  readonly #flights = new Map<string, Promise<ModuleSymbols>>();
  /** Files that turned out to be of no use, so that not every crash reads them through again. */
  readonly #useless = new Map<string, SalvageError>();

  constructor(options: IndexCacheOptions) {
    this.#options = options;
    this.#directory = path.join(options.directory, 'index');
    this.#pages = options.pageCache ?? new PageCache();
    this.#makeDirectories();
  }

  /** The index of an identity if it was compiled before; null if not. */
  opened(identity: string): ModuleSymbols | null {
    const known = this.#open.get(identity);
    this.#open.delete(identity);
    if (known?.damage === null) return this.#keep(identity, known);
    if (known && known.damage !== closedDamage) this.#setAside(this.#indexPath(known.sourceSha256), known.damage);
    const sha256 = this.#readBinding(identity);
    const symbols = sha256 && this.#openFile(this.#indexPath(sha256));
    return symbols ? this.#keep(identity, symbols) : null;
  }

  /**
   * The index of a `.sym` file, compiled if need be; many callers, in many processes, cause one compile.
   * Throws `sym_unusable`, `sym_too_large`, and what reading the file throws.
   */
  async of(file: SymFile): Promise<ModuleSymbols> {
    const known = this.opened(file.identity) ?? this.#flights.get(file.identity);
    if (known) return known;
    const flight = this.#compile(file).finally(() => this.#flights.delete(file.identity));
    this.#flights.set(file.identity, flight);
    return flight;
  }

  close(): void {
    for (const symbols of this.#open.values()) symbols.close();
    this.#open.clear();
  }

  async #compile(file: SymFile): Promise<ModuleSymbols> {
    const useless = this.#useless.get(file.identity);
    if (useless) throw useless;
    this.#makeDirectories();
    const base = path.join(this.#directory, 'locks', nameOf(file.identity));
    const lock = new CompileLock(`${base}.lock`, this.#options.clock);
    if (!(await lock.acquireOr(() => this.opened(file.identity) !== null))) return this.opened(file.identity)!;
    const attempts = new CompileAttempts(`${base}.attempts`, this.#options.clock);
    try {
      attempts.begin(this.#options.attemptsMax ?? symbolLimits.compileAttemptsMax.value);
      return await this.#compileLocked(file);
    } catch (error) {
      if (error instanceof SalvageError) this.#rememberUseless(file.identity, error);
      throw error;
    } finally {
      attempts.end();
      lock.release();
    }
  }

  async #compileLocked(file: SymFile): Promise<ModuleSymbols> {
    const { clock, metrics, logger, onProgress, sizeBytesMax } = this.#options;
    const startedMs = clock.monotonicMs();
    const bytesTotal = fs.statSync(file.path).size;
    const options = {
      ...(sizeBytesMax === undefined ? {} : { sizeBytesMax }),
      onProgress: (bytesDone: number) => onProgress?.(file.path, bytesDone, bytesTotal),
    };
    const read = () => unpacked(readChunks(file.path));
    try {
      const compiled = await compileSym(read(), this.#directory, (sha256) => indexName(sha256), options);
      this.#writeBinding(file.identity, compiled.sha256);
      metrics.timing(symbolMetrics.compile, clock.monotonicMs() - startedMs);
      const symbols = this.#openFile(compiled.path);
      if (symbols) return this.#keep(file.identity, symbols);
    } catch (error) {
      if (error instanceof SalvageError) throw error;
      logger.error(`symbol index not kept: ${errorText(error)}`, { error });
    }
    // A full or read-only disk must not cost the crash its names: an index in memory, for those who ask now. If it was
    // the reading that failed, it fails here again.
    return (await compileSymInMemory(read(), options)).symbols;
  }

  #rememberUseless(identity: string, error: SalvageError): void {
    this.#useless.set(identity, error);
    if (this.#useless.size > symbolLimits.uselessEntriesMax.value)
      this.#useless.delete(this.#useless.keys().next().value as string);
  }

  /** Again before each compile: people may delete the cache at any time. */
  #makeDirectories(): void {
    try {
      for (const name of ['keys', 'locks']) fs.mkdirSync(path.join(this.#directory, name), { recursive: true });
    } catch (error) {
      this.#options.logger.error(`symbol cache cannot be written: ${errorText(error)}`, { error });
    }
  }

  #openFile(file: string): IndexedSymbols | null {
    try {
      const symbols = openIndex(fileSource(file), this.#pages);
      this.#touch(file);
      return symbols;
    } catch (error) {
      if (isErrorOf(error, symbolErrors.symbol_index_damaged)) this.#setAside(file, error);
      else if (errorCode(error) !== 'ENOENT')
        this.#options.logger.warning(`symbol index unreadable: ${errorText(error)}`);
      return null;
    }
  }

  /** Recency for the cache manager lives in the mtime, at most hourly (`relatime` makes atime useless). */
  #touch(file: string): void {
    const now = this.#options.clock.now();
    try {
      if (now.getTime() - fs.statSync(file).mtimeMs > touchEveryMs) fs.utimesSync(file, now, now);
    } catch {
      // Evicted meanwhile, or a read-only cache: the open handle still serves.
    }
  }

  #setAside(file: string, error: unknown): void {
    this.#options.metrics.incr(symbolMetrics.indexDamaged);
    this.#options.logger.error(`damaged symbol index set aside: ${errorText(error)}`, { file });
    try {
      fs.renameSync(file, `${file}.bad`);
      const bad = fs.readdirSync(this.#directory).filter((name) => name.endsWith('.bad'));
      for (const name of bad.slice(badFilesKept)) fs.rmSync(path.join(this.#directory, name), { force: true });
    } catch {
      // Another process was quicker.
    }
  }

  #keep(identity: string, symbols: IndexedSymbols): IndexedSymbols {
    this.#open.set(identity, symbols);
    if (this.#open.size > symbolLimits.openIndexesMax.value) this.#closeOldest();
    return symbols;
  }

  /** A walk may still hold the oldest; its handle stays open a while so that a lookup does not fail under it. */
  #closeOldest(): void {
    const [identity, symbols] = this.#open.entries().next().value!;
    this.#open.delete(identity);
    const timer = setTimeout(() => symbols.close(), 120_000);
    timer.unref();
  }

  #indexPath(sha256: string): string {
    return path.join(this.#directory, indexName(sha256));
  }

  #bindingPath(identity: string): string {
    return path.join(this.#directory, 'keys', nameOf(identity));
  }

  /** The hash of the text that an identity stood for when it was compiled, or null. */
  #readBinding(identity: string): string | null {
    try {
      const { sha256 } = JSON.parse(fs.readFileSync(this.#bindingPath(identity), 'utf8'));
      return /^[0-9a-f]{64}$/.test(sha256) ? sha256 : null;
    } catch {
      return null;
    }
  }

  #writeBinding(identity: string, sha256: string): void {
    const target = this.#bindingPath(identity);
    const temporary = `${target}.${process.pid}.tmp`;
    fs.writeFileSync(temporary, JSON.stringify({ identity, sha256 }));
    fs.renameSync(temporary, target);
  }
}

interface SymFile {
  readonly path: string;
  readonly identity: string;
}

function indexName(sha256: string): string {
  return `${sha256}-${indexVersion}.salvidx`;
}

function nameOf(identity: string): string {
  return createHash('sha256').update(identity).digest('hex');
}
