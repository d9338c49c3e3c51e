// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requestPath } from '../lib/request-path.ts';
import { loadPipelines } from '../processor/load-settings.ts';
import { processorOptions } from '../processor/options.ts';
import { PostgresSearch } from '../search/postgres-search.ts';
import { announceClaim } from './claim.ts';
import type { ProcessContext } from './context.ts';
import { openDatabaseWhenUp } from './parts/database.ts';
import { type Intake, openIntake } from './parts/intake.ts';
import { openJobs, startJobs } from './parts/jobs.ts';
import { listenFailure } from './parts/listen.ts';
import { makeOwnStatus } from './parts/own-status.ts';
import { openSignatureLists, startProcessing } from './parts/processing.ts';
import { moveFileQueue, openQueue } from './parts/queues.ts';
import { openSiteStatus, startTellingStatus } from './parts/status.ts';
import { openStorage } from './parts/storages.ts';
import { openWalker } from './parts/walkers.ts';
import { openWebPart } from './parts/web-part.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * All stages in one process. Intake opens first and needs only its spool: what arrives before the database, the storage
 * and the queue are there waits in the spool.
 */
export async function serve(context: ProcessContext): Promise<void> {
  const { logger, config } = context;
  const own = makeOwnStatus(context);
  const intake = await openIntake(context, 'accept-all', own);
  const front = new Front(intake);
  const address = await front.listen(context);
  logger.info(`intake is open: http://${shownHost(address)}:${address.port}/submit`);
  if (context.process.workerCount > 1) logger.info('WEB_CONCURRENCY is for `salvage collector`; serve is one process');

  const database = await openDatabaseWhenUp(context);
  const storage = await openStorage(context, 'fs', database);
  const queue = await openQueue(context, 'postgres', database);
  await moveFileQueue(context, queue);
  const search = new PostgresSearch({ pool: database.pool });
  await search.partitions.ensureAhead(context.clock.now());
  const siglists = openSignatureLists(context);
  const pipelines = await loadPipelines(config.valuesOf(processorOptions), context.dataDir);
  const walker = await openWalker(context);
  await startProcessing(context, { database, storage, queue, search, pipelines, siglists, walker, status: own });
  await intake.startMoving(storage, queue);
  startTellingStatus(context, own, database.pool);
  const status = await openSiteStatus(context, own, { database, queue, search });
  const rulesets = new Set(pipelines.keys());
  const { app, people } = await openWebPart(context, { database, storage, queue, search, status, siglists, rulesets });
  startJobs(context, openJobs(context, { database, storage, queue }));
  front.openWeb(app.listener);
  // Opened first, closed first: no report may come in once the mover has stopped.
  context.releasers.add('intake', () => front.close(context.process.drainTimeoutMs));
  logger.info(`ready: http://${shownHost(address)}:${address.port}/`);
  await announceClaim(context, people, `http://${shownHost(address)}:${address.port}`);
  if (config.notices.length > 0)
    logger.debug(`${config.notices.length} notices on the configuration; see \`salvage config\``);
}

/** The one port: the collector's paths never wait for the web part; until that is open, its paths say so. */
class Front {
  readonly #intake: Intake;
  readonly #server: Server;
  #web: Listener = answerStarting;
  #closing: Promise<void> | null = null;

  constructor(intake: Intake) {
    this.#intake = intake;
    const { collector } = intake;
    this.#server = createServer(collector.serverOptions, (request, response) => {
      if (collector.handles(requestPath(request))) collector.listener(request, response);
      else this.#web(request, response);
    });
    collector.attach(this.#server);
  }

  async listen(context: ProcessContext): Promise<AddressInfo> {
    const { host, port, drainTimeoutMs } = context.process;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenFailure(error)));
      this.#server.listen({ host: host || '127.0.0.1', port, backlog: 1024 }, resolve);
    });
    context.releasers.add('server', () => this.close(drainTimeoutMs));
    return this.#server.address() as AddressInfo;
  }

  /** Takes no more connections and lets requests under way end, ten seconds at most. Safe to call twice. */
  close(drainTimeoutMs: number): Promise<void> {
    this.#closing ??= (async () => {
      const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
      this.#server.closeIdleConnections();
      const cut = setTimeout(() => this.#server.closeAllConnections(), Math.min(drainTimeoutMs, 10_000));
      await this.#intake.collector.drain(Math.min(drainTimeoutMs, 10_000));
      await closed;
      clearTimeout(cut);
    })();
    return this.#closing;
  }

  openWeb(listener: Listener): void {
    this.#web = listener;
  }
}

function answerStarting(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '2', connection: 'close' });
  response.end('Salvage is starting: intake is open, pages follow in a moment.\n');
}

function shownHost({ address, family }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return 'localhost';
  return family === 'IPv6' ? `[${address}]` : address;
}
