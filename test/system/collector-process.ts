// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The real `salvage collector` as a child process, and clients that note what they were promised.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeRequest } from '../../src/client/client-kinds.ts';
import { exchangeRaw } from '../../src/client/raw-exchange.ts';
import { crashIdIn } from '../../src/client/submit.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeFiles } from '../../src/lib/files.ts';
import { FsStorage } from '../../src/storage/fs-storage.ts';

export interface CollectorProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

export interface NodeOptions {
  readonly dataDir: string;
  /** Shared by the nodes of a test. */
  readonly storageRoot: string;
  readonly workerCount?: number;
  /** 0 = any free one. */
  readonly port?: number;
}

const command = join(import.meta.dirname, '../../src/bin/salvage.ts');

/** Starts a collector over a file-system storage and a file queue; resolves once intake is open in all of its processes. */
export async function startCollector(options: NodeOptions): Promise<CollectorProcess> {
  const child = spawn(process.execPath, [command, 'collector'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: String(options.port ?? 0),
      WEB_CONCURRENCY: String(options.workerCount ?? 1),
      SALVAGE_DATA_DIR: options.dataDir,
      SALVAGE_STORAGE_CLASS: 'fs',
      SALVAGE_STORAGE_FS_ROOT: options.storageRoot,
      SALVAGE_QUEUE_CLASS: 'file',
      SALVAGE_COLLECTOR_THROTTLER: 'accept-all',
    },
  });
  const lines: string[] = [];
  const opened = Promise.withResolvers<number>();
  let openCount = 0;
  const keep = (line: string) => {
    if (lines.push(line) > 100) lines.shift();
  };
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', keep);
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    keep(line);
    const port = /intake is open: http:\/\/[^:]+:(\d+)\//.exec(line)?.[1];
    if (port && ++openCount === (options.workerCount ?? 1)) opened.resolve(Number(port));
  });
  child.once('exit', (code, signal) =>
    opened.reject(new Error(`the collector ended with ${signal ?? code}:\n${lines.slice(-20).join('\n')}`)),
  );
  return { child, pid: child.pid as number, port: await opened.promise };
}

/** Ends it and waits until it is gone; returns its exit code, null after SIGKILL. */
export async function stopCollector(
  { child }: CollectorProcess,
  signal: 'SIGKILL' | 'SIGTERM',
): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill(signal);
  return (await ended)[0] as number | null;
}

/** Crash ids that were answered, with the SHA-256 of the dump that was sent. */
export type Promises = Map<string, string>;

const hex = (digits: number) => randomBytes(digits).toString('hex').slice(0, digits);

/**
 * Sends one report on a connection of its own, as crash reporters do, and notes the id when it gets one. Null when there
 * was no answer.
 */
export async function sendReport(port: number, dumpSizeBytes: number, promises: Promises): Promise<number | null> {
  const bytes = randomBytes(dumpSizeBytes);
  const dumps = [{ name: 'upload_file_minidump', filename: 'a.dmp', bytes }];
  const { headers, chunks } = writeRequest(
    'breakpad-linux',
    { annotations: { ProductName: 'Editor', Version: '1' }, dumps },
    hex,
  );
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const head = Object.entries({ host: 'test', ...headers, 'content-length': length, connection: 'close' })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const url = new URL(`http://127.0.0.1:${port}/submit`);
  const answer = await exchangeRaw(url, [Buffer.from(`POST /submit HTTP/1.1\r\n${head}\r\n`), ...chunks], 20_000).catch(
    () => null,
  );
  if (!answer) return null;
  const crashId = answer.status === 200 ? crashIdIn(answer.body.toString().trimEnd()) : null;
  if (crashId !== null) {
    assert.ok(!promises.has(crashId), `${crashId} was given twice`);
    promises.set(crashId, createHash('sha256').update(bytes).digest('hex'));
  }
  return answer.status;
}

/** Mostly small, now and then beyond the threshold above which a body gets a file of its own in the spool. */
export function randomDumpSize(): number {
  return Math.floor(200 * 2000 ** Math.random());
}

export function storedIds(storageRoot: string): Promise<string[]> {
  const storage = new FsStorage({ root: storageRoot, files: nodeFiles, clock: systemClock });
  return Array.fromAsync(storage.listCrashIds());
}

/** Stored crashes that nobody was told of, after a check that all that were promised are stored, byte for byte. */
export async function assertPromisesKept(promises: Promises, storageRoot: string): Promise<string[]> {
  const storage = new FsStorage({ root: storageRoot, files: nodeFiles, clock: systemClock });
  const stored = await storedIds(storageRoot);
  assert.equal(new Set(stored).size, stored.length, 'a crash is stored twice');
  const missing = new Set(promises.keys()).difference(new Set(stored));
  assert.deepEqual([...missing], [], `${missing.size} of ${promises.size} promised crashes are not stored`);
  for (const [crashId, sha256] of promises) {
    assert.equal((await storage.getRawCrash(crashId))['uuid'], crashId);
    const hash = createHash('sha256');
    for await (const chunk of (await storage.getDump(crashId, 'upload_file_minidump')).open()) hash.update(chunk);
    assert.equal(hash.digest('hex'), sha256, `the dump of ${crashId} has other bytes`);
  }
  return stored.filter((crashId) => !promises.has(crashId));
}

/** Ids that wait in the file queue of a node. */
export async function queuedIds(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, 'queue', 'standard', 'waiting')).catch(() => []);
  return names.map((name) => name.split('.')[2] as string);
}
