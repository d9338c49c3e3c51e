// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createGunzip, createZstdDecompress } from 'node:zlib';

/** What the first bytes of a symbol source show. */
type SymPacking = 'plain' | 'gzip' | 'zstd';

function packingOf(start: Uint8Array): SymPacking {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  if (start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd) return 'zstd';
  return 'plain';
}

/**
 * The text of a symbol source, unpacked if its first bytes show gzip or zstd, whatever its name or headers say. Errors of
 * unpacking (cut short, damaged) have a `code` beginning with `Z`.
 */
export async function* unpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return;
  const all = rejoined(first.value, iterator);
  const packing = packingOf(first.value);
  if (packing === 'plain') {
    yield* all;
    return;
  }
  const unpack = packing === 'gzip' ? createGunzip({ chunkSize: 1024 * 1024 }) : createZstdDecompress();
  feed(all, unpack);
  yield* unpack as AsyncIterable<Uint8Array>;
}

async function* rejoined(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Not `pipeline`: the chunks of `readChunks` are reused, so each must be wholly taken before the next is read. */
async function feed(
  source: AsyncIterable<Uint8Array>,
  unpack: NodeJS.WritableStream & { destroy(error: Error): void },
) {
  try {
    for await (const chunk of source)
      await new Promise<void>((resolve, reject) =>
        unpack.write(chunk as Buffer, (error) => (error ? reject(error) : resolve())),
      );
    unpack.end();
  } catch (error) {
    unpack.destroy(error as Error);
  }
}
