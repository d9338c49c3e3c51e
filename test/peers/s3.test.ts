// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { S3Storage, type S3StorageOptions } from '../../src/storage/s3-storage.ts';
import { hasSlug, newCrashId, storageContract } from '../storage/storage-contract.ts';
import { peerCredentials, startS3Peer } from './s3-peer.ts';

const peer = await startS3Peer();
after(() => peer.stop());
const client = new S3Client({
  endpoint: peer.url,
  region: 'us-west-2',
  credentials: peerCredentials,
  forcePathStyle: true,
});

async function make(more: Partial<S3StorageOptions> = {}): Promise<S3Storage> {
  const bucket = `org.crashes.${Math.random().toString(36).slice(2)}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return new S3Storage({ bucket, endpoint: peer.url, ...peerCredentials, ...more });
}

for (const layout of ['antenna-2018', 'antenna-today', 'socorro-2016'] as const) {
  storageContract(`s3, versitygw, ${layout}`, { make: () => make({ layout }) });
}
storageContract('s3, versitygw, checksums of the SDK', { make: () => make({ sendsChecksums: true }) });

const refusals: readonly [string, Partial<S3StorageOptions>, RegExp][] = [
  ['a wrong access key', { accessKeyId: 'nobody' }, /access key/],
  ['a wrong secret', { secretAccessKey: 'guessed' }, /wrong access key or secret/],
  ['a bucket that does not exist', { bucket: 'org.crashes.none' }, /the bucket does not exist/],
];
for (const [what, options, message] of refusals) {
  test(`versitygw: ${what} is refused, never "not found"`, async () => {
    const storage = await make(options);
    await assert.rejects(
      storage.check(),
      (error: Error) => hasSlug('storage_refused')(error) && message.test(error.message),
    );
    await assert.rejects(storage.getRawCrash(newCrashId()), hasSlug('storage_refused'));
    await assert.rejects(storage.deleteCrash(newCrashId()), hasSlug('storage_refused'));
    await storage.close();
  });
}
