// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Dump } from '../crash/dump.ts';
import { SalvageError } from '../lib/errors.ts';
import { storageErrors } from '../storage/errors.ts';
import { processorLimits } from './limits.ts';

/** A dump as a file of its own. */
export interface DumpFile {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** Makes the folder of one crash below `root`. It holds the crash's dumps and nothing else. */
export function makeCrashFolder(root: string, crashId: string): Promise<string> {
  return mkdtemp(join(root, `${crashId}-`));
}

export async function removeCrashFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 2 });
}

/**
 * Writes a dump into the folder under a number (dump names come from clients and are no file names), checking size
 * and SHA-256 on the way. A difference is `storage_corrupt`.
 */
export async function writeDumpFile(
  dump: Dump,
  folder: string,
  number: number,
  signal: AbortSignal,
): Promise<DumpFile> {
  const path = join(folder, `${number}.dump`);
  const hash = dump.sha256 === null ? null : createHash('sha256');
  let sizeBytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      hash?.update(chunk);
      if (sizeBytes > processorLimits.dumpBytesMax.value)
        done(new SalvageError(storageErrors.storage_corrupt, `dump ${dump.name} is larger than the limit`));
      else done(null, chunk);
    },
  });
  await pipeline(Readable.from(dump.open()), count, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal });
  if (hash && hash.digest('hex') !== dump.sha256)
    throw new SalvageError(storageErrors.storage_corrupt, `dump ${dump.name} does not match its SHA-256`);
  return { name: dump.name, path, sizeBytes };
}
