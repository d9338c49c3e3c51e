// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrorOf } from '../../lib/errors.ts';
import { siteSecret } from '../../lib/postgres/site-secrets.ts';
import type { LocalStatus } from '../../lib/status.ts';
import { makeCountingDestination } from '../../processor/destinations.ts';
import { processorLimits } from '../../processor/limits.ts';
import { openVersions } from '../../processor/load-settings.ts';
import { processorOptions } from '../../processor/options.ts';
import { makeProcessor } from '../../processor/processor.ts';
import type { Pipelines } from '../../processor/rule-sets.ts';
import type { Walker } from '../../processor/walker.ts';
import type { CrashQueue } from '../../queue/crash-queue.ts';
import { PostgresMissingSymbols } from '../../search/postgres-missing-symbols.ts';
import type { PostgresSearch } from '../../search/postgres-search.ts';
import { signatureOptions } from '../../signature/options.ts';
import type { LiveSiglists } from '../../signature/signature.ts';
import type { CrashStorage } from '../../storage/crash-storage.ts';
import { PairedOutbox } from '../../storage/paired-outbox.ts';
import { symbolErrors } from '../../symbols/errors.ts';
import { symbolCacheDirectory } from '../../symbols/open-symbols.ts';
import { symbolOptions } from '../../symbols/options.ts';
import { SymbolCacheManager } from '../../symbols/symbols.ts';
import type { ProcessContext } from '../context.ts';
import { openSiglists } from '../siglist-directory.ts';
import type { Database } from './database.ts';
import { openDestinations } from './destinations.ts';
import { openOutbox } from './storage-factories.ts';

/** The signature lists that are configured, loaded again when their files change. */
export function openSignatureLists(context: ProcessContext): LiveSiglists {
  const { lists, close } = openSiglists({
    directory: context.config.valuesOf(signatureOptions).listDirectory,
    reloadIntervalMs: context.config.valuesOf(signatureOptions).reloadIntervalMs,
    logger: context.logger.named('salvage.signature'),
  });
  context.releasers.add('signature lists', close);
  return lists;
}

/** Keeps the cache of downloads and compiled indexes under its limit; one process a machine does it. */
async function keepSymbolCache(context: ProcessContext): Promise<void> {
  const settings = context.config.valuesOf(symbolOptions);
  const { clock, logger, metrics, releasers, dataDir } = context;
  const manager = new SymbolCacheManager({
    directory: symbolCacheDirectory(settings, dataDir),
    sizeBytesMax: settings.cacheSizeBytesMax,
    clock,
    logger,
    metrics,
  });
  try {
    await manager.start();
    releasers.add('symbol cache manager', () => manager.stop());
  } catch (error) {
    if (!isErrorOf(error, symbolErrors.symbol_cache_in_use)) throw error;
    logger.info('another process of this machine keeps the symbol cache under its limit');
  }
}

export interface ProcessingParts {
  readonly database: Database;
  readonly storage: CrashStorage;
  readonly queue: CrashQueue;
  readonly search: PostgresSearch;
  readonly pipelines: Pipelines;
  readonly siglists: LiveSiglists;
  readonly walker: Walker;
  readonly status: LocalStatus;
}

/** A processor, running until released. */
export async function startProcessing(context: ProcessContext, parts: ProcessingParts): Promise<void> {
  const { config, logger, metrics, clock, releasers, dataDir } = context;
  const { database, search } = parts;
  const options = config.valuesOf(processorOptions);
  const tmpDir = options.tmpDir || join(dataDir, 'tmp');
  await mkdir(tmpDir, { recursive: true, mode: 0o700 });
  await keepSymbolCache(context);
  // What is owed while the database is away stands in files of this machine.
  const ownOutbox = await openOutbox(context, null, 'destination');
  const processor = makeProcessor({
    queue: parts.queue,
    storage: parts.storage,
    destinations: [...(await openDestinations(context, database, search)), makeCountingDestination(metrics)],
    outbox: new PairedOutbox(await openOutbox(context, database, 'destination'), ownOutbox),
    pipelines: parts.pipelines,
    services: {
      walker: parts.walker,
      siglists: () => parts.siglists.current,
      versions: openVersions(options, dataDir, clock, metrics),
      productIds: new Map(Object.entries(options.productIds)),
      missingSymbols: new PostgresMissingSymbols(database.pool),
      memoryReportBytesMax: options.memoryReportBytesMax,
      jitCategorizerPath: options.jitCategorizerPath,
      clientIdSalt: options.clientIdSalt || (await siteSecret(database.pool, 'client id salt')),
    },
    clock,
    logger,
    metrics,
    settings: {
      hostname: context.hostname,
      tmpDir,
      concurrency: options.concurrency,
      crashTimeMs: options.crashTimeMs,
      attemptsMax: options.attemptsMax,
      drainMs: options.drainMs,
      leaseRenewalMs: 20_000,
      outageWaitMs: processorLimits.outageWaitMs.value,
    },
  });
  const stopping = new AbortController();
  const running = processor.run(stopping.signal);
  releasers.add('processor', async () => {
    stopping.abort();
    await running;
  });
  parts.status.register('processor', async () => ({
    inFlight: processor.inFlight,
    owed: Object.fromEntries(await ownOutbox.counts()),
  }));
}
