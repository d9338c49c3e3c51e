// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A second S3 server of others: versitygw, by the Go module proxy, on a directory. It checks signatures, keys and sizes.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../services/free-port.ts';

const module = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const cache = resolve('node_modules/.cache/peers/versitygw-1.8.0');

export const peerCredentials = { accessKeyId: 'salvage', secretAccessKey: 'testing-testing' } as const;

export interface S3Peer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Builds the server once, which takes some minutes, and starts it. */
export async function startS3Peer(): Promise<S3Peer> {
  const program = join(cache, 'versitygw');
  if (!existsSync(program))
    await promisify(execFile)('go', ['install', module], { env: { ...process.env, GOBIN: cache } });
  const folder = await mkdtemp(join(tmpdir(), 'salvage-peer-s3-'));
  await mkdir(join(folder, 'buckets'));
  await mkdir(join(folder, 'metadata'));
  const port = await freePort();
  const { accessKeyId, secretAccessKey } = peerCredentials;
  // Metadata apart: not every file system of a test machine has extended attributes.
  const child = spawn(
    program,
    [
      ...['--port', `127.0.0.1:${port}`, '--access', accessKeyId, '--secret', secretAccessKey],
      ...['--region', 'us-west-2', '--quiet', 'posix', '--sidecar', join(folder, 'metadata'), join(folder, 'buckets')],
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await awaitAnswer(url, child);
  return {
    url,
    async stop() {
      const exited = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function awaitAnswer(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100 && child.exitCode === null; tries++) {
    if (await fetch(url).catch(() => null)) return;
    await sleep(100);
  }
  child.kill('SIGKILL');
  throw new Error(`versitygw did not start (exit code ${child.exitCode})`);
}
