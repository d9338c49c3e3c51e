// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { join } from 'node:path';
import { loadPipelines } from '../processor/load-settings.ts';
import { processorOptions } from '../processor/options.ts';
import { makeServiceServer } from '../processor/services.ts';
import { PostgresSearch } from '../search/postgres-search.ts';
import type { ProcessContext } from './context.ts';
import { openDatabase } from './parts/database.ts';
import { openJobs, startJobs } from './parts/jobs.ts';
import { listen } from './parts/listen.ts';
import { makeOwnStatus } from './parts/own-status.ts';
import { openSignatureLists, startProcessing } from './parts/processing.ts';
import { openQueue } from './parts/queues.ts';
import { startTellingStatus } from './parts/status.ts';
import { openStorage } from './parts/storages.ts';
import { openWalker } from './parts/walkers.ts';

/** Processing alone: queue to storage and index, scheduled jobs, and the services of the role. */
export async function processCrashes(context: ProcessContext): Promise<void> {
  const { config, logger, dataDir, version, clock } = context;
  const database = await openDatabase(context);
  const storage = await openStorage(context, 'fs', database);
  const queue = await openQueue(context, 'postgres', database);
  const search = new PostgresSearch({ pool: database.pool });
  await search.partitions.ensureAhead(clock.now());
  const siglists = openSignatureLists(context);
  const walker = await openWalker(context);
  const options = config.valuesOf(processorOptions);
  const pipelines = await loadPipelines(options, dataDir);
  const status = makeOwnStatus(context);
  await startProcessing(context, { database, storage, queue, search, pipelines, siglists, walker, status });
  startTellingStatus(context, status, database.pool);
  startJobs(context, openJobs(context, { database, storage, queue }));
  const server = makeServiceServer({
    walker,
    siglists: () => siglists.current,
    tmpDir: options.tmpDir || join(dataDir, 'tmp'),
    token: options.serviceToken,
    check: async () => {
      await storage.check();
      await queue.check();
    },
    version,
    logger,
  });
  await listen(server, context, options.port);
}
