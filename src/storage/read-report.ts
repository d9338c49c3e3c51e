// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Dump } from '../crash/dump.ts';
import type { CrashReport, RawCrash } from '../crash/raw-crash.ts';
import { isJsonObject } from '../lib/json.ts';
import type { CrashStorage } from './crash-storage.ts';
import { verifiedDump } from './verified-dump.ts';

/** A stored report as it can be saved elsewhere; dumps are opened, and checked, only when they are read. */
export async function readReport(storage: CrashStorage, crashId: CrashId, signal?: AbortSignal): Promise<CrashReport> {
  const [rawCrash, rawCrashJson, names] = await Promise.all([
    storage.getRawCrash(crashId, signal),
    storage.getRawCrashJson(crashId, signal),
    storage.getDumpNames(crashId, signal),
  ]);
  const dumps: Dump[] = [];
  for (const name of names) dumps.push(checkedDump(rawCrash, await storage.getDump(crashId, name, signal)));
  return { crashId, rawCrash, rawCrashJson, dumps };
}

/** Trees of files have no place for checksums, but the collector wrote those of its dumps into the raw crash. */
function checkedDump(rawCrash: RawCrash, dump: Dump): Dump {
  if (dump.sha256 !== null) return dump;
  const { metadata, dump_checksums: of2018 } = rawCrash;
  const checksums = isJsonObject(metadata) ? metadata['dump_checksums'] : of2018;
  const sha256 = isJsonObject(checksums) ? checksums[dump.name] : null;
  // Socorro's own collector wrote MD5, which is shorter.
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return dump;
  return verifiedDump({ ...dump, sha256 });
}
