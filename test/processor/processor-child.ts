// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A processor as a process of its own, for the test that kills it. argv: JSON of `ChildSetup`.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { nullMetrics } from '../../src/lib/metrics.ts';
import { openExternalWalker } from '../../src/processor/external-walker.ts';
import { makeProcessor } from '../../src/processor/processor.ts';
import { FileQueue } from '../../src/queue/file-queue.ts';
import { FileOutbox } from '../../src/storage/file-outbox.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';
import { partsOf } from './fakes.ts';

export interface ChildSetup {
  readonly folder: string;
  /** Program that walks. */
  readonly walker: string;
  readonly leaseMs: number;
  /** Ends this very process once it walks that crash: a dump that kills its processor. */
  readonly deadlyCrash?: string;
}

const { folder, walker: program, leaseMs, deadlyCrash } = JSON.parse(process.argv[2] as string) as ChildSetup;
const base = partsOf();
mkdirSync(join(folder, 'tmp'), { recursive: true });
const external = await openExternalWalker({
  command: [program, '{dump}'],
  symbolDirectory: folder,
  output: 'rust-json',
  timeoutMs: 20_000,
});
const walker = {
  ...external,
  walk(...[request, signal]: Parameters<typeof external.walk>) {
    if (request.crashId === deadlyCrash) process.kill(process.pid, 'SIGKILL');
    return external.walk(request, signal);
  },
};
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const processor = makeProcessor({
  ...base,
  queue: new FileQueue({
    directory: join(folder, 'queue'),
    files: nodeFiles,
    clock: systemClock,
    logger: nullLogger,
    leaseMs,
    attemptsMax: 10,
    pollMs: 50,
  }),
  storage: new FsStorage({ root: join(folder, 'crashes'), files: nodeFiles, clock: systemClock }),
  destinations: [
    Object.assign(new FsStorage({ root: join(folder, 'copy'), files: nodeFiles, clock: systemClock }), {
      name: 'copy',
    }),
  ],
  outbox: new FileOutbox({ directory: join(folder, 'outbox'), files: nodeFiles, clock: systemClock }),
  services: { ...base.services, walker },
  clock: systemClock,
  logger: nullLogger,
  metrics: nullMetrics,
  settings: { ...base.settings, concurrency: 2, leaseRenewalMs: leaseMs / 3, tmpDir: join(folder, 'tmp') },
});
process.stdout.write('ready\n');
await processor.run(stop.signal);
process.exit(0);
