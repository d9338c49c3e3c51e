// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import fs from 'node:fs';
import path from 'node:path';
import { errorText } from '../lib/errors.ts';
import { DirectorySupplier, fileIdentity } from './directory-supplier.ts';
import { isSymName, symbolPathStatus } from './find-sym-files.ts';
import { firstLineBytesMax, moduleIdOf } from './receive-sym.ts';
import { unpacked } from './sym-bytes.ts';
import type { SymbolKey } from './symbol-key.ts';
import type { SupplierAnswer, SymbolSupplier } from './symbol-supplier.ts';

/**
 * What a path on a command line means as a source of symbols: a `.sym` file, or a directory in Breakpad's layout, in
 * which files that lie loose count too. Throws `symbol_path_unusable`.
 */
export async function suppliersOfPath(where: string): Promise<SymbolSupplier[]> {
  const status = await symbolPathStatus(where);
  if (status.isFile()) return [new LooseSupplier([where])];
  const names = await fs.promises.readdir(where);
  const loose = names.filter(isSymName).map((name) => path.join(where, name));
  return [new DirectorySupplier(where), ...(loose.length > 0 ? [new LooseSupplier(loose)] : [])];
}

/** Single `.sym` files of any name, plain or gzipped, found by the debug id in their first line. */
class LooseSupplier implements SymbolSupplier {
  readonly id = 'files';
  readonly #files: readonly string[];
  #filesById: Promise<Map<string, string>> | null = null;

  constructor(files: readonly string[]) {
    this.#files = files;
  }

  async find(key: SymbolKey): Promise<SupplierAnswer> {
    try {
      this.#filesById ??= filesById(this.#files);
      const file = (await this.#filesById).get(key.debugId);
      const identity = file === undefined ? null : await fileIdentity(file);
      return file === undefined || identity === null
        ? { kind: 'not_found' }
        : { kind: 'found', file: { path: file, identity, url: null } };
    } catch (error) {
      return { kind: 'unreachable', detail: errorText(error) };
    }
  }
}

async function filesById(files: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const file of files) {
    const id = moduleIdOf(await startOf(file))?.toUpperCase();
    if (id !== undefined && !found.has(id)) found.set(id, file);
  }
  return found;
}

/** Enough of the text for its first line; less of a file that is damaged, which then has no id. */
async function startOf(file: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of unpacked(fs.createReadStream(file))) {
      parts.push(Buffer.from(chunk));
      sizeBytes += chunk.length;
      if (sizeBytes >= firstLineBytesMax) break;
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!code.startsWith('Z')) throw error;
  }
  return Buffer.concat(parts);
}
