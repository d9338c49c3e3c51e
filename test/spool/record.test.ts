// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { bodyOffset, decodeHeader, encodeRecord, headerBytes, recordLength } from '../../src/spool/record.ts';

const nonce = Buffer.from('0123456789abcdef', 'hex');
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

const record = fc.record({
  type: fc.constantFrom('entry' as const, 'entry-with-file' as const, 'seal' as const),
  ordinal: fc.nat(0xffff_ffff),
  offset: fc.nat(1_000_000).map((eighth) => eighth * 8),
  meta: bytes(300),
  rawCrash: bytes(300),
  chunks: fc.array(bytes(100), { maxLength: 5 }),
});

function encode({
  type,
  ordinal,
  offset,
  meta,
  rawCrash,
  chunks,
}: typeof record extends fc.Arbitrary<infer T> ? T : never): Buffer {
  const body = type === 'seal' ? [] : chunks;
  const whole = Buffer.concat(body);
  return Buffer.concat(
    encodeRecord(nonce, offset, {
      type,
      ordinal,
      meta,
      rawCrash,
      body,
      bodyLength: whole.length,
      bodyCrc: crc32(whole),
    }).buffers,
  );
}

test('a record reads back as it was written and takes a multiple of eight bytes', () => {
  fc.assert(
    fc.property(record, (parts) => {
      const encoded = encode(parts);
      const header = decodeHeader(encoded, nonce, parts.offset);
      assert.ok(header);
      assert.equal(recordLength(header), encoded.length);
      assert.equal(encoded.length % 8, 0);
      assert.deepEqual([header.type, header.ordinal], [parts.type, parts.ordinal]);
      assert.deepEqual(encoded.subarray(headerBytes, headerBytes + header.metaLength), Buffer.from(parts.meta));
      const body = parts.type === 'entry' ? Buffer.concat(parts.chunks) : Buffer.alloc(0);
      const at = bodyOffset(header) - parts.offset;
      assert.deepEqual(encoded.subarray(at, at + body.length), body);
    }),
  );
});

test('a header is valid only whole, in its own segment and at its own place', () => {
  fc.assert(
    fc.property(record, fc.nat(headerBytes * 8 - 1), (parts, bit) => {
      const encoded = encode(parts);
      assert.equal(decodeHeader(encoded, Buffer.alloc(8), parts.offset), null);
      assert.equal(decodeHeader(encoded, nonce, parts.offset + 8), null);
      assert.equal(decodeHeader(encoded.subarray(0, headerBytes - 1), nonce, parts.offset), null);
      const flipped = Buffer.from(encoded);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(decodeHeader(flipped, nonce, parts.offset), null);
    }),
  );
});

test('any bytes are a header or null', () => {
  fc.assert(fc.property(bytes(200), (any) => decodeHeader(Buffer.from(any), nonce, 0) === null));
});
