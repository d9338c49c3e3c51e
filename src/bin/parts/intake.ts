// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Collector, makeCollector } from '../../collector/collector.ts';
import { makeThrottler } from '../../collector/make-throttler.ts';
import { collectorOptions } from '../../collector/options.ts';
import { SalvageError } from '../../lib/errors.ts';
import { nodeFiles } from '../../lib/files.ts';
import type { LocalStatus } from '../../lib/status.ts';
import { checkAtStart } from '../../mover/check-at-start.ts';
import { moverMetrics, moverMetrics2018 } from '../../mover/metrics.ts';
import { type Mover, makeMover } from '../../mover/mover.ts';
import { moverOptions } from '../../mover/options.ts';
import type { CrashQueue } from '../../queue/crash-queue.ts';
import { queueErrors } from '../../queue/errors.ts';
import { spoolOptions } from '../../spool/options.ts';
import { makeSegmentSpool } from '../../spool/segment-spool.ts';
import type { Spool } from '../../spool/spool.ts';
import type { CrashStorage } from '../../storage/crash-storage.ts';
import { storageErrors } from '../../storage/errors.ts';
import type { ProcessContext } from '../context.ts';
import { diskOf } from './own-status.ts';

/** The intake of one process: it answers as soon as the spool is open; storage and queue may come later. */
export interface Intake {
  readonly spool: Spool;
  readonly collector: Collector;
  /** Begins to empty the spool; what came before waits in it. */
  startMoving(storage: CrashStorage, queue: CrashQueue): Promise<Mover>;
}

export async function openIntake(
  context: ProcessContext,
  defaultThrottler: string,
  status: LocalStatus,
): Promise<Intake> {
  const { config, dataDir, logger, metrics, clock, releasers, version } = context;
  const options = config.valuesOf(collectorOptions);
  const isThrottlerSet = config.rows.some((row) => row.path === 'collector.throttler' && row.source !== 'default');
  const throttler = await makeThrottler({
    ...options,
    throttler: isThrottlerSet ? options.throttler : defaultThrottler,
  });
  const { directory, fallbackDirectory, ...spoolSettings } = config.valuesOf(spoolOptions);
  const spool = await makeSegmentSpool({
    directory: directory || join(dataDir, 'spool'),
    ...(fallbackDirectory ? { fallbackDirectory } : {}),
    files: nodeFiles,
    clock,
    logger,
    metrics,
    options: spoolSettings,
  });
  releasers.add('spool', () => spool.close());
  let backEnds: { storage: CrashStorage; queue: CrashQueue } | null = null;
  const backEnd = (name: 'storage' | 'queue') => async (signal: AbortSignal) => {
    const kind = name === 'storage' ? storageErrors.storage_outage : queueErrors.queue_outage;
    if (!backEnds) throw new SalvageError(kind, `the ${name} is still being opened`);
    await backEnds[name].check(signal);
  };
  const collector = makeCollector({
    spool,
    throttler,
    options,
    metrics,
    logger: logger.named('salvage.collector'),
    clock,
    randomUuid: randomUUID,
    checks: [
      { name: 'spool', check: () => spool.check() },
      { name: 'storage', check: backEnd('storage') },
      { name: 'queue', check: backEnd('queue') },
    ],
    versionJson: JSON.stringify(version),
    status,
    errors: context.errors,
  });
  status.register('collector', async () => ({
    spool: { ...spool.status() },
    inFlight: collector.inFlightCount(),
    disk: await diskOf(dataDir),
  }));
  return {
    spool,
    collector,
    async startMoving(storage, queue) {
      await checkAtStart({ storage, queue, logger, clock });
      context.stopping.throwIfAborted();
      backEnds = { storage, queue };
      const mover = makeMover({
        spool,
        storage,
        queue,
        clock,
        logger,
        metrics,
        options: {
          ...config.valuesOf(moverOptions),
          letsIntakeGoFirst: options.answerAfter === 'head',
          metricNames: options.profile === 'antenna-2018' ? moverMetrics2018 : moverMetrics,
        },
      });
      status.register('mover', () => ({ down: [...mover.down] }));
      releasers.add('mover', () => mover.drain(context.process.drainTimeoutMs));
      return mover;
    },
  };
}
