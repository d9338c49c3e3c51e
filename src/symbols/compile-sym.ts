// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import path from 'node:path';
import { SalvageError } from '../lib/errors.ts';
import { symbolErrors } from './errors.ts';
import { type IndexedSymbols, openIndex } from './index-reader.ts';
import { type IndexTarget, writeIndex } from './index-writer.ts';
import type { ModuleSymbols, SymFacts } from './module-symbols.ts';
import { type IndexSource, PageCache } from './page-cache.ts';
import { SymLineSplitter } from './parse-sym.ts';
import { SymCollector, type SymProblem } from './sym-collector.ts';

export interface CompiledSym {
  readonly facts: SymFacts;
  /** The first bad lines, with their numbers. */
  readonly problems: readonly SymProblem[];
  /** Lower-case hex SHA-256 of the text. */
  readonly sha256: string;
}

export interface CompileOptions {
  readonly sizeBytesMax?: number;
  readonly onProgress?: (bytesDone: number) => void;
}

type SymSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Compiles a `.sym` text into an index file at `directory/name(sha256)`, which appears there whole or not at all.
 * If another process made the same file meanwhile, that one stays.
 * Throws `sym_too_large`, `sym_unusable` (an empty source), and what the source or the disk throws.
 */
export async function compileSym(
  source: SymSource,
  directory: string,
  name: (sha256: string) => string,
  options: CompileOptions = {},
): Promise<CompiledSym & { readonly path: string }> {
  const collected = await collect(source, options);
  const temporary = path.join(directory, `.${randomUUID()}.tmp`);
  const file = fs.openSync(temporary, 'wx', 0o644);
  try {
    const facts = writeCollected(collected, fileTarget(file));
    fs.fsyncSync(file);
    const final = path.join(directory, name(collected.sha256));
    publish(temporary, final);
    return { facts, problems: collected.collector.problems, sha256: collected.sha256, path: final };
  } finally {
    fs.closeSync(file);
    fs.rmSync(temporary, { force: true });
  }
}

/** Compiles in memory, for tests, checks, and a full disk. Throws as `compileSym`. */
export async function compileSymInMemory(
  source: SymSource,
  options: CompileOptions = {},
): Promise<CompiledSym & { readonly symbols: IndexedSymbols }> {
  return inMemory(await collect(source, options));
}

/** The symbols of a `.sym` text that is in memory. Throws as `compileSym`. */
export function moduleSymbolsFromSym(text: string | Uint8Array): ModuleSymbols {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const collector = new SymCollector();
  const splitter = new SymLineSplitter(collector);
  splitter.push(bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return inMemory({ collector, lineCounts: splitter.finish(), sha256 }).symbols;
}

interface Collected {
  readonly collector: SymCollector;
  readonly lineCounts: ReturnType<SymLineSplitter['finish']>;
  readonly sha256: string;
}

async function collect(source: SymSource, options: CompileOptions): Promise<Collected> {
  const collector = new SymCollector();
  const splitter = new SymLineSplitter(collector, options.sizeBytesMax);
  const hash = createHash('sha256');
  for await (const chunk of source) {
    hash.update(chunk);
    splitter.push(chunk);
    options.onProgress?.(splitter.sizeBytes);
  }
  return { collector, lineCounts: splitter.finish(), sha256: hash.digest('hex') };
}

function writeCollected({ collector, lineCounts, sha256 }: Collected, target: IndexTarget): SymFacts {
  if (lineCounts.sizeBytes === 0) throw new SalvageError(symbolErrors.sym_unusable, 'an empty symbol file');
  return writeIndex(collector, lineCounts, sha256, target);
}

function inMemory(collected: Collected): CompiledSym & { readonly symbols: IndexedSymbols } {
  const target = memoryTarget();
  const facts = writeCollected(collected, target);
  const symbols = openIndex(memorySource(target.bytes()), new PageCache(Number.POSITIVE_INFINITY));
  return { facts, problems: collected.collector.problems, sha256: collected.sha256, symbols };
}

/** `link` refuses an existing name: whoever was first stays, and readers of it are not disturbed. */
function publish(temporary: string, final: string): void {
  try {
    fs.linkSync(temporary, final);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    // File systems without hard links (FAT, some network shares) still rename atomically.
    fs.renameSync(temporary, final);
  }
  syncDirectory(path.dirname(final));
}

/** Makes a new name durable. Windows cannot open directories; there the rename itself is journalled. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

function fileTarget(file: number): IndexTarget {
  let position = 0;
  const write = (bytes: Uint8Array, at: number) => {
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(file, bytes, done, bytes.length - done, at + done);
  };
  return {
    append(bytes) {
      write(bytes, position);
      position += bytes.length;
    },
    writeHeader: (header) => write(header, 0),
  };
}

function memoryTarget(): IndexTarget & { bytes(): Uint8Array } {
  const parts: Uint8Array[] = [];
  return {
    append: (bytes) => void parts.push(bytes.slice()),
    writeHeader: (header) => parts[0]?.set(header),
    bytes: () => Buffer.concat(parts),
  };
}

function memorySource(bytes: Uint8Array): IndexSource {
  return {
    sizeBytes: bytes.length,
    read(target, position) {
      const part = bytes.subarray(position, position + target.length);
      target.set(part);
      return part.length;
    },
    close() {},
  };
}

/** An index file. Throws what the file system throws. */
export function fileSource(file: string): IndexSource {
  const handle = fs.openSync(file, 'r');
  return {
    sizeBytes: fs.fstatSync(handle).size,
    read: (target, position) => fs.readSync(handle, target, 0, target.length, position),
    close: () => fs.closeSync(handle),
  };
}

const chunkBytes = 4 * 1024 * 1024;

/**
 * The bytes of a file in large chunks, the next one read while the caller works on the last. A chunk is valid only until
 * the next is asked for.
 */
export async function* readChunks(file: string): AsyncGenerator<Uint8Array> {
  const handle = await fs.promises.open(file, 'r');
  try {
    const buffers = [Buffer.allocUnsafeSlow(chunkBytes), Buffer.allocUnsafeSlow(chunkBytes)] as const;
    let pending = handle.read(buffers[0], 0, chunkBytes, null);
    pending.catch(() => {});
    for (let turn = 1; ; turn ^= 1) {
      const { buffer, bytesRead } = await pending;
      if (bytesRead === 0) return;
      pending = handle.read(buffers[turn as 0 | 1], 0, chunkBytes, null);
      pending.catch(() => {});
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
