// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Refused credentials need a store that checks them: Debian's Swift with its S3 face.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { SalvageError } from '../../src/lib/errors.ts';
import { S3Storage, type S3StorageOptions } from '../../src/storage/s3-storage.ts';
import { testSwiftUrl } from '../services/swift.ts';
import { swiftCredentials } from '../services/swift-server.ts';
import { hasSlug, newCrashId, reportOf, storageContract } from '../storage/storage-contract.ts';

const endpoint = await testSwiftUrl();
const client = new S3Client({
  endpoint,
  region: 'us-west-2',
  credentials: swiftCredentials,
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
});

async function make(more: Partial<S3StorageOptions> = {}): Promise<S3Storage> {
  const bucket = `org.crashes.${Math.random().toString(36).slice(2)}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return new S3Storage({ bucket, endpoint, ...swiftCredentials, ...more });
}

storageContract('s3, Swift', { make: () => make(), largeDumpBytes: 12_000_000, oddReports: 4 });

describe('a store that checks signatures', () => {
  const refusals = [
    ['a wrong access key', { accessKeyId: 'salvage:nobody' }, /wrong access key or secret/],
    ['a wrong secret', { secretAccessKey: 'guessed' }, /wrong access key or secret/],
    ['a bucket that does not exist', { bucket: 'org.crashes.none' }, /the bucket does not exist/],
  ] as const;
  for (const [what, options, message] of refusals) {
    test(`${what} is refused at start with the reason, and is never "not found"`, async () => {
      const storage = await make(options);
      await assert.rejects(storage.check(), (error) => {
        assert.ok(error instanceof SalvageError);
        assert.equal(error.slug, 'storage_refused', error.message);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /guessed|testing/, 'no secret in the message');
        return true;
      });
      const crashId = newCrashId();
      await assert.rejects(storage.saveRawCrash(reportOf(crashId)), hasSlug('storage_refused'));
      await assert.rejects(storage.getRawCrash(crashId), hasSlug('storage_refused'));
      await assert.rejects(storage.getDumpNames(crashId), hasSlug('storage_refused'));
      await assert.rejects(storage.deleteCrash(crashId), hasSlug('storage_refused'));
      await storage.close();
    });
  }
});
