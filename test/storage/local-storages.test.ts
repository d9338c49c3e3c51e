// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { storageContract } from './storage-contract.ts';

const base = await mkdtemp(join(tmpdir(), 'salvage-storage-'));
after(() => rm(base, { recursive: true, force: true }));

storageContract('memory', { make: async () => new MemoryStorage(), checksIds: false });
storageContract('fs', {
  make: async () => new FsStorage({ root: join(base, 'fs'), files: nodeFiles, clock: systemClock }),
});
