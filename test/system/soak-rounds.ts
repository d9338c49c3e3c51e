// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Kills the real collector at random instants under load, again and again, and compares what it promised with what is
// stored.
import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assertPromisesKept,
  type CollectorProcess,
  type Promises,
  queuedIds,
  randomDumpSize,
  sendReport,
  startCollector,
  stopCollector,
  storedIds,
} from './collector-process.ts';

export interface SoakResult {
  readonly rounds: number;
  /** Reports that were answered with an id. */
  readonly promised: number;
  /** Stored although their client got no answer: killed between the commit and the answer. */
  readonly untold: number;
}

export interface SoakOptions {
  readonly directory: string;
  readonly rounds: number;
  /** Rounds between a clean stop and a look at the storage, which is emptied then. */
  readonly roundsPerCheck: number;
  readonly onRound?: (round: number, promised: number) => void;
}

const clientCount = 4;

/** Every other round runs two processes on one port, so that parts of the spool change hands. */
const workerCountOf = (round: number) => 1 + (round % 2);

export async function soak({ directory, rounds, roundsPerCheck, onRound }: SoakOptions): Promise<SoakResult> {
  const dataDir = join(directory, 'node');
  const storageRoot = join(directory, 'crashes');
  const start = (workerCount: number) => startCollector({ dataDir, storageRoot, workerCount });
  const promises: Promises = new Map();
  let [promised, untold] = [0, 0];
  for (let round = 1; round <= rounds; round++) {
    const before = promises.size;
    await killedRound(await start(workerCountOf(round)), promises);
    onRound?.(round, promises.size - before);
    if (round % roundsPerCheck !== 0 && round !== rounds) continue;
    const last = await start(1);
    await untilStored(promises, storageRoot);
    assert.equal(await stopCollector(last, 'SIGTERM'), 0);
    untold += (await check(promises, dataDir, storageRoot)).length;
    promised += promises.size;
    promises.clear();
    await Promise.all([storageRoot, join(dataDir, 'queue')].map((path) => rm(path, { recursive: true, force: true })));
  }
  return { rounds, promised, untold };
}

async function killedRound(node: CollectorProcess, promises: Promises): Promise<void> {
  let isDead = false;
  const clients = Array.from({ length: clientCount }, async () => {
    while (!isDead) await sendReport(node.port, randomDumpSize(), promises);
  });
  await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 600));
  const workers = await childrenOf(node.pid);
  await Promise.all([stopCollector(node, 'SIGKILL'), ...workers.map(killAndWait)]);
  isDead = true;
  await Promise.all(clients);
}

/** A part of the spool whose owner died is adopted after 10 to 20 seconds: its crashes are late, not lost. */
const adoptionMsMax = 60_000;

async function untilStored(promises: Promises, storageRoot: string): Promise<void> {
  for (const endMs = performance.now() + adoptionMsMax; performance.now() < endMs; ) {
    const stored = await storedIds(storageRoot);
    if (new Set(promises.keys()).isSubsetOf(new Set(stored))) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function check(promises: Promises, dataDir: string, storageRoot: string): Promise<string[]> {
  const untold = await assertPromisesKept(promises, storageRoot);
  const queued = new Set(await queuedIds(dataDir));
  const unannounced = [...promises.keys()].filter((crashId) => !queued.has(crashId));
  assert.deepEqual(unannounced, [], 'stored, but its id is in no queue');
  // A write that the kill cut short was answered to nobody; it is set aside as the end of its log. Nothing else may be.
  const spool = join(dataDir, 'spool');
  for (const name of await readdir(spool, { recursive: true })) {
    if (!/damaged\/.*\.json$/.test(name)) continue;
    const { reason } = JSON.parse(await readFile(join(spool, name), 'utf8')) as { reason: string };
    assert.match(reason, /end of the log/, name);
  }
  return untold;
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

async function killAndWait(pid: number): Promise<void> {
  const isThere = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  if (isThere()) process.kill(pid, 'SIGKILL');
  while (isThere()) await new Promise((resolve) => setTimeout(resolve, 10));
}
