// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { eachConcurrently } from '../lib/each-concurrently.ts';
import { isErrorOf, SalvageError } from '../lib/errors.ts';
import type { CrashStorage } from './crash-storage.ts';
import { storageErrors } from './errors.ts';
import { readReport } from './read-report.ts';

export interface VerifyProgress {
  readonly whole: number;
  readonly failed: number;
}

export interface VerifyOptions {
  readonly concurrency: number;
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly onFailure?: (crashId: CrashId, error: unknown) => void;
  readonly signal?: AbortSignal;
}

/** Reads everything of each crash and checks sizes and checksums; a damaged one is told and counted, the rest goes on. */
export async function verifyCrashes(
  storage: CrashStorage,
  crashIds: AsyncIterable<CrashId>,
  { concurrency, onProgress, onFailure, signal }: VerifyOptions,
): Promise<VerifyProgress> {
  const progress = { whole: 0, failed: 0 };
  const verify = async (crashId: CrashId) => {
    try {
      await verifyCrash(storage, crashId, signal);
      progress.whole += 1;
    } catch (error) {
      if (signal?.aborted) return;
      progress.failed += 1;
      onFailure?.(crashId, error);
    }
    onProgress?.(progress);
  };
  await eachConcurrently(crashIds, concurrency, verify, signal);
  return progress;
}

async function verifyCrash(storage: CrashStorage, crashId: CrashId, signal?: AbortSignal): Promise<void> {
  const { dumps } = await readReport(storage, crashId, signal);
  for (const { name, sizeBytes, open } of dumps) {
    let readBytes = 0;
    for await (const chunk of open()) {
      signal?.throwIfAborted();
      readBytes += chunk.length;
    }
    if (readBytes !== sizeBytes) {
      const message = `dump ${name} has ${readBytes} of ${sizeBytes} bytes`;
      throw new SalvageError(storageErrors.storage_corrupt, message);
    }
  }
  if (!storage.capabilities.readsProcessed) return;
  await storage.getProcessedCrash(crashId, signal).catch((error: unknown) => {
    if (!isErrorOf(error, storageErrors.crash_not_found)) throw error;
  });
}
