// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { nullMetrics } from '../../src/lib/metrics.ts';
import { makeMover } from '../../src/mover/mover.ts';
import { NullQueue } from '../../src/queue/null-queue.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';
import { MemoryDisk, type PowerCut } from './memory-disk.ts';
import { bytesOf, commitReport, holds, makeReport, openSpool, type TestReport, takeEntries } from './spool-kit.ts';

const allCuts: readonly PowerCut[] = ['lost', 'removals-kept', 'marks-kept', 'torn'];
const options = { inlineBodyBytesMax: 2000 };

/** What became of acknowledged crashes if the power went now: a sentence for each that is lost or damaged. */
async function losses(left: MemoryDisk, acknowledged: readonly TestReport[], cut: PowerCut): Promise<string[]> {
  const storage = new FsStorage({ root: '/crashes', files: left, clock: systemClock });
  const spool = await openSpool({ files: left, directory: '/spool', options, logger: nullLogger });
  const entries = new Map(
    (await takeEntries(spool, spool.status().entryCount)).map((entry) => [entry.head.crashId, entry]),
  );
  const problems: string[] = [];
  for (const report of acknowledged) {
    const { crashId } = report.head;
    const entry = entries.get(crashId);
    const isSpooled = entry !== undefined && (await holds(entry, report).catch(() => false));
    if (!isSpooled && !(await isStored(storage, report))) problems.push(`${crashId} is lost (${cut})`);
  }
  // Bytes that a power cut left half written were never acknowledged; they may be set aside, whole entries may not.
  if (cut !== 'torn' && spool.status().damagedCount > 0) problems.push(`a whole entry counts as damaged (${cut})`);
  await spool.close();
  return problems;
}

async function isStored(storage: FsStorage, report: TestReport): Promise<boolean> {
  try {
    const { crashId, rawCrashJson } = report.head;
    const dump = await storage.getDump(crashId, 'upload_file_minidump');
    return (
      Buffer.compare(await storage.getRawCrashJson(crashId), rawCrashJson) === 0 &&
      (await storage.getDumpNames(crashId)).join() === 'upload_file_minidump' &&
      (await bytesOf(dump.open())).equals(report.dump)
    );
  } catch {
    return false;
  }
}

/**
 * Takes three crashes in, one of them with a body file of its own, moves them to the file-system storage, and takes one
 * more. The power goes after every answer and after every sync. Returns all losses.
 */
async function runAndCut(disk: MemoryDisk, cuts: readonly PowerCut[]): Promise<string[]> {
  const acknowledged: TestReport[] = [];
  const checks: Promise<string[]>[] = [];
  const cutNow = () => {
    for (const cut of cuts) checks.push(losses(disk.afterPowerCut(cut), [...acknowledged], cut));
  };
  disk.onSync = cutNow;
  const spool = await openSpool({ files: disk, directory: '/spool', options, logger: nullLogger });
  for (const dumpBytes of [300, 5000, 800]) {
    const report = makeReport({ dumpBytes });
    await commitReport(spool, report);
    acknowledged.push(report);
    cutNow();
  }
  const mover = makeMover({
    spool,
    storage: new FsStorage({ root: '/crashes', files: disk, clock: systemClock }),
    queue: new NullQueue({ logger: nullLogger }),
    clock: systemClock,
    logger: nullLogger,
    metrics: nullMetrics,
    options: { concurrency: 1 },
  });
  while (spool.status().entryCount > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  cutNow();
  const last = makeReport({ dumpBytes: 100 });
  await commitReport(spool, last);
  acknowledged.push(last);
  cutNow();
  await mover.drain(1000);
  cutNow();
  await spool.close();
  cutNow();
  disk.onSync = null;
  return (await Promise.all(checks)).flat();
}

test('every acknowledged crash is in the spool or in storage after a power cut at any instant', async () => {
  const disk = new MemoryDisk();
  assert.deepEqual(await runAndCut(disk, allCuts), []);
  assert.ok(disk.syncs.length > 20, `only ${disk.syncs.length} syncs`);
});

test('taking out any one sync loses a crash: none of them is there for nothing', async () => {
  const reference = new MemoryDisk();
  await runAndCut(reference, []);
  const idle: string[] = [];
  for (let index = 0; index < reference.syncs.length; index++) {
    const disk = new MemoryDisk();
    disk.brokenSync = index;
    const problems = await runAndCut(disk, ['removals-kept', 'marks-kept']);
    const call = disk.syncs[index];
    if (problems.length === 0) idle.push(`${index} ${call?.kind} ${call?.path}`);
  }
  assert.deepEqual(idle, []);
});
