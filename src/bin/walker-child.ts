// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Entry file of walker processes, started by WalkerPool (src/unwind/walker-pool.ts). The first line on stdin is a WalkerSetup.
import { systemClock } from '../lib/clock.ts';
import { makeLogger } from '../lib/log.ts';
import { nullMetrics } from '../lib/metrics.ts';
import { openSymbols } from '../symbols/symbols.ts';
import { RecentSymbols } from '../unwind/recent-symbols.ts';
import { serveWalks, type WalkHandler } from '../unwind/serve-walks.ts';
import { walkDumpFile } from '../unwind/walk-dump-file.ts';
import type { WalkerSetup } from '../unwind/walker-setup.ts';

/** The pool keeps the last lines and shows them when the process dies. */
const logger = makeLogger('salvage.walker', ({ level, message }) => {
  if (level !== 'debug' && level !== 'info') process.stderr.write(`${level}: ${message}\n`);
});

function startWalker(setup: WalkerSetup): WalkHandler {
  const settings = { settings: setup.symbols, dataDir: setup.dataDir };
  const opened = openSymbols({ ...settings, clock: systemClock, logger, metrics: nullMetrics });
  const symbols = new RecentSymbols(opened, systemClock);
  const version = setup.version === null ? {} : { version: setup.version };
  return async ({ dumpPath, hasNewSymbols, client = {} }) => {
    if (hasNewSymbols) symbols.forgetMissing();
    const document = await walkDumpFile(dumpPath, symbols, { ...version, client });
    return Buffer.from(JSON.stringify(document));
  };
}

await serveWalks(process.stdin, (setup) => startWalker(setup as WalkerSetup));
process.exit(0);
