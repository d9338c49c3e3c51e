// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const loadedMax = 4;

/**
 * Which items of a long job are done, in a directory with one text file a group, so that a job which was stopped goes on
 * where it was. Only the files of a few groups are in memory at a time. Not synced: losing its end repeats some items.
 */
export class DoneLog {
  readonly #directory: string;
  readonly #groupOf: (key: string) => string;
  readonly #loaded = new Map<string, Promise<Set<string>>>();

  /** `groupOf` names the file of a key, e.g. the day of a crash id; letters and digits only. */
  constructor(directory: string, groupOf: (key: string) => string) {
    this.#directory = directory;
    this.#groupOf = groupOf;
  }

  async has(key: string): Promise<boolean> {
    return (await this.#group(key)).has(key);
  }

  async add(key: string): Promise<void> {
    const keys = await this.#group(key);
    await appendFile(this.#path(key), `${key}\n`);
    keys.add(key);
  }

  #group(key: string): Promise<Set<string>> {
    const group = this.#groupOf(key);
    const loaded = this.#loaded.get(group) ?? this.#load(key);
    this.#loaded.delete(group);
    this.#loaded.set(group, loaded);
    const oldest = this.#loaded.keys().next();
    if (this.#loaded.size > loadedMax && !oldest.done) this.#loaded.delete(oldest.value);
    return loaded;
  }

  async #load(key: string): Promise<Set<string>> {
    await mkdir(this.#directory, { recursive: true });
    const text = await readFile(this.#path(key), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    // A kill may have cut the last line short: it is no key then, and its item comes again.
    return new Set(
      text
        .slice(0, text.lastIndexOf('\n') + 1)
        .split('\n')
        .filter(Boolean),
    );
  }

  #path(key: string): string {
    return join(this.#directory, `${this.#groupOf(key)}.done`);
  }
}
