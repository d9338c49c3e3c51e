// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { SalvageError } from '../../lib/errors.ts';
import { nodeFiles } from '../../lib/files.ts';
import type { CrashStorage } from '../../storage/crash-storage.ts';
import { FsStorage } from '../../storage/fs-storage.ts';
import { MemoryStorage } from '../../storage/memory-storage.ts';
import { NullStorage } from '../../storage/null-storage.ts';
import { fsStorageOptions } from '../../storage/storage-options.ts';
import type { ProcessContext } from '../context.ts';
import { binErrors } from '../errors.ts';
import { storageOptions } from '../options.ts';
import type { Database } from './database.ts';

type MakeStorage = (context: ProcessContext, database: Database | null) => CrashStorage | Promise<CrashStorage>;

const storages: Readonly<Record<string, MakeStorage>> = {
  null: ({ logger }) => new NullStorage({ logger }),
  memory: () => new MemoryStorage(),
  fs: ({ config, dataDir, clock }) =>
    new FsStorage({
      root: config.valuesOf(fsStorageOptions).root || join(dataDir, 'crashes'),
      files: nodeFiles,
      clock,
    }),
};

/** Last words of the class paths of Antenna and Socorro. */
const classNames: Readonly<Record<string, string>> = {
  NoOpCrashStorage: 'null',
  NullCrashStorage: 'null',
  InMemoryCrashStorage: 'memory',
  FSCrashStorage: 'fs',
};

/** The configured storage; `fallback` when nothing is configured. */
export async function openStorage(
  context: ProcessContext,
  fallback: string,
  database: Database | null,
): Promise<CrashStorage> {
  const configured = context.config.valuesOf(storageOptions).class || fallback;
  const name = classNames[configured.split('.').at(-1) as string] ?? configured;
  const make = Object.hasOwn(storages, name) ? storages[name] : undefined;
  if (!make) throw new SalvageError(binErrors.unknown_storage, `there is no storage "${configured}"`);
  const storage = await make(context, database);
  context.releasers.add(`storage ${storage.name}`, () => storage.close());
  return storage;
}
