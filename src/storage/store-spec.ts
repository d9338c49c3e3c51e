// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { isJsonObject } from '../lib/json.ts';
import type { StorageConfig } from './containers/build-storage.ts';
import { storageErrors } from './errors.ts';

/**
 * A store as people write it in a command: a type (`s3`, with its configured options), `s3://bucket/prefix`,
 * `fs:/path` (also radix:, dated-radix:, legacy:, dated-legacy:, temporary:), or JSON as in the configuration.
 */
export function parseStoreSpec(text: string): StorageConfig {
  if (text.trimStart().startsWith('{')) return parseJson(text);
  const bucket = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(text);
  if (bucket) return { type: 's3', bucket: bucket[1] as string, ...(bucket[2] ? { prefix: bucket[2] } : {}) };
  const tree = /^(fs|radix|dated-radix|legacy|dated-legacy|temporary):(.+)$/s.exec(text);
  if (tree) return { type: tree[1] as string, root: tree[2] as string };
  if (/^[A-Za-z][A-Za-z0-9_.-]*$/.test(text)) return { type: text };
  throw new SalvageError(storageErrors.storage_bad_wiring, `not a store: ${JSON.stringify(text)}`);
}

function parseJson(text: string): StorageConfig {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below.
  }
  throw new SalvageError(storageErrors.storage_bad_wiring, `not the JSON of a store: ${text.slice(0, 200)}`);
}
