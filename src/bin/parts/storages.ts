// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Config } from '../../config/config.ts';
import { payStorageDebts } from '../../storage/containers/pay-debts.ts';
import type { CrashStorage } from '../../storage/crash-storage.ts';
import { storageTreeOptions } from '../../storage/options.ts';
import type { ProcessContext } from '../context.ts';
import { storageOptions } from '../options.ts';
import type { Database } from './database.ts';
import { buildConfiguredStorage } from './storage-factories.ts';

/** The configured storage; `fallback` when nothing is configured. */
export async function openStorage(
  context: ProcessContext,
  fallback: string,
  database: Database | null,
): Promise<CrashStorage> {
  const configured = context.config.valuesOf(storageOptions).class || fallback;
  const { tree } = context.config.valuesOf(storageTreeOptions);
  const storage = await buildConfiguredStorage(context, database, tree ?? { type: configured });
  context.releasers.add(`storage ${storage.name}`, () => storage.close());
  if (longRunningRoles.includes(context.role)) startPayingDebts(storage, context);
  return storage;
}

const longRunningRoles: readonly string[] = ['serve', 'collector', 'processor'];

function startPayingDebts(storage: CrashStorage, { clock, logger, releasers }: ProcessContext): void {
  const ending = new AbortController();
  const paying = payStorageDebts(storage, { clock, logger }, ending.signal);
  releasers.add('outbox of stores', () => {
    ending.abort();
    return paying;
  });
}

/** False when nothing says where crashes go. */
export function isStorageConfigured(config: Config): boolean {
  return config.valuesOf(storageTreeOptions).tree !== null || config.valuesOf(storageOptions).class !== '';
}

/** True when the configured storage, or a leaf of its tree, is PostgreSQL. */
export function needsPostgres(config: Config): boolean {
  const { tree } = config.valuesOf(storageTreeOptions);
  return JSON.stringify(tree ?? config.valuesOf(storageOptions).class)
    .toLowerCase()
    .includes('postgres');
}

/** The configured storage for commands, with a database only where one of its leaves needs it. */
export async function openConfiguredStorage(context: ProcessContext, fallback: string): Promise<CrashStorage> {
  // Loaded only where it is used: a collector idles below 100 MB.
  const database = needsPostgres(context.config) ? await (await import('./database.ts')).openDatabase(context) : null;
  return openStorage(context, fallback, database);
}
