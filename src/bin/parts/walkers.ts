// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { openExternalWalker } from '../../processor/external-walker.ts';
import { processorOptions } from '../../processor/options.ts';
import { capWalks, makePoolWalker } from '../../processor/pool-walker.ts';
import type { Walker } from '../../processor/walker.ts';
import { symbolOptions } from '../../symbols/options.ts';
import { regularSymbols } from '../../symbols/symbol-store.ts';
import { splitCommand } from '../../unwind/external-walker.ts';
import { walkerOptions } from '../../unwind/options.ts';
import { WalkerPool } from '../../unwind/walker-pool.ts';
import type { ProcessContext } from '../context.ts';
import { packageVersion, sourceExtension } from '../version.ts';

/** What walks dumps: our own child processes, or the external command of `walker.command`. At most `walksMax` at a time. */
export async function openWalker(context: ProcessContext): Promise<Walker> {
  const { config, logger, metrics, releasers, dataDir } = context;
  const settings = config.valuesOf(walkerOptions);
  const walksMax = config.valuesOf(processorOptions).walksMax || availableParallelism();
  if (settings.command !== '') {
    const external = await openExternalWalker({
      command: splitCommand(settings.command),
      symbolDirectory: regularSymbols(join(dataDir, 'symbols')),
      output: settings.commandOutput,
      timeoutMs: settings.timeoutMs,
    });
    logger.info(`dumps are walked by ${settings.command}`);
    return capWalks(external, walksMax);
  }
  const pool = new WalkerPool({
    entry: join(import.meta.dirname, `../walker-child${sourceExtension}`),
    setup: { symbols: config.valuesOf(symbolOptions), dataDir, version: packageVersion },
    size: settings.processes,
    memoryBytesMax: settings.memoryBytesMax,
    jobsMax: settings.jobsMax,
    timeoutMs: settings.timeoutMs,
    logger,
    metrics,
  });
  releasers.add('walker processes', () => pool.close());
  // The first crash must not wait for a process to start.
  pool.warmUp();
  return capWalks(makePoolWalker(pool, packageVersion), walksMax);
}
