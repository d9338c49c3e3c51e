// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';

/** What the first bytes of a symbol source show. */
type SymPacking = 'plain' | 'gzip' | 'zstd';

function packingOf(start: Uint8Array): SymPacking {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  if (start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd) return 'zstd';
  return 'plain';
}

const magicBytesMax = 4;

/**
 * The text of a symbol source, unpacked if its first bytes show gzip or zstd, whatever its name or headers say. Errors of
 * unpacking (cut short, damaged) have a `code` beginning with `Z`. However it ends, the source is let go of.
 */
export async function* unpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const start = await firstBytes(iterator);
  const all = rejoined(start, iterator);
  const packing = packingOf(start);
  if (packing === 'plain') {
    yield* all;
    return;
  }
  const unpack = packing === 'gzip' ? createGunzip({ chunkSize: 1024 * 1024 }) : createZstdDecompress();
  void feed(all, unpack);
  yield* unpack as AsyncIterable<Uint8Array>;
}

/** Enough chunks to tell the packing, as one; a slow server may send single bytes. */
async function firstBytes(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const first = await iterator.next();
  if (first.done) return new Uint8Array();
  let start = first.value;
  while (start.length < magicBytesMax) {
    const copy = Buffer.from(start);
    const next = await iterator.next();
    if (next.done) break;
    start = Buffer.concat([copy, next.value]);
  }
  return start;
}

async function* rejoined(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/**
 * Not `pipeline`: the chunks of `readChunks` are reused, so each must be wholly taken before the next is read. A stream
 * that fails in the middle of a chunk never says that it has taken it, hence the look at `close`.
 */
async function feed(source: AsyncIterable<Uint8Array>, unpack: Gunzip | ZstdDecompress): Promise<void> {
  const closed = new Promise<void>((resolve) => unpack.once('close', resolve));
  try {
    for await (const chunk of source) {
      const taken = new Promise<void>((resolve) => unpack.write(chunk, () => resolve()));
      await Promise.race([taken, closed]);
      if (unpack.destroyed) return;
    }
    unpack.end();
  } catch (error) {
    unpack.destroy(error as Error);
  }
}
