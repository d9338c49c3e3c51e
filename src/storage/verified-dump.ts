// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import type { Dump } from '../crash/dump.ts';
import { SalvageError } from '../lib/errors.ts';
import { storageErrors } from './errors.ts';

/** A dump that checks its own size and, where known, SHA-256 while it is read; `storage_corrupt` at the end if wrong. */
export function verifiedDump(dump: Dump): Dump {
  return { ...dump, open: () => verify(dump) };
}

async function* verify(dump: Dump): AsyncGenerator<Uint8Array> {
  const hash = dump.sha256 === null ? null : createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of dump.open()) {
    sizeBytes += chunk.length;
    hash?.update(chunk);
    yield chunk;
  }
  if (sizeBytes !== dump.sizeBytes) {
    throw new SalvageError(
      storageErrors.storage_corrupt,
      `dump ${dump.name} has ${sizeBytes} bytes instead of ${dump.sizeBytes}`,
    );
  }
  if (hash && hash.digest('hex') !== dump.sha256) {
    throw new SalvageError(storageErrors.storage_corrupt, `dump ${dump.name} does not have its SHA-256`);
  }
}
