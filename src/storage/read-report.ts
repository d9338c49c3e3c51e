// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Dump } from '../crash/dump.ts';
import type { CrashReport } from '../crash/raw-crash.ts';
import type { CrashStorage } from './crash-storage.ts';

/** A stored report as it can be saved elsewhere; dumps are opened only when they are read. */
export async function readReport(storage: CrashStorage, crashId: CrashId, signal?: AbortSignal): Promise<CrashReport> {
  const [rawCrash, rawCrashJson, names] = await Promise.all([
    storage.getRawCrash(crashId, signal),
    storage.getRawCrashJson(crashId, signal),
    storage.getDumpNames(crashId, signal),
  ]);
  const dumps: Dump[] = [];
  for (const name of names) dumps.push(await storage.getDump(crashId, name, signal));
  return { crashId, rawCrash, rawCrashJson, dumps };
}
