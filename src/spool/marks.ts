// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { readWholeFile } from '../lib/durable-files.ts';
import { errorCode, type Files, type OpenFile } from '../lib/files.ts';

/** What was noted of a segment's entries: by their offset in the log. */
export interface MarkedEntries {
  readonly removed: Set<number>;
  /** Steps that are done for entries that are not removed yet. */
  readonly notes: Map<number, Set<string>>;
}

const marksBytesMax = 64 * 1024 * 1024;

/**
 * The file `done` of a segment: one line a mark, `R <offset>` for an entry that is gone, `N <offset> <step>` for a step
 * that is done, each with a CRC-32. Marks are written at once and synced only on demand: one that a power cut takes
 * away means that a crash moves a second time, which every stage allows.
 */
export class Marks {
  readonly #files: Files;
  readonly #path: string;
  #file: OpenFile | null = null;
  #size = 0;
  #isNew = false;
  #pending: string[] = [];
  #writing: Promise<void> | null = null;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Resolves when the mark is written: it outlives a kill of this process. */
  remove(offset: number): Promise<void> {
    return this.#append(`R ${offset}`);
  }

  note(offset: number, step: string): Promise<void> {
    return this.#append(`N ${offset} ${JSON.stringify(step)}`);
  }

  /** Resolves when the marks so far outlive a power cut too. */
  async sync(): Promise<void> {
    await this.#writing;
    await this.#file?.datasync();
    if (!this.#isNew) return;
    await this.#files.syncDirectory(dirname(this.#path));
    this.#isNew = false;
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => {});
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  /** Lines that come while one write runs share the next one. */
  #append(line: string): Promise<void> {
    this.#pending.push(`${line} ${checkOf(line)}\n`);
    this.#writing ??= Promise.resolve().then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    try {
      const file = (this.#file ??= await this.#open());
      while (this.#pending.length > 0) {
        const bytes = Buffer.from(this.#pending.join(''));
        this.#pending = [];
        await file.writev([bytes], this.#size);
        this.#size += bytes.length;
      }
    } finally {
      this.#writing = null;
    }
  }

  async #open(): Promise<OpenFile> {
    let file: OpenFile;
    try {
      file = await this.#files.open(this.#path, 'update');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      file = await this.#files.open(this.#path, 'create');
      this.#isNew = true;
    }
    this.#size = await file.sizeBytes();
    // A kill may have left half a line: an empty one behind it keeps the next mark readable.
    if (this.#size > 0) this.#pending.unshift('\n');
    return file;
  }
}

/** Reads a `done` file; none = nothing is done. Lines that do not check are left out: those crashes move again. */
export async function readMarks(files: Files, path: string): Promise<MarkedEntries> {
  const marked: MarkedEntries = { removed: new Set(), notes: new Map() };
  let text: string;
  try {
    text = (await readWholeFile(files, path, marksBytesMax)).toString('utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return marked;
    throw error;
  }
  for (const line of text.split('\n')) applyMark(marked, line);
  return marked;
}

function applyMark(marked: MarkedEntries, line: string): void {
  const match = /^(R (\d+)|N (\d+) (".*")) ([0-9a-f]{8})$/.exec(line);
  if (!match || match[5] !== checkOf(match[1] as string)) return;
  if (match[2] !== undefined) {
    marked.removed.add(Number(match[2]));
    marked.notes.delete(Number(match[2]));
    return;
  }
  const offset = Number(match[3]);
  if (marked.removed.has(offset)) return;
  const steps = marked.notes.get(offset) ?? new Set();
  marked.notes.set(offset, steps.add(JSON.parse(match[4] as string) as string));
}

function checkOf(line: string): string {
  return crc32(line).toString(16).padStart(8, '0');
}
