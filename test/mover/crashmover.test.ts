// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { CrashId } from '../../src/crash/crash-id.ts';
import { dumpFromBytes } from '../../src/crash/dump.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { SalvageError } from '../../src/lib/errors.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { numbered } from '../../src/lib/numbered.ts';
import { type CrashmoverParts, handOut, moveCrashes, takeClaimed, takeFromQueue } from '../../src/mover/crashmover.ts';
import { copyCrashes } from '../../src/mover/storage-copy.ts';
import { queueErrors } from '../../src/queue/errors.ts';
import { MemoryQueue } from '../../src/queue/memory-queue.ts';
import type { CrashStorage } from '../../src/storage/crash-storage.ts';
import { DatedSlots } from '../../src/storage/dated-slots.ts';
import { storageErrors } from '../../src/storage/errors.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { RadixStorage } from '../../src/storage/radix-storage.ts';

const root = await mkdtemp(join(tmpdir(), 'salvage-move-'));
after(() => rm(root, { recursive: true, force: true }));

const idOf = (index: number, digit = 0): CrashId =>
  `0bba929f-8721-460c-dead-${String(index).padStart(5, '0')}${digit}261120`;

async function fill(storage: CrashStorage, ids: readonly CrashId[]): Promise<void> {
  for (const crashId of ids) {
    const rawCrash = { ProductName: 'Editor', uuid: crashId, Count: 7 };
    await storage.saveRawCrash({
      crashId,
      rawCrash,
      rawCrashJson: Buffer.from(`{"Count":  7, "ProductName": "Editor", "uuid": "${crashId}"}`),
      dumps: [
        dumpFromBytes('upload_file_minidump', Buffer.from(`MDMP${crashId}`.repeat(5000))),
        dumpFromBytes('memory_report', Buffer.from('{}')),
      ],
    });
  }
}

let directories = 0;
const fsStorage = () =>
  new FsStorage({ root: join(root, String(directories++)), files: nodeFiles, clock: systemClock });

function partsOf(
  source: CrashStorage,
  destination: CrashStorage,
  more: Partial<CrashmoverParts> = {},
): CrashmoverParts {
  return {
    source,
    destination,
    content: 'raw',
    verifies: true,
    deletesSource: false,
    concurrency: 4,
    clock: systemClock,
    attemptsMax: 3,
    retryWaitMs: () => 1,
    announce: null,
    ...more,
  };
}

async function* listed(ids: readonly CrashId[]): AsyncGenerator<CrashId> {
  yield* ids;
}

/** A store whose named calls fail first, as often as it says. */
function failing(
  storage: CrashStorage,
  call: keyof CrashStorage,
  error: SalvageError,
  times = Number.POSITIVE_INFINITY,
): CrashStorage {
  let left = times;
  return new Proxy(storage, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name === call && left-- > 0) return () => Promise.reject(error);
      return value.bind(target);
    },
  });
}

const outage = new SalvageError(storageErrors.storage_outage, 'away');

test('copy: every byte arrives, and a second run finds everything present', async () => {
  const [source, destination] = [fsStorage(), fsStorage()];
  const ids = Array.from({ length: 12 }, (_, index) => idOf(index));
  await fill(source, ids);
  assert.deepEqual(await copyCrashes(source.listCrashIds(), partsOf(source, destination)), {
    copied: 12,
    present: 0,
    failed: 0,
  });
  for (const crashId of ids) {
    assert.deepEqual(await destination.getRawCrashJson(crashId), await source.getRawCrashJson(crashId));
    assert.deepEqual(await destination.getDumpNames(crashId), ['memory_report', 'upload_file_minidump']);
  }
  assert.deepEqual(await copyCrashes(source.listCrashIds(), partsOf(source, destination)), {
    copied: 0,
    present: 12,
    failed: 0,
  });
});

test('copy: a half-written crash at the destination is written anew', async () => {
  const [source, destination] = [new MemoryStorage(), fsStorage()];
  const crashId = idOf(1);
  await fill(source, [crashId]);
  await copyCrashes(listed([crashId]), partsOf(source, destination));
  const dump = await destination.getDump(crashId, 'upload_file_minidump');
  await writeFile(dump.localPath as string, 'cut');
  assert.deepEqual(await copyCrashes(listed([crashId]), partsOf(source, destination)), {
    copied: 1,
    present: 0,
    failed: 0,
  });
  assert.ok((await destination.getDump(crashId, 'upload_file_minidump')).sizeBytes > 100_000);
});

