// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import path from 'node:path';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Logger, nullLogger } from '../lib/log.ts';
import { type Metrics, nullMetrics } from '../lib/metrics.ts';
import { defaultsOf, type OptionValues } from '../lib/options.ts';
import { ChainedSymbols } from './chained-symbols.ts';
import { DirectorySupplier } from './directory-supplier.ts';
import { makeHttpSupplier, serverOf } from './http-supplier.ts';
import { IndexCache } from './index-cache.ts';
import { negativeTimes } from './negative-cache.ts';
import { symbolOptions } from './options.ts';
import { storeSuppliers } from './symbol-store.ts';
import type { SymbolSupplier } from './symbol-supplier.ts';

export interface OpenSymbolsOptions {
  /** What differs from the defaults of docs/configuration.md. */
  readonly settings?: Partial<OptionValues<typeof symbolOptions.options>>;
  /** SALVAGE_DATA_DIR: `symbols/` is the store, `symbol-cache/` the cache, unless the settings say otherwise. */
  readonly dataDir: string;
  readonly clock?: Clock;
  /** Without one, and without metrics, nobody is told anything. */
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** Asked before all others, e.g. `--symbols DIR` of a command. */
  readonly firstSuppliers?: readonly SymbolSupplier[];
  /** Asked last, e.g. buckets that `bin` has opened. */
  readonly suppliers?: readonly SymbolSupplier[];
  readonly onProgress?: (path: string, bytesDone: number, bytesTotal: number) => void;
}

/** The cache directory that the settings mean. */
export function symbolCacheDirectory(settings: { readonly cachePath: string }, dataDir: string): string {
  return path.resolve(settings.cachePath || path.join(dataDir, 'symbol-cache'));
}

/** Everything between a module and its symbols, as the settings say: own store, directories, servers, buckets. */
export function openSymbols(options: OpenSymbolsOptions): ChainedSymbols {
  const { clock = systemClock, metrics = nullMetrics, dataDir } = options;
  const settings = { ...defaultsOf(symbolOptions), ...options.settings };
  const logger = (options.logger ?? nullLogger).named('salvage.symbols');
  const cacheDirectory = symbolCacheDirectory(settings, dataDir);
  const servers = settings.servers.map((entry) =>
    makeHttpSupplier({
      ...serverOf(entry),
      cacheDirectory,
      clock,
      metrics,
      allowPrivate: settings.allowPrivateAddresses,
      sizeBytesMax: settings.fileSizeBytesMax,
      connectTimeoutMs: settings.connectTimeoutMs,
      firstByteTimeoutMs: settings.firstByteTimeoutMs,
      downloadTimeoutMs: settings.downloadTimeoutMs,
      negativeTimes: { ...negativeTimes, notFoundMs: settings.missingForMs },
    }),
  );
  return new ChainedSymbols({
    suppliers: [
      ...(options.firstSuppliers ?? []),
      ...storeSuppliers(path.join(dataDir, 'symbols')),
      ...settings.directories.map((directory) => new DirectorySupplier(directory)),
      ...servers,
      ...(options.suppliers ?? []),
    ],
    indexes: new IndexCache({
      directory: cacheDirectory,
      clock,
      logger,
      metrics,
      sizeBytesMax: settings.fileSizeBytesMax,
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    }),
    logger,
    metrics,
  });
}
