// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { isCrashId } from '../crash/crash-id.ts';
import { makeDirectory, readWholeFile, replaceFile } from '../lib/durable-files.ts';
import { SalvageError } from '../lib/errors.ts';
import { errorCode, type Files } from '../lib/files.ts';
import { storageErrors } from './errors.ts';
import type { TreeFamily } from './radix-paths.ts';

/**
 * Makes the root and marks it with its family of trees; refuses one that is marked with, or holds, another. In a mixed
 * root deletes of one family take files of the other.
 */
export async function claimRoot(files: Files, root: string, family: TreeFamily): Promise<void> {
  await makeDirectory(files, join(root, '.salvage'));
  const marker = join(root, '.salvage-tree');
  const found = (await readMarker(files, marker)) ?? (await detectFamily(files, root)) ?? family;
  if (found !== family) {
    throw new SalvageError(storageErrors.storage_refused, `${root} holds a tree of the ${found} family, not ${family}`);
  }
  if ((await files.stat(marker)) === null) await replaceFile(files, marker, Buffer.from(`${family}\n`));
}

async function readMarker(files: Files, marker: string): Promise<string | null> {
  try {
    return (await readWholeFile(files, marker, 100)).toString('utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** What an unmarked root from another program holds, judged by its first crash; null for an empty one. */
async function detectFamily(files: Files, root: string): Promise<string | null> {
  for (const day of (await files.list(root)).filter((name) => /^(\d{8}|\d{2})$/.test(name))) {
    if (await files.stat(join(root, day, 'raw_crash'))) return 'antenna';
    const family = await familyBelow(files, join(root, day, 'name'), 0);
    if (family !== null) return family;
  }
  return null;
}

async function familyBelow(files: Files, directory: string, depth: number): Promise<TreeFamily | null> {
  const names = (await files.stat(directory))?.isDirectory ? await files.list(directory) : [];
  if (names.some((name) => name.endsWith('.json') && isCrashId(name.slice(0, -5)))) return 'legacy';
  const crash = names.find(isCrashId);
  if (crash !== undefined && (await files.stat(join(directory, crash, `${crash}.json`)))) return 'radix';
  for (const name of depth < 4 ? names.filter((one) => /^[0-9a-f]{2}$/.test(one)) : []) {
    const family = await familyBelow(files, join(directory, name), depth + 1);
    if (family !== null) return family;
  }
  return null;
}
