// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { FileQueue } from '../../src/queue/file-queue.ts';
import { MemoryQueue } from '../../src/queue/memory-queue.ts';
import { type ContractSettings, contractSettings, newId, Puller, queueContract } from './queue-contract.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-file-queue-'));
after(() => rm(root, { recursive: true, force: true }));
let last = { directory: '', settings: contractSettings };
let count = 0;

function openQueue(directory: string, settings: ContractSettings): FileQueue {
  return new FileQueue({
    pollMs: 50,
    ...settings,
    directory,
    files: nodeFiles,
    clock: systemClock,
    logger: nullLogger,
  });
}

queueContract('file', {
  hasLeases: true,
  async make(settings) {
    count += 1;
    last = { directory: join(root, String(count)), settings };
    return openQueue(last.directory, settings);
  },
  another: async () => openQueue(last.directory, last.settings),
});

queueContract('memory', {
  hasLeases: true,
  make: async (settings) => new MemoryQueue({ pollMs: 50, ...settings, clock: systemClock, logger: nullLogger }),
});

test('what a killed process left in a file queue moves to another queue, each id once', async () => {
  const directory = join(root, 'moved');
  const queue = openQueue(directory, { ...contractSettings, leaseMs: 60_000 });
  const ids = [newId(), newId(), newId()];
  await queue.publish('priority', { crashId: ids[0] as string, ruleset: 'v1.2' });
  await queue.publish('standard', { crashId: ids[1] as string });
  await queue.publish('standard', { crashId: ids[2] as string });
  const puller = new Puller(queue);
  await puller.pull();
  await puller.stop();
  const target = new MemoryQueue({ clock: systemClock, logger: nullLogger });
  assert.equal(await openQueue(directory, contractSettings).moveTo(target), 3);
  const consumer = new Puller(target, 10);
  const seen = [await consumer.pull(), await consumer.pull(), await consumer.pull()];
  assert.deepEqual(seen.map(({ crashId }) => crashId).sort(), ids.toSorted());
  assert.equal(seen.find(({ crashId }) => crashId === ids[0])?.ruleset, 'v1.2');
  await consumer.stop();
  assert.deepEqual(await readdir(join(directory, 'standard', 'waiting')), []);
});

test('files that are not messages are left alone and do not stop the queue', async () => {
  const directory = join(root, 'strange');
  const queue = openQueue(directory, contractSettings);
  const crashId = newId();
  await queue.publish('standard', { crashId });
  const strange = await nodeFiles.open(join(directory, 'standard', 'waiting', '0000000000000-notes.txt'), 'create');
  await strange.close();
  const puller = new Puller(queue);
  assert.equal((await puller.pull()).crashId, crashId);
  await puller.stop();
  assert.deepEqual(await readdir(join(directory, 'standard', 'waiting')), ['0000000000000-notes.txt']);
});
