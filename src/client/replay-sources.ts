// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createReadStream } from 'node:fs';
import { opendir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { CrashId } from '../crash/crash-id.ts';
import type { Dump } from '../crash/dump.ts';
import { mainDumpName } from '../crash/raw-crash.ts';
import type { CrashStorage } from '../storage/crash-storage.ts';
import type { ReplayItem } from './submitter.ts';

/** Crashes of a store by their ids. */
export async function* replayFromStorage(
  storage: CrashStorage,
  crashIds: AsyncIterable<CrashId>,
): AsyncGenerator<ReplayItem> {
  for await (const crashId of crashIds)
    yield {
      key: crashId,
      async load() {
        const rawCrashJson = await storage.getRawCrashJson(crashId);
        const names = await storage.getDumpNames(crashId);
        return { rawCrashJson, dumps: await Promise.all(names.map((name) => storage.getDump(crashId, name))) };
      },
    };
}

/**
 * Crashes of a directory tree, however they came there: every `STEM.json` with the files `STEM<suffix>` (the main dump)
 * and `STEM.NAME<suffix>` beside it, as in Socorro's file-system walker.
 */
export async function* replayFromTree(root: string, suffix: string): AsyncGenerator<ReplayItem> {
  const entries = await opendir(root);
  for await (const entry of entries) {
    const path = join(root, entry.name);
    if (entry.isDirectory()) yield* replayFromTree(path, suffix);
    else if (entry.isFile() && entry.name.endsWith('.json')) yield treeItem(path, suffix);
  }
}

function treeItem(path: string, suffix: string): ReplayItem {
  const stem = basename(path, '.json');
  return {
    key: path,
    async load() {
      const files = (await readdir(dirname(path))).filter(
        (name) => name.startsWith(`${stem}.`) && name.endsWith(suffix),
      );
      const main = `${stem}${suffix}`;
      const dumps = await Promise.all(
        files.sort().map((name) => {
          const dumpName = name === main ? mainDumpName : name.slice(stem.length + 1, -suffix.length);
          return fileDump(dumpName, join(dirname(path), name));
        }),
      );
      return { rawCrashJson: await readFile(path), dumps };
    },
  };
}

async function fileDump(name: string, path: string): Promise<Dump> {
  const { size } = await stat(path);
  return {
    name,
    sizeBytes: size,
    sha256: null,
    localPath: path,
    open: () => createReadStream(path) as AsyncIterable<Buffer>,
  };
}
