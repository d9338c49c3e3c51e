// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import fs from 'node:fs/promises';
import path from 'node:path';
import { errorText } from '../lib/errors.ts';
import { errorCode } from '../lib/files.ts';
import { debugIdSpellings, encodePathPart, keyPath, type SymbolKey, symFileOf } from './symbol-key.ts';
import type { SupplierAnswer, SymbolSupplier } from './symbol-supplier.ts';

/** `.sym` files below a directory in Breakpad's layout, plain or gzipped; read in place, never changed. */
export class DirectorySupplier implements SymbolSupplier {
  readonly id: string;
  readonly #root: string;

  constructor(root: string, id = `directory ${root}`) {
    this.id = id;
    this.#root = path.resolve(root);
  }

  async find(key: SymbolKey): Promise<SupplierAnswer> {
    for (const candidate of candidates(key)) {
      const file = path.join(this.#root, candidate);
      try {
        const identity = await fileIdentity(file);
        if (identity !== null) return { kind: 'found', file: { path: file, identity, url: null } };
      } catch (error) {
        if (!isAbsent(error)) return { kind: 'unreachable', detail: errorText(error) };
      }
    }
    return { kind: 'not_found' };
  }
}

/** Changes whenever the file may have changed; null if it is not a file. Throws what the file system throws. */
export async function fileIdentity(file: string): Promise<string | null> {
  const status = await fs.stat(file, { bigint: true });
  return status.isFile() ? `${file}|${status.size}|${status.mtimeNs}|${status.ino}` : null;
}

function candidates(key: SymbolKey): string[] {
  const paths: string[] = [];
  // Electron's uploader lower-cases whole ids, and its zips are unpacked into such directories.
  for (const debugId of new Set([...debugIdSpellings(key.debugId), key.debugId.toLowerCase()])) {
    const plain = keyPath({ ...key, debugId });
    const encoded = keyPath({
      debugFile: encodePathPart(key.debugFile),
      debugId,
      symFile: symFileOf(encodePathPart(key.debugFile)),
    });
    for (const candidate of new Set([plain, encoded])) paths.push(candidate, `${candidate}.gz`);
  }
  return paths;
}

/** ELOOP and ENAMETOOLONG come from odd names, not from a sick disk. */
function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EISDIR', 'ELOOP', 'EINVAL'].includes(errorCode(error) ?? '');
}
