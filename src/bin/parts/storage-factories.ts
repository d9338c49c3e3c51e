// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { SalvageError } from '../../lib/errors.ts';
import { nodeFiles } from '../../lib/files.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { OptionGroup, OptionSet, OptionValues } from '../../lib/options.ts';
import { type BuildParts, buildStorage, type StorageConfig } from '../../storage/containers/build-storage.ts';
import type { CrashStorage } from '../../storage/crash-storage.ts';
import { DatedSlots } from '../../storage/dated-slots.ts';
import { storageErrors } from '../../storage/errors.ts';
import { FileOutbox } from '../../storage/file-outbox.ts';
import { FsStorage } from '../../storage/fs-storage.ts';
import { MemoryStorage } from '../../storage/memory-storage.ts';
import { NullStorage } from '../../storage/null-storage.ts';
import { fsStorageOptions, s3Options, treeStorageOptions } from '../../storage/options.ts';
import type { Outbox, OutboxAdmin } from '../../storage/outbox.ts';
import { PairedOutbox } from '../../storage/paired-outbox.ts';
import type { DebtKind } from '../../storage/postgres-outbox.ts';
import type { TreeShape } from '../../storage/radix-paths.ts';
import { RadixStorage } from '../../storage/radix-storage.ts';
import type { ProcessContext } from '../context.ts';
import type { Database } from './database.ts';

/** Builds the store or tree of stores that `config` describes; what a leaf leaves out comes from its options. */
export async function buildConfiguredStorage(
  context: ProcessContext,
  database: Database | null,
  config: StorageConfig,
): Promise<CrashStorage> {
  const { clock, logger, metrics } = context;
  return buildStorage(config, {
    clock,
    logger,
    metrics,
    factories: storageFactories(context, database),
    outbox: {
      raw: await openPairedOutbox(context, database, 'raw'),
      processed: await openPairedOutbox(context, database, 'processed'),
    },
  });
}

/** Debts in PostgreSQL, and in files while it is away; in files alone where there is none. */
async function openPairedOutbox(context: ProcessContext, database: Database | null, kind: DebtKind): Promise<Outbox> {
  const files = await openOutbox(context, null, kind);
  return database ? new PairedOutbox(await openOutbox(context, database, kind), files) : files;
}

/** The debts of one place: of PostgreSQL, or of the files. */
export async function openOutbox(
  { dataDir, clock }: ProcessContext,
  database: Database | null,
  kind: DebtKind,
): Promise<OutboxAdmin> {
  if (database) return new (await import('../../storage/postgres-outbox.ts')).PostgresOutbox(database.pool, kind);
  return new FileOutbox({ directory: join(dataDir, 'outbox', kind), files: nodeFiles, clock });
}

function storageFactories(context: ProcessContext, database: Database | null): BuildParts['factories'] {
  const { logger, clock, dataDir } = context;
  return {
    null(json) {
      optionsOf(context, null, json);
      return new NullStorage({ logger });
    },
    memory(json) {
      optionsOf(context, null, json);
      return new MemoryStorage();
    },
    fs(json) {
      const { root } = optionsOf(context, fsStorageOptions, json);
      return new FsStorage({ root: root || join(dataDir, 'crashes'), files: nodeFiles, clock });
    },
    async s3(json) {
      // Loaded only where it is used: the SDK costs 100 ms of every start.
      const { S3Storage } = await import('../../storage/s3-storage.ts');
      const { bucket, ...options } = optionsOf(context, s3Options, json);
      if (bucket === '') throw new SalvageError(storageErrors.storage_bad_wiring, 'the S3 storage needs a bucket');
      return new S3Storage({ bucket, ...options });
    },
    async postgres(json) {
      optionsOf(context, null, json);
      if (database)
        return new (await import('../../storage/postgres-storage.ts')).PostgresStorage({ pool: database.pool });
      throw new SalvageError(storageErrors.storage_bad_wiring, 'the storage "postgres" needs a database');
    },
    radix: (json) => openTree(context, json, { family: 'radix', dayNames: 'date' }, false),
    legacy: (json) => openTree(context, json, { family: 'legacy', dayNames: 'date' }, false),
    'dated-radix': (json) => openTree(context, json, { family: 'radix', dayNames: 'date' }, true),
    'dated-legacy': (json) => openTree(context, json, { family: 'legacy', dayNames: 'date' }, true),
    temporary: (json) => openTree(context, json, { family: 'legacy', dayNames: 'day' }, true),
  };
}

function openTree(context: ProcessContext, json: JsonObject, shape: TreeShape, isDated: boolean): CrashStorage {
  const root = optionsOf(context, treeStorageOptions, json).root || join(context.dataDir, 'radix');
  const parts = { ...shape, root, files: nodeFiles };
  return new RadixStorage(isDated ? { ...parts, slots: new DatedSlots({ ...parts, clock: context.clock }) } : parts);
}

/** The configured values of a group, overridden by those of a leaf; a key that the group does not have is refused. */
function optionsOf<S extends OptionSet>(
  { config }: ProcessContext,
  group: OptionGroup<S> | null,
  json: JsonObject,
): OptionValues<S> {
  const values: Record<string, unknown> = group ? { ...config.valuesOf(group) } : {};
  for (const [key, value] of Object.entries(json)) {
    const option = group && Object.hasOwn(group.options, key) ? group.options[key] : undefined;
    const known = Object.keys(group?.options ?? {}).join(', ') || 'none';
    if (!option) throw new SalvageError(storageErrors.storage_bad_wiring, `unknown option ${key}; known are: ${known}`);
    try {
      values[key] = option.parse(value);
    } catch (cause) {
      const message = `option ${key} ${(cause as Error).message}`;
      throw new SalvageError(storageErrors.storage_bad_wiring, message, { cause });
    }
  }
  return values as OptionValues<S>;
}
