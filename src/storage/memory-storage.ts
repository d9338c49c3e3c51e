// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type CrashId, dateOf } from '../crash/crash-id.ts';
import { type Dump, dumpFromBytes } from '../crash/dump.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../crash/raw-crash.ts';
import { SalvageError } from '../lib/errors.ts';
import { type CrashStorage, fullCapabilities, type ListFilter } from './crash-storage.ts';
import { storageErrors } from './errors.ts';
import { parseStoredJson } from './stored-json.ts';

interface StoredCrash {
  rawCrashJson: Uint8Array | null;
  dumps: Map<string, Uint8Array>;
  /** As text: what a caller changes in its object later must not change what is stored. */
  processedJson: string | null;
}

/** Everything in memory, without a limit: for tests and short-lived tools. */
export class MemoryStorage implements CrashStorage {
  readonly name = 'memory';
  readonly capabilities = fullCapabilities;
  readonly #crashes = new Map<CrashId, StoredCrash>();

  async check(): Promise<void> {}

  async saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    const dumps = new Map<string, Uint8Array>();
    for (const dump of report.dumps) {
      signal?.throwIfAborted();
      dumps.set(dump.name, await collect(dump));
    }
    const crash = this.#crashes.get(report.crashId);
    this.#crashes.set(report.crashId, {
      rawCrashJson: Uint8Array.from(report.rawCrashJson),
      dumps,
      processedJson: crash?.processedJson ?? null,
    });
  }

  async saveProcessedCrash(crashId: CrashId, processed: ProcessedCrash): Promise<void> {
    const crash = this.#crashes.get(crashId) ?? { rawCrashJson: null, dumps: new Map(), processedJson: null };
    crash.processedJson = JSON.stringify(processed);
    this.#crashes.set(crashId, crash);
  }

  async getRawCrash(crashId: CrashId): Promise<RawCrash> {
    return parseStoredJson(await this.getRawCrashJson(crashId), `raw crash ${crashId}`);
  }

  async getRawCrashJson(crashId: CrashId): Promise<Uint8Array> {
    return this.#crashes.get(crashId)?.rawCrashJson ?? notFound(crashId);
  }

  async getDumpNames(crashId: CrashId): Promise<readonly string[]> {
    await this.getRawCrashJson(crashId);
    return [...(this.#crashes.get(crashId)?.dumps.keys() ?? [])].sort();
  }

  async getDump(crashId: CrashId, name: string): Promise<Dump> {
    const bytes = this.#crashes.get(crashId)?.dumps.get(name) ?? notFound(`${crashId} dump ${name}`);
    return dumpFromBytes(name, bytes);
  }

  async getProcessedCrash(crashId: CrashId): Promise<ProcessedCrash> {
    const json = this.#crashes.get(crashId)?.processedJson ?? notFound(crashId);
    return parseStoredJson(Buffer.from(json), `processed crash ${crashId}`) as unknown as ProcessedCrash;
  }

  async deleteCrash(crashId: CrashId): Promise<void> {
    if (!this.#crashes.delete(crashId)) notFound(crashId);
  }

  async *listCrashIds(filter: ListFilter = {}): AsyncGenerator<CrashId> {
    for (const [crashId, crash] of [...this.#crashes]) {
      if (crash.rawCrashJson === null) continue;
      if (filter.date !== undefined && dateOf(crashId) !== filter.date) continue;
      if (filter.prefix !== undefined && !crashId.startsWith(filter.prefix)) continue;
      yield crashId;
    }
  }

  async close(): Promise<void> {}
}

async function collect(dump: Dump): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of dump.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function notFound(what: string): never {
  throw new SalvageError(storageErrors.crash_not_found, `${what} is not in this store`);
}