test('copy: processed crashes come along where there are some', async () => {
  const [source, destination] = [new MemoryStorage(), fsStorage()];
  await fill(source, [idOf(1), idOf(2)]);
  const processed = { uuid: idOf(1), signature: 'main' } as never;
  await source.saveProcessedCrash(idOf(1), processed);
  const parts = partsOf(source, destination, { content: 'both' });
  assert.deepEqual(await copyCrashes(source.listCrashIds(), parts), { copied: 2, present: 0, failed: 0 });
  assert.equal((await destination.getProcessedCrash(idOf(1))).signature, 'main');
  const failures: string[] = [];
  const alone = partsOf(source, destination, { content: 'processed', onFailure: (crashId) => failures.push(crashId) });
  assert.deepEqual(await copyCrashes(source.listCrashIds(), alone), { copied: 0, present: 1, failed: 1 });
  assert.deepEqual(failures, [idOf(2)]);
});

test('copy: an outage is tried again, damage and absence are not', async () => {
  const [source, destination] = [new MemoryStorage(), new MemoryStorage()];
  await fill(source, [idOf(1), idOf(2)]);
  const flaky = failing(destination, 'saveRawCrash', outage, 2);
  assert.equal((await copyCrashes(listed([idOf(1)]), partsOf(source, flaky))).copied, 1);
  const reasons: unknown[] = [];
  const away = failing(destination, 'saveRawCrash', outage);
  const onFailure = (_: CrashId, error: unknown) => reasons.push((error as SalvageError).slug);
  assert.equal((await copyCrashes(listed([idOf(2)]), partsOf(source, away, { onFailure }))).failed, 1);
  assert.equal((await copyCrashes(listed([idOf(3)]), partsOf(source, destination, { onFailure }))).failed, 1);
  assert.deepEqual(reasons, ['storage_outage', 'crash_not_found']);
});

test('crashmover: the source goes only after a proved copy', async () => {
  const [source, destination] = [fsStorage(), fsStorage()];
  const ids = [idOf(1), idOf(2), idOf(3)];
  await fill(source, ids);
  const parts = partsOf(source, destination, { content: 'both', deletesSource: true });
  assert.deepEqual(await moveCrashes(handOut(listed(ids)), parts), { copied: 3, present: 0, failed: 0 });
  assert.deepEqual(await Array.fromAsync(source.listCrashIds()), []);
  assert.equal((await Array.fromAsync(destination.listCrashIds())).length, 3);
  // An id that comes twice finds its crash moved.
  assert.deepEqual(await moveCrashes(handOut(listed([idOf(1)])), parts), { copied: 0, present: 1, failed: 0 });
});

test('crashmover: a source that cannot be read whole is neither stored empty nor deleted', async () => {
  for (const call of ['getRawCrash', 'getDumpNames', 'getDump'] as const) {
    const [source, destination] = [new MemoryStorage(), new MemoryStorage()];
    await fill(source, [idOf(1)]);
    const parts = partsOf(failing(source, call, outage), destination, { content: 'both', deletesSource: true });
    assert.deepEqual(await moveCrashes(handOut(listed([idOf(1)])), parts), { copied: 0, present: 0, failed: 1 });
    assert.deepEqual(await Array.fromAsync(source.listCrashIds()), [idOf(1)]);
    assert.deepEqual(await Array.fromAsync(destination.listCrashIds()), []);
  }
});

