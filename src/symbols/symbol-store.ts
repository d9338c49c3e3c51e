// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { SalvageError } from '../lib/errors.ts';
import { errorCode } from '../lib/files.ts';
import { checkSym, type SymLack, type SymVerdict } from './check-sym.ts';
import { readChunks, syncDirectory } from './compile-sym.ts';
import { DirectorySupplier } from './directory-supplier.ts';
import { symbolErrors } from './errors.ts';
import type { SymCounts, SymFacts } from './module-symbols.ts';
import { unpacked } from './sym-bytes.ts';
import { encodePathPart, keyPath, type SymbolKey, symbolKeyOf } from './symbol-key.ts';

/** Folder of regular symbols in the store, as in Mozilla's buckets. */
const regularFolder = 'v1';

export interface AddedSym {
  readonly key: SymbolKey;
  readonly path: string;
  readonly facts: SymFacts;
  readonly lacks: readonly SymLack[];
  /** `same`: these very symbols were there already. */
  readonly outcome: 'added' | 'replaced' | 'same';
}

export interface StoredSym {
  readonly key: SymbolKey;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modified: Date;
}

/** The part of a store that has Breakpad's layout, as other people's walkers read it. */
export function regularSymbols(root: string): string {
  return path.join(path.resolve(root), regularFolder);
}

/** The suppliers that read the store: its regular folder, then files that people put straight into it. */
export function storeSuppliers(root: string): DirectorySupplier[] {
  return [new DirectorySupplier(regularSymbols(root), 'store'), new DirectorySupplier(root, 'store (plain)')];
}

/**
 * The people's own symbols (decisions.md 23): `v1/{debug file}/{DEBUG ID}/{sym file}`, plain or gzipped as they came,
 * never evicted. A file is there whole and durable, or not at all.
 */
export class SymbolStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = regularSymbols(root);
  }

  /**
   * Checks a `.sym` file and copies it under the name that its own MODULE record gives. Poorer symbols do not replace
   * richer ones unless `replaces` is true.
   * Throws `sym_unusable`, `symbol_key_refused`, `symbol_file_exists`, and what the disk throws.
   */
  async add(
    file: string,
    options: { readonly replaces?: boolean; readonly onProgress?: (bytesDone: number) => void } = {},
  ): Promise<AddedSym> {
    const verdict = await checkSym(unpacked(readChunks(file)), {}, options.onProgress);
    const fatal = verdict.lacks.find((lack) => lack.isFatal);
    if (fatal) throw new SalvageError(symbolErrors.sym_unusable, `${file}: ${fatal.text}${firstProblem(verdict)}`);
    const { facts, lacks } = verdict;
    const key = symbolKeyOf({ codeFile: '', debugFile: facts.debugFile, debugId: facts.debugId });
    if (!key)
      throw new SalvageError(
        symbolErrors.symbol_key_refused,
        `${file}: ${JSON.stringify(facts.debugFile)} ${facts.debugId}`,
      );
    const target = path.join(this.#root, ...keyPath(key).split('/').map(encodePathPart));
    const existing = await factsOf(target);
    const before = { key, path: target, facts, lacks };
    if (existing && isSame(existing, facts)) return { ...before, outcome: 'same' };
    const poorer = existing && whatIsPoorer(facts.counts, existing.counts);
    if (poorer && !options.replaces)
      throw new SalvageError(symbolErrors.symbol_file_exists, `${keyPath(key)}: the new file has ${poorer}`);
    await copyDurably(file, target);
    return { ...before, outcome: existing ? 'replaced' : 'added' };
  }

  /** All that is stored, by name and id. */
  async *list(): AsyncGenerator<StoredSym> {
    for (const debugFile of await namesIn(this.#root))
      for (const debugId of await namesIn(path.join(this.#root, debugFile)))
        for (const symFile of await namesIn(path.join(this.#root, debugFile, debugId))) {
          if (symFile.startsWith('.') || !/\.sym(\.gz)?$/.test(symFile)) continue;
          const full = path.join(this.#root, debugFile, debugId, symFile);
          const status = await fs.stat(full);
          const key = { debugFile: decoded(debugFile), debugId, symFile: decoded(symFile) };
          yield { key, path: full, sizeBytes: status.size, modified: status.mtime };
        }
  }
}

function firstProblem({ problems }: SymVerdict): string {
  const [first] = problems;
  return first ? ` First: line ${first.line}: ${first.message}.` : '';
}

async function factsOf(file: string): Promise<SymFacts | null> {
  try {
    return (await checkSym(unpacked(readChunks(file)))).facts;
  } catch (error) {
    // Absent, or damaged and so worth replacing.
    if (errorCode(error) === 'ENOENT' || error instanceof SalvageError || errorCode(error)?.startsWith('Z_'))
      return null;
    throw error;
  }
}

/** Equal in every count and size: good enough to call it the same, since a wrong "same" loses only a copy. */
function isSame(a: SymFacts, b: SymFacts): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Null, or what the new file has less of in a way that makes stacks worse. */
function whatIsPoorer(added: SymCounts, existing: SymCounts): string | null {
  if (added.functions === 0 && existing.functions > 0) return 'no FUNC records; the stored one has';
  if (added.cfiInits === 0 && existing.cfiInits > 0) return 'no STACK CFI records; the stored one has';
  if (added.lineRecords === 0 && existing.lineRecords > 0) return 'no line records; the stored one has';
  return null;
}

async function copyDurably(file: string, target: string): Promise<void> {
  const directory = path.dirname(target);
  await fs.mkdir(directory, { recursive: true });
  const temporary = path.join(directory, `.${randomUUID()}.tmp`);
  try {
    await fs.copyFile(file, temporary);
    const handle = await fs.open(temporary, 'r+');
    await handle.chmod(0o644);
    await handle.sync().finally(() => handle.close());
    await fs.rename(temporary, target);
    for (const parent of [directory, path.dirname(directory), path.dirname(path.dirname(directory))])
      syncDirectory(parent);
  } finally {
    await fs.rm(temporary, { force: true });
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await fs.readdir(directory)).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
