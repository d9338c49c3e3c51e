// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { FileQueue } from '../../src/queue/file-queue.ts';
import { MemoryQueue } from '../../src/queue/memory-queue.ts';
import { contractSettings, queueContract } from './queue-contract.ts';

const parts = { clock: systemClock, logger: nullLogger };

queueContract('memory', {
  hasLeases: true,
  make: async (settings) => new MemoryQueue({ ...parts, ...settings, pollMs: 50 }),
});

const base = await mkdtemp(join(tmpdir(), 'salvage-file-queue-'));
after(() => rm(base, { recursive: true, force: true }));
let directory = '';
let count = 0;

queueContract('file', {
  hasLeases: true,
  async make(settings) {
    directory = join(base, String(++count));
    return new FileQueue({ ...parts, ...settings, files: nodeFiles, directory, pollMs: 50 });
  },
  another: async () =>
    new FileQueue({ ...parts, ...contractSettings, leaseMs: 20_000, files: nodeFiles, directory, pollMs: 50 }),
});
