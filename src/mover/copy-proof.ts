// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Dump } from '../crash/dump.ts';
import type { CrashReport } from '../crash/raw-crash.ts';
import { isErrorOf, SalvageError } from '../lib/errors.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import { storageErrors } from '../storage/errors.ts';

/** A dump whose SHA-256 is known once it was read to its end, however little its store knows of it. */
export interface DigestedDump extends Dump {
  /** Reads the source only if nobody has read it yet. */
  digest(): Promise<string>;
}

export interface DigestedReport extends CrashReport {
  readonly dumps: readonly DigestedDump[];
}

/** The report with dumps that are hashed on their way: proving a copy reads the source once, not twice. */
export function withDigests(report: CrashReport): DigestedReport {
  return {
    crashId: report.crashId,
    rawCrash: report.rawCrash,
    rawCrashJson: report.rawCrashJson,
    dumps: report.dumps.map(digestedDump),
  };
}

function digestedDump(source: Dump): DigestedDump {
  const { name, sizeBytes, sha256 } = source;
  let digest: string | null = null;
  const dump: DigestedDump = {
    name,
    sizeBytes,
    sha256,
    async *open() {
      const hash = createHash('sha256');
      let readBytes = 0;
      for await (const chunk of source.open()) {
        hash.update(chunk);
        readBytes += chunk.length;
        yield chunk;
      }
      digest = hash.digest('hex');
      if (readBytes !== sizeBytes || (sha256 !== null && sha256 !== digest))
        throw new SalvageError(storageErrors.storage_corrupt, `dump ${name} is not what its store says it is`);
    },
    async digest() {
      if (digest === null) for await (const _ of dump.open());
      return digest as unknown as string;
    },
  };
  return dump;
}

/** True if the store gives back the same raw crash and the same dumps, by size or by all their bytes. */
export async function holdsSameReport(
  storage: CrashStorage,
  report: DigestedReport,
  depth: 'sizes' | 'bytes',
  signal?: AbortSignal,
): Promise<boolean> {
  const { crashId } = report;
  try {
    if (!(await holdsSameRawCrash(storage, report, signal))) return false;
    const names = [...(await storage.getDumpNames(crashId, signal))].sort();
    if (!isDeepStrictEqual(names, report.dumps.map(({ name }) => name).sort())) return false;
    for (const dump of report.dumps) {
      const copy = await storage.getDump(crashId, dump.name, signal);
      if (copy.sizeBytes !== dump.sizeBytes) return false;
      if (depth === 'bytes' && (await sha256Of(copy)) !== (await dump.digest())) return false;
    }
    return true;
  } catch (error) {
    // A damaged or half-written copy is no copy; an outage is no answer.
    if (isErrorOf(error, storageErrors.crash_not_found) || isErrorOf(error, storageErrors.storage_corrupt))
      return false;
    throw error;
  }
}

/** The same bytes, or in stores that keep JSON as values the same values. */
async function holdsSameRawCrash(
  storage: CrashStorage,
  report: DigestedReport,
  signal?: AbortSignal,
): Promise<boolean> {
  const bytes = await storage.getRawCrashJson(report.crashId, signal);
  if (Buffer.compare(bytes, report.rawCrashJson) === 0) return true;
  return isSameJson(await storage.getRawCrash(report.crashId, signal), report.rawCrash);
}

/** Equal values, whatever the order of their keys and the prototypes of their objects. */
export function isSameJson(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(plain(one), plain(other));
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

async function sha256Of(dump: Dump): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of dump.open()) hash.update(chunk);
  return hash.digest('hex');
}
