// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A process that has used up its file descriptors, as one with very many connections has, and then walks a dump; for
// walker-pool.test.ts. Prints the results: one while starved, one after.
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { nullLogger } from '../../src/lib/log.ts';
import { nullMetrics } from '../../src/lib/metrics.ts';
import { walkExternally } from '../../src/unwind/external-walker.ts';
import { WalkerPool } from '../../src/unwind/walker-pool.ts';

const entry = path.resolve(import.meta.dirname, 'misbehaving-walker.ts');
const pool = new WalkerPool({ entry, setup: {}, size: 1, logger: nullLogger, metrics: nullMetrics });

const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch {
  // None is left: that is what this is about.
}
const starved = await pool.walk({ dumpPath: 'fine' });
const external = await walkExternally('/d', {
  command: [process.execPath, '--version'],
  symbolDirectory: '/s',
  output: 'rust-json',
  timeoutMs: 10_000,
});
for (const handle of taken) closeSync(handle);
const after = await pool.walk({ dumpPath: 'fine' });
await pool.close();
console.log(JSON.stringify({ starved, external: external.result, after: after.status }));
