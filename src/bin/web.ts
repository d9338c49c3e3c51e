// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createServer } from 'node:http';
import { loadPipelines } from '../processor/load-settings.ts';
import { processorOptions } from '../processor/options.ts';
import { PostgresSearch } from '../search/postgres-search.ts';
import { announceClaim } from './claim.ts';
import type { ProcessContext } from './context.ts';
import { openDatabase } from './parts/database.ts';
import { listen } from './parts/listen.ts';
import { makeOwnStatus } from './parts/own-status.ts';
import { openSignatureLists } from './parts/processing.ts';
import { openQueue } from './parts/queues.ts';
import { openSiteStatus, startTellingStatus } from './parts/status.ts';
import { openStorage } from './parts/storages.ts';
import { openWebPart } from './parts/web-part.ts';

/** Pages and API alone. */
export async function serveWeb(context: ProcessContext): Promise<void> {
  const { config, dataDir, process: settings } = context;
  const database = await openDatabase(context);
  const storage = await openStorage(context, 'fs', database);
  const queue = await openQueue(context, 'postgres', database);
  const search = new PostgresSearch({ pool: database.pool });
  const siglists = openSignatureLists(context);
  const rulesets = new Set((await loadPipelines(config.valuesOf(processorOptions), dataDir)).keys());
  const own = makeOwnStatus(context);
  own.register('web', () => ({}));
  startTellingStatus(context, own, database.pool);
  const status = await openSiteStatus(context, own, { database, queue, search });
  const { app, people } = await openWebPart(context, { database, storage, queue, search, status, siglists, rulesets });
  const server = createServer((request, response) => {
    if (request.url === '/__lbheartbeat__') response.writeHead(200, { 'content-length': 0 }).end();
    else app.listener(request, response);
  });
  await listen(server, context, settings.port);
  await announceClaim(context, people, `http://localhost:${settings.port}`);
}
