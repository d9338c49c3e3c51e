// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Kills the harness at random instants under load and compares the ids that were answered with what is stored.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';

export interface Harness {
  readonly process: ChildProcess;
  readonly url: string;
}

/** Ids that were answered, with the SHA-256 of what was sent. */
export type Acknowledged = Map<string, string>;

const children = new Set<ChildProcess>();

/** Ends what a failed test left running: it would keep the test's process alive. */
export function killHarnesses(): void {
  for (const child of children) child.kill('SIGKILL');
}

export async function startHarness(directory: string, fallbackDirectory?: string): Promise<Harness> {
  const script = fileURLToPath(new URL('./spool-harness.ts', import.meta.url));
  const args = [script, directory, ...(fallbackDirectory ? [fallbackDirectory] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const [port] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the harness ended with ${code}`))),
  ])) as [string];
  return { process: child, url: `http://127.0.0.1:${port}/` };
}

export async function stopHarness(harness: Harness, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const ended = once(harness.process, 'exit');
  harness.process.kill(signal);
  await ended;
}

/** Sends one report; resolves with its status, and notes the id when it was answered 200. */
export async function send(url: string, sizeBytes: number, acknowledged: Acknowledged): Promise<number> {
  const body = randomBytes(sizeBytes);
  const response = await fetch(url, { method: 'POST', body });
  const text = await response.text();
  if (response.status === 200) acknowledged.set(text, createHash('sha256').update(body).digest('hex'));
  return response.status;
}

async function sendUntilDead(url: string, acknowledged: Acknowledged, isDead: () => boolean): Promise<void> {
  while (!isDead()) {
    // Mostly small, now and then beyond the inline threshold.
    const sizeBytes = Math.floor(200 * 1000 ** Math.random());
    await send(url, sizeBytes, acknowledged).catch(() => {});
  }
}

/**
 * `rounds` times: start, load from four clients, SIGKILL after a random time. Then one clean run that drains. Returns
 * what was acknowledged.
 */
export async function killRounds(directory: string, rounds: number): Promise<Acknowledged> {
  const acknowledged: Acknowledged = new Map();
  for (let round = 0; round < rounds; round++) {
    const harness = await startHarness(directory);
    let isDead = false;
    const clients = Array.from({ length: 4 }, () => sendUntilDead(harness.url, acknowledged, () => isDead));
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 400));
    await stopHarness(harness, 'SIGKILL');
    isDead = true;
    await Promise.all(clients);
  }
  await drainAll(directory);
  return acknowledged;
}

export async function drainAll(directory: string, fallbackDirectory?: string): Promise<void> {
  await stopHarness(await startHarness(directory, fallbackDirectory), 'SIGTERM');
}

/** Every acknowledged crash is stored with its very bytes, and its id waits in the queue. */
export async function assertNothingLost(directory: string, acknowledged: Acknowledged): Promise<void> {
  const storage = new FsStorage({ root: join(directory, 'crashes'), files: nodeFiles, clock: systemClock });
  const queued = new Set(
    (await readdir(join(directory, 'queue', 'standard', 'waiting'))).map((name) => name.split('.')[2]),
  );
  for (const [crashId, sha256] of acknowledged) {
    const rawCrash = await storage.getRawCrash(crashId);
    assert.equal(rawCrash['uuid'], crashId);
    const hash = createHash('sha256');
    for await (const chunk of (await storage.getDump(crashId, 'upload_file_minidump')).open()) hash.update(chunk);
    assert.equal(hash.digest('hex'), sha256, crashId);
    assert.ok(queued.has(crashId), `${crashId} is not in the queue`);
  }
}
