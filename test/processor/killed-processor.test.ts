// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { makeCrashId } from '../../src/crash/crash-id.ts';
import { dumpFromBytes } from '../../src/crash/dump.ts';
import { mainDumpName } from '../../src/crash/raw-crash.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { FileQueue } from '../../src/queue/file-queue.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';
import { until } from '../services/until.ts';
import type { ChildSetup } from './processor-child.ts';

const root = mkdtempSync(join(tmpdir(), 'killed-processor-'));
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

/** A walker that takes its time, so that a kill meets it in the middle. */
const walker = join(root, 'walker');
writeFileSync(
  walker,
  `#!/bin/sh\nif [ "$1" = --version ]; then echo slow; exit 0; fi\nsleep 0.3\necho '{"status": "OK"}'\n`,
);
chmodSync(walker, 0o755);

async function scene(count: number) {
  const folder = mkdtempSync(join(root, 'scene-'));
  const leaseMs = 1_500;
  const storage = new FsStorage({ root: join(folder, 'crashes'), files: nodeFiles, clock: systemClock });
  const copy = new FsStorage({ root: join(folder, 'copy'), files: nodeFiles, clock: systemClock });
  const queue = new FileQueue({
    directory: join(folder, 'queue'),
    files: nodeFiles,
    clock: systemClock,
    logger: nullLogger,
  });
  const ids: string[] = [];
  for (let number = 0; number < count; number++) {
    const crashId = makeCrashId(randomUUID(), 0, new Date());
    const rawCrash = { uuid: crashId, ProductName: 'Lantern', submitted_timestamp: new Date().toISOString() };
    const dumps = [dumpFromBytes(mainDumpName, Buffer.from('MDMP'))];
    await storage.saveRawCrash({ crashId, rawCrash, rawCrashJson: Buffer.from(JSON.stringify(rawCrash)), dumps });
    await queue.publish('standard', { crashId });
    ids.push(crashId);
  }
  return { folder, leaseMs, storage, copy, queue, ids };
}

type Scene = Awaited<ReturnType<typeof scene>>;

async function startProcessor({ folder, leaseMs }: Scene, extras: Partial<ChildSetup> = {}): Promise<ChildProcess> {
  const setup: ChildSetup = { folder, walker, leaseMs, ...extras };
  const entry = resolve(import.meta.dirname, 'processor-child.ts');
  const child = spawn(process.execPath, [entry, JSON.stringify(setup)], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.on('exit', () => children.delete(child));
  await new Promise((ready) => child.stdout?.once('data', ready));
  return child;
}

const exited = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null ? undefined : new Promise((done) => child.once('exit', done));

async function openMessages({ queue }: Scene): Promise<number> {
  const depths = await queue.depths();
  return depths.reduce((sum, { waiting, leased }) => sum + waiting + leased, 0);
}

async function processedOf(storage: FsStorage, ids: readonly string[]): Promise<string[]> {
  const found = await Promise.allSettled(ids.map((id) => storage.getProcessedCrash(id)));
  return ids.filter((_id, index) => found[index]?.status === 'fulfilled');
}

test('kill -9 in mid-walk: nothing is acked early, and the next processor finishes every crash everywhere', async () => {
  const play = await scene(8);
  const first = await startProcessor(play);
  await until(async () => (await processedOf(play.storage, play.ids)).length >= 2, 'the first saves');
  first.kill('SIGKILL');
  await exited(first);
  const savedEverywhere = new Set(await processedOf(play.copy, await processedOf(play.storage, play.ids)));
  const acked = play.ids.length - (await openMessages(play));
  assert.ok(acked <= savedEverywhere.size, `${acked} acked, ${savedEverywhere.size} saved everywhere`);
  assert.ok(savedEverywhere.size < play.ids.length, 'the kill came in the middle');

  const second = await startProcessor(play);
  await until(async () => (await openMessages(play)) === 0, 'the end of the queue');
  assert.deepEqual(await processedOf(play.storage, play.ids), play.ids);
  assert.deepEqual(await processedOf(play.copy, play.ids), play.ids);
  assert.deepEqual(await play.queue.deadLetters(), []);
  second.kill('SIGTERM');
  await exited(second);
  assert.equal(second.exitCode, 0);
});

test('a crash that kills its processor is set aside after three times, and the others get through', async () => {
  const play = await scene(3);
  const deadlyCrash = play.ids[0] as string;
  for (let kills = 0; kills < 3; kills++) await exited(await startProcessor(play, { deadlyCrash }));
  const survivor = await startProcessor(play, { deadlyCrash });
  await until(async () => (await openMessages(play)) === 0, 'the end of the queue');
  const [dead, ...others] = await play.queue.deadLetters();
  assert.equal(dead?.crashId, deadlyCrash);
  assert.match(dead?.reason ?? '', /^poison: taken 3 times/);
  assert.deepEqual(others, []);
  assert.deepEqual(await processedOf(play.storage, play.ids), play.ids.slice(1));
  survivor.kill('SIGTERM');
  await exited(survivor);
  assert.equal(survivor.exitCode, 0);
});