test('crashmover: a dump that changes on its way is never followed by a delete', async () => {
  const [source, destination] = [new MemoryStorage(), new MemoryStorage()];
  await fill(source, [idOf(1)]);
  const lying = new Proxy(destination, {
    get(target, name) {
      if (name === 'getDump')
        return async (crashId: CrashId, dumpName: string) => {
          const dump = await target.getDump(crashId, dumpName);
          const bytes = Buffer.alloc(dump.sizeBytes, 1);
          return { ...dumpFromBytes(dumpName, bytes), sizeBytes: dump.sizeBytes };
        };
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const errors: unknown[] = [];
  const parts = partsOf(source, lying, {
    content: 'both',
    deletesSource: true,
    onFailure: (_, error) => errors.push(error),
  });
  assert.equal((await moveCrashes(handOut(listed([idOf(1)])), parts)).failed, 1);
  assert.equal((errors[0] as SalvageError).slug, 'copy_differs');
  assert.deepEqual(await Array.fromAsync(source.listCrashIds()), [idOf(1)]);
});

test('crashmover: useless and dangerous wirings are refused at the start', async () => {
  const [source, destination] = [new MemoryStorage(), new MemoryStorage()];
  const refused = (more: Partial<CrashmoverParts>, target: CrashStorage = destination) =>
    assert.rejects(moveCrashes(handOut(listed([])), partsOf(source, target, more)), { slug: 'copy_cannot_start' });
  await refused({ deletesSource: true, verifies: false });
  await refused({ deletesSource: true, content: 'raw' });
  const writeOnly = new Proxy(destination, {
    get: (target, name) =>
      name === 'capabilities' ? { ...target.capabilities, readsRaw: false } : Reflect.get(target, name, target),
  });
  await refused({}, writeOnly);
});

test('crashmover: ids of a queue are acked once stored and announced; deferred ones are not announced', async () => {
  const [source, destination] = [new MemoryStorage(), new MemoryStorage()];
  const common = { logger: nullLogger, clock: systemClock, leaseMs: 60_000, attemptsMax: 1 };
  const [from, to] = [new MemoryQueue(common), new MemoryQueue(common)];
  await fill(source, [idOf(1), idOf(2, 1)]);
  for (const crashId of [idOf(1), idOf(2, 1), idOf(3)]) await from.publish('standard', { crashId });
  const controller = new AbortController();
  const parts = partsOf(source, destination, {
    announce: { queue: to, name: 'standard' },
    signal: controller.signal,
    onProgress: ({ copied, failed }) => copied + failed === 3 && controller.abort(),
  });
  const crashes = takeFromQueue(from, { concurrency: 4, leaseMs: 60_000, signal: controller.signal });
  assert.deepEqual(await moveCrashes(crashes, parts), { copied: 2, present: 0, failed: 1 });
  assert.equal((await to.depths()).find(({ queue }) => queue === 'standard')?.waiting, 1);
  const dead = await from.deadLetters();
  assert.deepEqual(
    dead.map(({ crashId, reason }) => [crashId, /crash_not_found/.test(reason)]),
    [[idOf(3), true]],
  );
});

test('crashmover: an id source that is away for a moment ends nothing', async () => {
  const [source, destination] = [new MemoryStorage(), new MemoryStorage()];
  await fill(source, [idOf(1), idOf(2)]);
  const away = new SalvageError(queueErrors.queue_outage, 'the queue is away');
  let acks = 0;
  const taken = [idOf(1), idOf(2)].map((crashId, index) => ({
    crashId,
    async finished() {
      // Back at the second try for one; for the other neither ack nor nack gets through.
      if (index === 1 || ++acks === 1) throw away;
    },
    async gaveUp() {
      throw away;
    },
  }));
  async function* handedOut() {
    yield* taken;
  }
  const errors: unknown[] = [];
  const parts = partsOf(source, destination, { concurrency: 1, onFailure: (_, error) => errors.push(error) });
  assert.deepEqual(await moveCrashes(handedOut(), parts), { copied: 1, present: 0, failed: 1 });
  assert.equal(acks, 2);
  assert.deepEqual(errors, [away, away]);
});

test('crashmover: new crashes of a dated tree leave their slots once moved; one that fails comes again', async () => {
  let now = new Date('2026-11-20T10:00:00Z');
  const clock = { ...systemClock, now: () => now };
  const shape = { family: 'radix', dayNames: 'date', root: join(root, 'dated'), files: nodeFiles } as const;
  const source = new RadixStorage({ ...shape, slots: new DatedSlots({ ...shape, clock, leaseMs: 60_000 }) });
  const destination = new MemoryStorage();
  await fill(source, [idOf(1), idOf(2)]);
  now = new Date('2026-11-20T11:00:00Z');
  const { newCrashes } = source;
  assert.ok(newCrashes);
  const damaged = new SalvageError(storageErrors.storage_corrupt, 'damaged');
  const parts = partsOf(failing(source, 'getRawCrash', damaged, 1), destination, { concurrency: 1 });
  const move = () => moveCrashes(takeClaimed(newCrashes()), parts);
  assert.deepEqual(await move(), { copied: 1, present: 0, failed: 1 });
  assert.deepEqual(await move(), { copied: 0, present: 0, failed: 0 });
  now = new Date('2026-11-20T11:02:00Z');
  assert.deepEqual(await move(), { copied: 1, present: 0, failed: 0 });
  assert.equal((await Array.fromAsync(destination.listCrashIds())).length, 2);
});

test('crashmover: N, all, and forever with a pause between rounds', async () => {
  const ids = [idOf(1), idOf(2)];
  const none = async () => assert.fail('no pause expected');
  assert.equal((await Array.fromAsync(numbered(() => listed(ids), 'all', none))).length, 2);
  assert.equal((await Array.fromAsync(numbered(() => listed(ids), 1, none))).length, 1);
  const controller = new AbortController();
  let pauses = 0;
  const pause = async () => {
    if (++pauses === 3) controller.abort();
  };
  assert.equal((await Array.fromAsync(numbered(() => listed(ids), 'forever', pause, controller.signal))).length, 6);
});
