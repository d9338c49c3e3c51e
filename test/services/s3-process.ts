// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Entry file of the S3 server for tests: `node s3-server.ts FOLDER` prints its URL and ends when its stdin closes.
import { createRequire } from 'node:module';

interface S3rver {
  run(): Promise<{ port: number }>;
}
const S3rver = createRequire(import.meta.url)('@20minutes/s3rver') as new (options: object) => S3rver;

const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory: process.argv[2],
  // It refuses correct signatures otherwise.
  allowMismatchedSignatures: true,
  // Ids of a bucket in the host name would need DNS.
  vhostBuckets: false,
});
const { port } = await server.run();
console.log(`http://127.0.0.1:${port}`);
process.stdin.on('close', () => process.exit(0)).resume();
