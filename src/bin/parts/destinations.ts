// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { processedFieldOf } from '../../crash/processed-crash.ts';
import { type Destination, makeExportDestination } from '../../processor/destinations.ts';
import { makeIndexDestination } from '../../processor/index-destination.ts';
import { processorOptions } from '../../processor/options.ts';
import type { SearchIndex } from '../../search/search-index.ts';
import type { ProcessContext } from '../context.ts';
import type { Database } from './database.ts';
import { buildConfiguredStorage } from './storage-factories.ts';

/** Where processed crashes go beside storage: the search index, and the export where one is configured. */
export async function openDestinations(
  context: ProcessContext,
  database: Database,
  search: SearchIndex,
): Promise<readonly Destination[]> {
  const { exportStorage, exportFields } = context.config.valuesOf(processorOptions);
  const index = makeIndexDestination(search, context.clock);
  if (exportStorage === null) return [index];
  const storage = await buildConfiguredStorage(context, database, exportStorage);
  context.releasers.add('export storage', () => storage.close());
  for (const name of exportFields)
    if (processedFieldOf(name)?.permission !== 'public')
      context.logger.warning(
        `processor.exportFields: ${name} is no public field (docs/processed-crash.md): not exported`,
      );
  return [index, makeExportDestination('export', storage, exportFields.length > 0 ? new Set(exportFields) : null)];
}
