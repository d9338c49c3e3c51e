// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isCrashId } from '../crash/crash-id.ts';
import type { Dump } from '../crash/dump.ts';
import { SalvageError } from '../lib/errors.ts';
import { storageErrors } from '../storage/errors.ts';
import { processorLimits } from './limits.ts';

/** A dump as a file. Nobody may change it: it may be the stored one. */
export interface DumpFile {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** The folder of one crash below a root: made when it is first asked for, removed with all that is in it. */
export class CrashFolder {
  readonly #prefix: string;
  #made: Promise<string> | null = null;
  #fileCount = 0;

  constructor(root: string, crashId: string) {
    this.#prefix = join(root, `${crashId}-`);
  }

  path(): Promise<string> {
    this.#made ??= mkdtemp(this.#prefix);
    return this.#made;
  }

  /** A path that no other file of this crash has; names of dumps come from clients and are no file names. */
  async newFile(suffix: string): Promise<string> {
    return join(await this.path(), `${this.#fileCount++}${suffix}`);
  }

  async remove(): Promise<void> {
    if (this.#made) await rm(await this.#made, { recursive: true, force: true, maxRetries: 2 });
  }
}

/** Stands for the crash id in folders of dumps that came by the services. */
export const serviceFolderName = 'service';

/** Folders that CrashFolder has made: what stands before the last dash is a crash id or the name of the services. */
function isCrashFolder(name: string): boolean {
  const owner = name.slice(0, name.lastIndexOf('-'));
  return owner === serviceFolderName || isCrashId(owner);
}

/** Removes folders that killed processors left behind: those that nobody has touched for so long. */
export async function removeLeftoverFolders(root: string, now: Date, untouchedMs: number): Promise<number> {
  let removed = 0;
  for (const name of await readdir(root)) {
    if (!isCrashFolder(name)) continue;
    const path = join(root, name);
    const touched = await stat(path).catch(() => null);
    if (!touched || now.getTime() - touched.mtimeMs < untouchedMs) continue;
    await rm(path, { recursive: true, force: true });
    removed++;
  }
  return removed;
}

/**
 * The dump as a file: the stored one where there is such a thing, else a copy in the folder, its size and SHA-256
 * checked on the way. A difference is `storage_corrupt`.
 */
export async function openDumpFile(dump: Dump, folder: CrashFolder, signal: AbortSignal): Promise<DumpFile> {
  const { name, localPath } = dump;
  if (localPath !== undefined) return { name, path: localPath, sizeBytes: dump.sizeBytes };
  const path = await folder.newFile('.dump');
  const hash = dump.sha256 === null ? null : createHash('sha256');
  let sizeBytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      hash?.update(chunk);
      if (sizeBytes > processorLimits.dumpBytesMax.value)
        done(new SalvageError(storageErrors.storage_corrupt, `dump ${name} is larger than the limit`));
      else done(null, chunk);
    },
  });
  await pipeline(Readable.from(dump.open()), count, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal });
  if (hash && hash.digest('hex') !== dump.sha256)
    throw new SalvageError(storageErrors.storage_corrupt, `dump ${name} does not match its SHA-256`);
  return { name, path, sizeBytes };
}
