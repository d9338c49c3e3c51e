// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import type { Dump } from '../../crash/dump.ts';
import type { ProcessedCrash } from '../../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../../crash/raw-crash.ts';
import { SalvageError } from '../../lib/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { CrashStorage } from '../crash-storage.ts';
import { storageErrors } from '../errors.ts';
import { WrappedStorage } from './wrapped-storage.ts';

export interface RedactingStorageOptions {
  readonly wrapped: CrashStorage;
  /** Dotted paths that may pass, e.g. `json_dump.system_info`; `*` = everything. Nothing else does. */
  readonly rawAllowed: readonly string[];
  readonly processedAllowed: readonly string[];
  /** Names of dumps that may pass; `*` = all. */
  readonly dumpsAllowed: readonly string[];
}

/** Lets through only what is on its lists, both when saving and when reading; inputs stay as they are. */
export class RedactingStorage extends WrappedStorage {
  readonly #options: RedactingStorageOptions;

  constructor(options: RedactingStorageOptions) {
    super('redacting', options.wrapped);
    this.#options = options;
  }

  override async saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    const { rawAllowed } = this.#options;
    const rawCrash = allowed(report.rawCrash, rawAllowed);
    // With nothing to hide the bytes stay the collector's own.
    const rawCrashJson = rawAllowed.includes('*') ? report.rawCrashJson : Buffer.from(JSON.stringify(rawCrash));
    const dumps = report.dumps.filter(({ name }) => this.#isDumpAllowed(name));
    await this.wrapped.saveRawCrash({ ...report, rawCrash, rawCrashJson, dumps }, signal);
  }

  override async saveProcessedCrash(
    crashId: CrashId,
    processed: ProcessedCrash,
    rawCrash: RawCrash,
    signal?: AbortSignal,
  ): Promise<void> {
    const { rawAllowed, processedAllowed } = this.#options;
    const reduced = allowed(processed as JsonObject, processedAllowed) as ProcessedCrash;
    await this.wrapped.saveProcessedCrash(crashId, reduced, allowed(rawCrash, rawAllowed), signal);
  }

  override async getRawCrash(crashId: CrashId, signal?: AbortSignal): Promise<RawCrash> {
    return allowed(await this.wrapped.getRawCrash(crashId, signal), this.#options.rawAllowed);
  }

  override async getRawCrashJson(crashId: CrashId, signal?: AbortSignal): Promise<Uint8Array> {
    if (this.#options.rawAllowed.includes('*')) return this.wrapped.getRawCrashJson(crashId, signal);
    return Buffer.from(JSON.stringify(await this.getRawCrash(crashId, signal)));
  }

  override async getDumpNames(crashId: CrashId, signal?: AbortSignal): Promise<readonly string[]> {
    return (await this.wrapped.getDumpNames(crashId, signal)).filter((name) => this.#isDumpAllowed(name));
  }

  override async getDump(crashId: CrashId, name: string, signal?: AbortSignal): Promise<Dump> {
    if (this.#isDumpAllowed(name)) return this.wrapped.getDump(crashId, name, signal);
    throw new SalvageError(storageErrors.crash_not_found, `dump ${name} is not on the allow list`);
  }

  override async getProcessedCrash(crashId: CrashId, signal?: AbortSignal): Promise<ProcessedCrash> {
    const processed = await this.wrapped.getProcessedCrash(crashId, signal);
    return allowed(processed as JsonObject, this.#options.processedAllowed) as ProcessedCrash;
  }

  #isDumpAllowed(name: string): boolean {
    const { dumpsAllowed } = this.#options;
    return dumpsAllowed.includes('*') || dumpsAllowed.includes(name);
  }
}

/** A copy with only the paths of the list. A path passes all below it. */
export function allowed(value: JsonObject, paths: readonly string[]): JsonObject {
  if (paths.includes('*')) return value;
  const kept: JsonObject = Object.create(null) as JsonObject;
  for (const [key, item] of Object.entries(value)) {
    if (paths.includes(key)) {
      kept[key] = item;
      continue;
    }
    const below = paths.filter((path) => path.startsWith(`${key}.`)).map((path) => path.slice(key.length + 1));
    if (below.length === 0) continue;
    const part = allowedBelow(item, below);
    if (part !== undefined) kept[key] = part;
  }
  return kept;
}

/** Lists pass element by element, so that `threads.frames` means the frames of every thread. */
function allowedBelow(item: JsonValue, paths: readonly string[]): JsonValue | undefined {
  if (Array.isArray(item)) return item.filter(isJsonObject).map((one) => allowed(one, paths));
  return isJsonObject(item) ? allowed(item, paths) : undefined;
}
