// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonObject } from '../lib/json.ts';
import { declareOptions, option } from '../lib/options.ts';
import { objectLayouts, processedLayouts } from './object-keys.ts';

export const fsStorageOptions = declareOptions(
  'storage.fs',
  'Crashes in a directory of this machine, in Antenna’s tree.',
  {
    root: option.path('', 'Where the dated directories are. Empty = `crashes` in the data folder.', {
      aliases: ['CRASHMOVER_CRASHSTORAGE_FS_ROOT', 'CRASHSTORAGE_FS_ROOT', 'FS_ROOT'],
    }),
  },
);

export const storageTreeOptions = declareOptions('storage', 'Stores made of stores.', {
  tree: option.json<JsonObject | null>(
    null,
    (value) => {
      if (value !== null && !isJsonObject(value)) throw new Error('must be an object such as {"type": "fs"}');
      return value;
    },
    'A tree of stores and containers, e.g. {"type": "fallback", "primary": {"type": "s3"}, "fallback": {"type": "fs"}}; used instead of the class. What a leaf leaves out comes from the options of its type.',
  ),
  retentionDays: option.integer(
    0,
    0,
    36_500,
    'Days that crashes stay in the store; whole days are deleted. 0 = no limit.',
  ),
  retentionBytesMax: option.bytes(0, 'Size of the store beyond which its oldest days are deleted. 0 = no limit.'),
  retentionFreePercentMin: option.integer(
    10,
    0,
    90,
    'Free share of the disk below which the oldest days of an `fs` store are deleted, never of the last 7 days. 0 = off.',
  ),
});

export const s3Options = declareOptions(
  'storage.s3',
  'Crashes in a bucket of S3 or of anything that speaks its language.',
  {
    bucket: option.text('', 'Name of the bucket; it must exist.', {
      aliases: ['CRASHMOVER_CRASHSTORAGE_BUCKET_NAME', 'CRASHSTORAGE_BUCKET_NAME'],
    }),
    region: option.text('us-west-2', 'Region of the bucket.', { aliases: ['CRASHSTORAGE_REGION', 'S3_REGION'] }),
    endpoint: option.url('', 'URL of a store other than Amazon’s.', {
      aliases: ['CRASHSTORAGE_ENDPOINT_URL', 'S3_ENDPOINT_URL'],
    }),
    accessKeyId: option.text('', 'Access key. Empty = the usual chain: environment, profile, role of the machine.', {
      aliases: ['CRASHSTORAGE_ACCESS_KEY'],
    }),
    secretAccessKey: option.text('', 'Secret of the access key.', {
      secret: true,
      aliases: ['CRASHSTORAGE_SECRET_ACCESS_KEY'],
    }),
    prefix: option.text('', 'Before every key, e.g. `prod`.'),
    layout: option.choice(objectLayouts, 'antenna-2018', 'Where new raw crashes go; all layouts are read.'),
    processedLayout: option.choice(
      processedLayouts,
      'processed_crash',
      'Where processed crashes go: `v1/processed_crash/ID`, or `v1/crash_report/YYYYMMDD/ID` for readers of the telemetry export.',
    ),
    isVirtualHosted: option.boolean(false, 'Bucket in the host name instead of the path.'),
    sendsChecksums: option.boolean(
      false,
      'Checksums of the SDK on every request: for Amazon; other stores may refuse or damage such bodies.',
    ),
    timeoutMs: option.duration(30_000, 'Longest silence of the store within a request.'),
  },
);

export const treeStorageOptions = declareOptions(
  'storage.radix',
  'Crashes in a directory in the trees of Socorro (types radix, dated-radix, legacy, dated-legacy, temporary).',
  {
    root: option.path('', 'Directory of the tree. Empty = `radix` in the data folder.', { aliases: ['fs_root'] }),
  },
);
