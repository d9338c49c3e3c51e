// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { dumpFromBytes } from '../../src/crash/dump.ts';
import { S3Storage, type S3StorageOptions } from '../../src/storage/s3-storage.ts';
import { testS3Url } from '../services/s3.ts';
import { s3Credentials } from '../services/s3-server.ts';
import { bytesOf, hasSlug, listed, newCrashId, reportOf, storageContract } from './storage-contract.ts';

const endpoint = await testS3Url();
const client = new S3Client({
  endpoint,
  region: 'us-west-2',
  credentials: s3Credentials,
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
});

/** Dots in bucket names are what Antenna's users have. */
async function newBucket(): Promise<string> {
  const bucket = `org.crashes.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return bucket;
}

function make(bucket: string, more: Partial<S3StorageOptions> = {}): S3Storage {
  return new S3Storage({ bucket, endpoint, ...s3Credentials, ...more });
}

async function put(bucket: string, key: string, body: string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
}

async function keysOf(bucket: string): Promise<string[]> {
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  return (Contents ?? []).map(({ Key }) => Key as string).sort();
}

for (const layout of ['antenna-2018', 'antenna-today', 'socorro-2016'] as const) {
  storageContract(`s3, ${layout}`, {
    make: async () => make(await newBucket(), { layout, ...(layout === 'socorro-2016' ? { prefix: 'prod' } : {}) }),
  });
}

let bucket = '';
before(async () => {
  bucket = await newBucket();
});

test('objects lie where Antenna of 2018 put them, with its bytes', async () => {
  const store = make(bucket);
  const crashId = '6c43aa7c-7d34-41cf-85aa-55b0d0160622';
  await store.saveRawCrash(
    reportOf(crashId, [
      dumpFromBytes('upload_file_minidump', Buffer.from('main')),
      dumpFromBytes('upload_file_minidump_flash1', Buffer.from('flash')),
    ]),
  );
  await store.saveProcessedCrash(crashId, { uuid: crashId }, {});
  assert.deepEqual(await keysOf(bucket), [
    `v1/dump/${crashId}`,
    `v1/dump_names/${crashId}`,
    `v1/processed_crash/${crashId}`,
    `v1/upload_file_minidump_flash1/${crashId}`,
    `v2/raw_crash/6c4/20160622/${crashId}`,
  ]);
  const names = await client.send(new GetObjectCommand({ Bucket: bucket, Key: `v1/dump_names/${crashId}` }));
  assert.equal(await names.Body?.transformToString(), '["upload_file_minidump", "upload_file_minidump_flash1"]');
});

test('crashes written by Antenna today and by Socorro of 2016 are read, listed and deleted', async () => {
  const old = await newBucket();
  const [today, of2016] = [newCrashId(), '0bba929f-8721-460c-dead-a43c20071025'];
  await put(old, `v1/raw_crash/20261121/${today}`, '{"ProductName": "A"}');
  await put(old, `v1/raw_crash/${of2016}`, '{"ProductName": "B"}');
  for (const crashId of [today, of2016]) {
    await put(old, `v1/dump_names/${crashId}`, '["upload_file_minidump", "b"]');
    await put(old, `v1/dump/${crashId}`, 'MDMP');
    await put(old, `v1/b/${crashId}`, 'other');
  }
  const store = make(old);
  assert.equal((await store.getRawCrash(today))['ProductName'], 'A');
  assert.equal((await store.getRawCrash(of2016))['ProductName'], 'B');
  assert.equal(String(await bytesOf(await store.getDump(of2016, 'upload_file_minidump'))), 'MDMP');
  assert.deepEqual((await listed(store)).sort(), [today, of2016].sort());
  assert.deepEqual(await listed(store, { date: '20071025' }), [of2016]);
  await store.deleteCrash(of2016);
  assert.ok((await keysOf(old)).every((key) => !key.endsWith(of2016)));
  assert.deepEqual(await listed(store), [today]);
});

test('listing goes past the first page, in every layout, and jumps over what cannot match', async () => {
  const many = await newBucket();
  for (const layout of ['antenna-2018', 'antenna-today', 'socorro-2016'] as const) {
    const store = make(many, { layout, layoutsRead: [layout], listPageItemsMax: 3 });
    const ids = Array.from({ length: 8 }, (_, index) => newCrashId(`2025-05-0${1 + (index % 4)}`));
    for (const crashId of ids) await store.saveRawCrash(reportOf(crashId, []));
    assert.deepEqual((await listed(store)).sort(), ids.toSorted());
    const ofDay = ids.filter((crashId) => crashId.endsWith('250503'));
    assert.deepEqual((await listed(store, { date: '20250503' })).sort(), ofDay.sort());
  }
});

test('a bucket that does not exist is a refusal, never "not found"; a store that is away is an outage', async () => {
  const missing = make('there-is-no-such-bucket');
  await assert.rejects(missing.check(), hasSlug('storage_refused'));
  await assert.rejects(missing.getRawCrash(newCrashId()), hasSlug('storage_refused'));
  await assert.rejects(missing.saveRawCrash(reportOf(newCrashId())), hasSlug('storage_refused'));
  const away = make(bucket, { endpoint: 'http://127.0.0.1:1' });
  await assert.rejects(away.check(), hasSlug('storage_outage'));
  await assert.rejects(away.getRawCrash(newCrashId()), hasSlug('storage_outage'));
});

test('a lost dump, lost names and a changed dump are corrupt', async () => {
  const store = make(bucket);
  const crashId = newCrashId();
  const bytes = Buffer.from('MDMP');
  const { createHash } = await import('node:crypto');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await store.saveRawCrash(reportOf(crashId, [dumpFromBytes('upload_file_minidump', bytes, sha256)]));
  const dump = await store.getDump(crashId, 'upload_file_minidump');
  assert.equal(dump.sha256, sha256);
  await put(bucket, `v1/dump/${crashId}`, 'XXXX');
  await assert.rejects(bytesOf(dump), hasSlug('storage_corrupt'));
  await put(bucket, `v1/dump_names/${crashId}`, '["gone"]');
  await assert.rejects(store.getDump(crashId, 'gone'), hasSlug('storage_corrupt'));
  await put(bucket, `v1/dump_names/${crashId}`, 'nonsense');
  await assert.rejects(store.getDumpNames(crashId), hasSlug('storage_corrupt'));
});
