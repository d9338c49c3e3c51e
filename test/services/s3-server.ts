// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// An S3 server for tests that we did not write (s3rver), in its own process: two of its needs are process-wide flags.
import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { removeAfterwards } from './janitor.ts';

export const s3Env = 'SALVAGE_TEST_S3_URL';

export interface TestS3 {
  readonly url: string;
  stop(): Promise<void>;
}

/** Credentials that the server knows. */
export const s3Credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const;

export async function startTestS3(): Promise<TestS3> {
  const folder = await mkdtemp(join(tmpdir(), 'salvage-test-s3-'));
  removeAfterwards(folder, join(folder, 'none'));
  // The legacy provider has DES, with which this server makes the token of the second page of a listing.
  const args = ['--openssl-legacy-provider', join(import.meta.dirname, 's3-process.ts'), folder];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the S3 server for tests ended with ${code}`)));
  });
  child.unref();
  for (const pipe of [child.stdin, child.stdout]) (pipe as unknown as { unref(): void }).unref();
  return {
    url,
    async stop() {
      child.ref();
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await exited;
    },
  };
}
