// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { type CrashId, isCrashId } from '../crash/crash-id.ts';
import type { Clock } from '../lib/clock.ts';
import { readWholeFile, replaceFile } from '../lib/durable-files.ts';
import type { Files, OpenFile } from '../lib/files.ts';
import type { Logger } from '../lib/log.ts';
import { spoolLimits } from './limits.ts';

interface KnownReport {
  readonly crashId: CrashId;
  readonly atMs: number;
}

const fileBytesMax = 64 * 1024 * 1024;

/**
 * Which crash id a report got, for a client that sends it again because our answer was lost. Bounded in number and
 * age; one JSON line a report in `known-reports`, written without a sync (best effort: it outlives a kill, a power
 * cut may take its last lines).
 */
export class KnownReports {
  readonly #files: Files;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #reports = new Map<string, KnownReport>();
  #file: OpenFile | null = null;
  #fileBytes = 0;
  #lineCount = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(files: Files, directory: string, clock: Clock, logger: Logger) {
    this.#files = files;
    this.#path = join(directory, 'known-reports');
    this.#clock = clock;
    this.#logger = logger;
  }

  async load(): Promise<void> {
    if (!(await this.#files.stat(this.#path))) return;
    const text = (await readWholeFile(this.#files, this.#path, fileBytesMax)).toString('utf8');
    for (const line of text.split('\n')) {
      const known = parseLine(line);
      if (known) this.#remember(known.key, known);
    }
    await this.#compact();
  }

  get(key: string): CrashId | undefined {
    const known = this.#reports.get(key);
    if (!known) return undefined;
    const ageMs = this.#clock.now().getTime() - known.atMs;
    return ageMs <= spoolLimits.knownReportsAgeMaxMs.value ? known.crashId : undefined;
  }

  add(key: string, crashId: CrashId): void {
    if (key.length > spoolLimits.knownReportKeyCharactersMax.value) return;
    const known = { crashId, atMs: this.#clock.now().getTime() };
    this.#remember(key, known);
    this.#writing = this.#writing
      .then(() => this.#append(`${JSON.stringify([key, crashId, known.atMs])}\n`))
      .catch((error: unknown) => this.#logger.warning('the table of known reports could not be written', { error }));
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.close();
    this.#file = null;
  }

  #remember(key: string, known: KnownReport): void {
    this.#reports.delete(key);
    this.#reports.set(key, known);
    const oldestMs = this.#clock.now().getTime() - spoolLimits.knownReportsAgeMaxMs.value;
    for (const [oldKey, old] of this.#reports) {
      if (this.#reports.size <= spoolLimits.knownReportsMax.value && old.atMs >= oldestMs) break;
      this.#reports.delete(oldKey);
    }
  }

  async #append(line: string): Promise<void> {
    if (this.#lineCount > 2 * this.#reports.size + 1000) await this.#compact();
    if (!this.#file) {
      const exists = await this.#files.stat(this.#path);
      this.#file = await this.#files.open(this.#path, exists ? 'update' : 'create');
      this.#fileBytes = exists?.sizeBytes ?? 0;
    }
    const bytes = Buffer.from(line);
    await this.#file.writev([bytes], this.#fileBytes);
    this.#fileBytes += bytes.length;
    this.#lineCount += 1;
  }

  async #compact(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    const lines = [...this.#reports].map(([key, { crashId, atMs }]) => `${JSON.stringify([key, crashId, atMs])}\n`);
    await replaceFile(this.#files, this.#path, Buffer.from(lines.join('')));
    this.#lineCount = this.#reports.size;
  }
}

function parseLine(line: string): (KnownReport & { key: string }) | null {
  try {
    const value: unknown = JSON.parse(line);
    if (!Array.isArray(value)) return null;
    const [key, crashId, atMs] = value as unknown[];
    if (typeof key !== 'string' || typeof crashId !== 'string' || typeof atMs !== 'number') return null;
    return isCrashId(crashId) ? { key, crashId, atMs } : null;
  } catch {
    return null;
  }
}
