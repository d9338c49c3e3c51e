// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The address of an S3 server: `const url = await testS3Url()`.
import { after } from 'node:test';
import { s3Env, startTestS3, type TestS3 } from './s3-server.ts';

let own: Promise<TestS3> | null = null;
after(async () => (await own)?.stop());

/** Address of the S3 server of `test/setup.ts`; a file that is run alone starts its own. */
export async function testS3Url(): Promise<string> {
  return process.env[s3Env] ?? (await (own ??= startTestS3())).url;
}
