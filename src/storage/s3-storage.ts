// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import type { Dump } from '../crash/dump.ts';
import type { ProcessedCrash } from '../crash/processed-crash.ts';
import type { CrashReport, RawCrash } from '../crash/raw-crash.ts';
import { isErrorOf, SalvageError } from '../lib/errors.ts';
import { type CrashStorage, fullCapabilities, type ListFilter } from './crash-storage.ts';
import { storageErrors } from './errors.ts';
import { ObjectKeys, type ObjectLayout, objectLayouts, type ProcessedLayout } from './object-keys.ts';
import { S3Bucket, type S3BucketOptions } from './s3-bucket.ts';
import { listS3CrashIds } from './s3-listing.ts';
import { formatDumpNames, parseDumpNames, parseStoredJson } from './stored-json.ts';
import { verifiedDump } from './verified-dump.ts';

export interface S3StorageOptions extends S3BucketOptions {
  /** Before every key; empty in Antenna's layouts. */
  readonly prefix?: string;
  /** Where new raw crashes go. */
  readonly layout?: ObjectLayout;
  readonly processedLayout?: ProcessedLayout;
  /** Where raw crashes are looked for, most likely first. */
  readonly layoutsRead?: readonly ObjectLayout[];
}

/**
 * A bucket of S3 or of anything that speaks its language, in the layouts of Antenna and Socorro. Dumps first, then
 * their names, the raw crash last. Sizes and SHA-256 go with the objects as metadata and are checked when read.
 */
export class S3Storage implements CrashStorage {
  readonly name = 's3';
  readonly capabilities = fullCapabilities;
  readonly #bucket: S3Bucket;
  readonly #keys: ObjectKeys;
  readonly #layout: ObjectLayout;
  readonly #layoutsRead: readonly ObjectLayout[];

  constructor(options: S3StorageOptions) {
    this.#bucket = new S3Bucket(options);
    this.#keys = new ObjectKeys(options.prefix, options.processedLayout);
    this.#layout = options.layout ?? 'antenna-2018';
    const read = options.layoutsRead ?? objectLayouts;
    this.#layoutsRead = [this.#layout, ...read.filter((layout) => layout !== this.#layout)];
  }

  /** Looks at the bucket, then writes one fixed object: reading alone would not prove the right to write. */
  async check(signal?: AbortSignal): Promise<void> {
    await this.#bucket.check(signal);
    await this.#bucket.put(this.#keys.writeCheck(), Buffer.from('test'), signal);
  }

  async saveRawCrash(report: CrashReport, signal?: AbortSignal): Promise<void> {
    const { crashId, dumps } = report;
    const names = dumps.map((dump) => dump.name).sort();
    // One after the other: memory stays at one part of one dump, whatever the report holds.
    for (const dump of dumps) await this.#bucket.putDump(this.#keys.dump(crashId, dump.name, names), dump, signal);
    await this.#bucket.put(this.#keys.dumpNames(crashId), formatDumpNames(names), signal);
    await this.#bucket.put(this.#keys.rawCrash(this.#layout, crashId), report.rawCrashJson, signal);
  }

  async saveProcessedCrash(
    crashId: CrashId,
    processed: ProcessedCrash,
    _rawCrash: RawCrash,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#bucket.put(this.#keys.processedCrash(crashId), Buffer.from(JSON.stringify(processed)), signal);
  }

  async getRawCrash(crashId: CrashId, signal?: AbortSignal): Promise<RawCrash> {
    return parseStoredJson(await this.getRawCrashJson(crashId, signal), `raw crash ${crashId}`);
  }

  async getRawCrashJson(crashId: CrashId, signal?: AbortSignal): Promise<Uint8Array> {
    for (const layout of this.#layoutsRead) {
      const bytes = await this.#bucket.get(this.#keys.rawCrash(layout, crashId), signal);
      if (bytes) return bytes;
    }
    throw new SalvageError(storageErrors.crash_not_found, `raw crash ${crashId} is not in ${this.#bucket.url}`);
  }

  async getDumpNames(crashId: CrashId, signal?: AbortSignal): Promise<readonly string[]> {
    const bytes = await this.#bucket.get(this.#keys.dumpNames(crashId), signal);
    if (bytes) return parseDumpNames(bytes, crashId);
    // Names come before the raw crash: without them either nothing is there or something was lost.
    await this.getRawCrashJson(crashId, signal);
    throw new SalvageError(storageErrors.storage_corrupt, `the dump names of ${crashId} are missing`);
  }

  async getDump(crashId: CrashId, name: string, signal?: AbortSignal): Promise<Dump> {
    const names = await this.getDumpNames(crashId, signal);
    if (!names.includes(name)) {
      throw new SalvageError(storageErrors.crash_not_found, `crash ${crashId} has no dump ${name}`);
    }
    const key = this.#keys.dump(crashId, name, names);
    const head = await this.#bucket.head(key, signal);
    if (!head) throw new SalvageError(storageErrors.storage_corrupt, `dump ${name} of ${crashId} is missing`);
    return verifiedDump({ name, ...head, open: () => this.#bucket.stream(key) });
  }

  async getProcessedCrash(crashId: CrashId, signal?: AbortSignal): Promise<ProcessedCrash> {
    const bytes = await this.#bucket.get(this.#keys.processedCrash(crashId), signal);
    if (!bytes) {
      throw new SalvageError(storageErrors.crash_not_found, `processed crash ${crashId} is not in ${this.#bucket.url}`);
    }
    return parseStoredJson(bytes, `processed crash ${crashId}`);
  }

  /** The raw crash goes last: until then the crash is listed, and a delete that was cut short can be repeated. */
  async deleteCrash(crashId: CrashId, signal?: AbortSignal): Promise<void> {
    const raws = this.#layoutsRead.map((layout) => this.#keys.rawCrash(layout, crashId));
    const found = await Promise.all(
      [...raws, this.#keys.dumpNames(crashId), this.#keys.processedCrash(crashId)].map(async (key) =>
        (await this.#bucket.head(key, signal)) ? [key] : [],
      ),
    );
    if (found.flat().length === 0) {
      await this.#bucket.check(signal);
      throw new SalvageError(storageErrors.crash_not_found, `crash ${crashId} is not in ${this.#bucket.url}`);
    }
    const names = await this.getDumpNames(crashId, signal).catch((error) => {
      if (isErrorOf(error, storageErrors.storage_corrupt) || isErrorOf(error, storageErrors.crash_not_found)) return [];
      throw error;
    });
    const dumps = names.map((name) => this.#keys.dump(crashId, name, names));
    const others = [...dumps, this.#keys.processedCrash(crashId), this.#keys.dumpNames(crashId)];
    for (const key of [...others, ...raws]) await this.#bucket.delete(key, signal);
  }

  listCrashIds(filter: ListFilter = {}, signal?: AbortSignal): AsyncIterable<CrashId> {
    return listS3CrashIds(this.#bucket, this.#keys, this.#layoutsRead, filter, signal);
  }

  async close(): Promise<void> {
    this.#bucket.close();
  }
}
