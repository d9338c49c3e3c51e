// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A process that wants the index of one file: arguments are the cache directory, the path and the identity; with `die`
// it is killed in the middle of the compile.
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { MemoryMetrics } from '../../src/lib/metrics.ts';
import { IndexCache } from '../../src/symbols/index-cache.ts';

const [directory = '', path = '', identity = '', fate = ''] = process.argv.slice(2);
const metrics = new MemoryMetrics();
const cache = new IndexCache({
  directory,
  clock: systemClock,
  logger: nullLogger,
  metrics,
  ...(fate === 'die' ? { onProgress: () => process.kill(process.pid, 'SIGKILL') } : {}),
});
const symbols = await cache.of({ path, identity });
const compiles = metrics.records.filter(({ name }) => name === 'salvage.symbols.compile').length;
process.send?.({ name: symbols.findFunction(0x1010)?.name, compiles }, () => {
  cache.close();
  process.disconnect();
});
