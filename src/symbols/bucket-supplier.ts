// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { RemoteSupplier, type RemoteSupplierOptions } from './remote-supplier.ts';
import { keyPath } from './symbol-key.ts';

/**
 * Objects by key, as a bucket gives them. `bin` makes one from a storage adapter, so that this folder knows no bucket.
 * Null = no such object; an outage must throw.
 */
export interface ByteSource {
  open(key: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | null>;
}

export interface BucketSupplierOptions extends RemoteSupplierOptions {
  /** Before the Breakpad path, e.g. `v1/`. */
  readonly prefix: string;
}

/** Symbols in a bucket in the layout of Mozilla's symbol server: `v1/{debug file}/{debug id}/{sym file}`. */
export function makeBucketSupplier(source: ByteSource, options: BucketSupplierOptions): RemoteSupplier {
  return new RemoteSupplier(options, async (key, _module, signal) => {
    const body = await source.open(options.prefix + keyPath(key), signal);
    return body && { body, url: null };
  });
}
