// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashStorage } from '../../storage/crash-storage.ts';
import { parseStoreSpec } from '../../storage/store-spec.ts';
import type { ProcessContext } from '../context.ts';
import { openDatabase } from './database.ts';
import { buildConfiguredStorage } from './storage-factories.ts';
import { openConfiguredStorage } from './storages.ts';

/** The store that somebody names on a command line: a type, `s3://bucket`, `fs:/path` or JSON; without one the configured store. */
export async function openNamedStorage(context: ProcessContext, spec: string | undefined): Promise<CrashStorage> {
  if (spec === undefined) return openConfiguredStorage(context, 'fs');
  const database = spec.includes('postgres') ? await openDatabase(context) : null;
  const store = await buildConfiguredStorage(context, database, parseStoreSpec(spec));
  context.releasers.add(`storage ${spec}`, () => store.close());
  return store;
}
