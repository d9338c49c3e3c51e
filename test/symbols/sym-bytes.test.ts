// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { unpacked } from '../../src/symbols/sym-bytes.ts';

/** A source in chunks of that size, which knows whether its reader let go of it. */
function makeSource(bytes: Uint8Array, chunkBytes: number) {
  const state = { isReleased: false };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
    } finally {
      state.isReleased = true;
    }
  }
  return { state, chunks: chunks() };
}

async function isSoonReleased(state: { readonly isReleased: boolean }): Promise<boolean> {
  for (let turns = 0; !state.isReleased && turns < 1000; turns += 1) await new Promise(setImmediate);
  return state.isReleased;
}

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of unpacked(source)) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts).toString();
}

const text = `MODULE Linux x86_64 ${'A'.repeat(33)} app\n`.repeat(200);

for (const [name, bytes] of [
  ['plain', Buffer.from(text)],
  ['gzip', gzipSync(text)],
  ['zstd', zstdCompressSync(text)],
] as const)
  for (const chunkBytes of [1, 3, 1024, bytes.length])
    test(`${name} in chunks of ${chunkBytes} bytes is unpacked`, async () => {
      const { state, chunks } = makeSource(bytes, chunkBytes);
      assert.equal(await textOf(chunks), text);
      assert.ok(state.isReleased);
    });

test('nothing and less than a magic number pass as they are', async () => {
  assert.equal(await textOf(makeSource(Buffer.alloc(0), 1).chunks), '');
  assert.equal(await textOf(makeSource(Buffer.from('MO'), 1).chunks), 'MO');
});

test('of damaged gzip the source is let go of: it may be an open file or a connection', async () => {
  const damaged = gzipSync(randomBytes(1_000_000)).fill(0x55, 300_000, 400_000);
  const { state, chunks } = makeSource(damaged, 65_536);
  await assert.rejects(textOf(chunks), { code: 'Z_DATA_ERROR' });
  assert.ok(await isSoonReleased(state));
});

test('a reader that stops early lets go of the source', async () => {
  const { state, chunks } = makeSource(gzipSync(randomBytes(1_000_000)), 65_536);
  for await (const chunk of unpacked(chunks)) if (chunk.length > 0) break;
  assert.ok(await isSoonReleased(state));
});
