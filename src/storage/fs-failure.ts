// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readRange } from '../lib/durable-files.ts';
import { isErrorOf, SalvageError } from '../lib/errors.ts';
import { errorCode, type Files } from '../lib/files.ts';
import { storageErrors } from './errors.ts';

/** Codes that stay until somebody changes rights or configuration; all others may pass by themselves. */
const lasting = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'EINVAL']);

/** The port's error for what node:fs threw; an error without a code is a bug of ours and passes as it is. */
export function fsFailure(code: string | undefined, message: string, cause: unknown): unknown {
  if (code === undefined) return cause;
  const kind = lasting.has(code) ? storageErrors.storage_refused : storageErrors.storage_outage;
  return new SalvageError(kind, message, { cause });
}

/** Where a store of files lies. */
export interface FileTree {
  readonly files: Files;
  readonly root: string;
}

/**
 * The port's error for what a call below the root threw. "Not found" counts only while the root itself is there: a disk
 * that is not mounted is an outage.
 */
export async function failureBelow({ files, root }: FileTree, what: string, error: unknown): Promise<unknown> {
  const isMissing = isErrorOf(error, storageErrors.crash_not_found);
  if (error instanceof SalvageError && !isMissing) return error;
  const hasRoot = (await files.stat(root).catch(() => null)) !== null;
  if (!hasRoot) return fsFailure('ENODEV', `${root} is not there (${what})`, error);
  return isMissing ? error : fsFailure(errorCode(error), `${what}: ${(error as Error).message}`, error);
}

/** The bytes of a stored file in chunks. One that was deleted since it was looked up is `crash_not_found`. */
export async function* readStoredFile(tree: FileTree, path: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  try {
    yield* readRange(tree.files, path, 0, sizeBytes);
  } catch (error) {
    const isGone = errorCode(error) === 'ENOENT';
    const gone = () => new SalvageError(storageErrors.crash_not_found, `${path} was deleted`, { cause: error });
    throw await failureBelow(tree, 'reading a dump', isGone ? gone() : error);
  }
}
