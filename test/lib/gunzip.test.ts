// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Gunzip, GunzipError, gunzipAtOnce, gunzipBegin, gzipMembersMax } from '../../src/lib/gunzip.ts';

const mib = 1024 * 1024;

async function piecewise(bytes: Buffer, cut: number): Promise<Buffer | 'refused'> {
  const pieces: Buffer[] = [];
  const gunzip = new Gunzip((piece) => pieces.push(Buffer.from(piece)));
  try {
    for (let i = 0; i < bytes.length; i += cut) await gunzip.push(bytes.subarray(i, i + cut));
    gunzip.end();
    return Buffer.concat(pieces);
  } catch (error) {
    assert.ok(error instanceof GunzipError, String(error));
    return 'refused';
  } finally {
    gunzip.close();
  }
}

function atOnce(bytes: Buffer): Buffer | 'refused' {
  try {
    return Buffer.concat(gunzipAtOnce(bytes, 64 * mib) ?? assert.fail('too large'));
  } catch (error) {
    assert.ok(error instanceof GunzipError, String(error));
    return 'refused';
  }
}

/** A member with every optional header field, its header CRC right or wrong. */
function memberWithFields(text: string, isHeaderCrcRight: boolean): Buffer {
  const header = Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3]),
    Buffer.from([3, 0, 1, 2, 3]),
    Buffer.from('name\0comment\0'),
  ]);
  const check = Buffer.alloc(2);
  check.writeUInt16LE((crc32(header) & 0xffff) ^ (isHeaderCrcRight ? 0 : 1));
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(text));
  trailer.writeUInt32LE(text.length, 4);
  return Buffer.concat([header, check, deflateRawSync(text), trailer]);
}

function damaged(bytes: Buffer, position: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[position < 0 ? copy.length + position : position]! ^= 0x55;
  return copy;
}

const one = gzipSync('one member');
const cases: [about: string, bytes: Buffer, expected: string | null][] = [
  ['one member', one, 'one member'],
  ['an empty member', gzipSync(''), ''],
  ['stored blocks', gzipSync('stored', { level: 0 }), 'stored'],
  ['members one after the other', Buffer.concat([gzipSync('a'), gzipSync(''), gzipSync('b')]), 'ab'],
  ['zeros after the last member', Buffer.concat([one, Buffer.alloc(700)]), 'one member'],
  ['other bytes after the last member', Buffer.concat([one, Buffer.from('any other text')]), 'one member'],
  ['half a header after the last member', Buffer.concat([one, one.subarray(0, 6)]), 'one member'],
  ['a second member cut off', Buffer.concat([one, one.subarray(0, one.length - 3)]), null],
  ['a second member with a damaged trailer', Buffer.concat([one, damaged(one, -6)]), null],
  ['all header fields', memberWithFields('fields', true), 'fields'],
  ['a wrong header CRC', memberWithFields('fields', false), null],
  ['a reserved flag', damaged(one, 3), null],
  ['a wrong CRC', damaged(one, -8), null],
  ['a wrong size', damaged(one, -1), null],
  ['a damaged block', damaged(one, 10), null],
  ['nothing', Buffer.alloc(0), null],
  ['the last byte missing', one.subarray(0, -1), null],
  ['the trailer missing', one.subarray(0, -8), null],
  ['half of it', one.subarray(0, one.length >> 1), null],
  [
    'a name without an end',
    Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]), Buffer.alloc(200_000, 'n')]),
    null,
  ],
  ['a zlib stream', Buffer.from('789c4b040000620062', 'hex'), null],
  ['too many members', Buffer.concat(new Array(gzipMembersMax + 1).fill(gzipSync(''))), null],
];

for (const [about, bytes, expected] of cases)
  test(`gunzip: ${about}: ${expected === null ? 'refused' : 'decoded'}, at once and however it is cut`, async () => {
    const wanted = expected ?? 'refused';
    assert.equal(String(atOnce(bytes)), wanted);
    for (const cut of bytes.length > 1000 ? [997, bytes.length] : [1, 2, 3, 7, bytes.length || 1])
      assert.equal(String(await piecewise(bytes, cut)), wanted, `pieces of ${cut}`);
  });

test('gunzip: both ways agree on any damaged stream', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .tuple(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 }), fc.nat(), fc.nat(255), fc.nat(3))
      .map(([members, at, value, flips]) => {
        const stream = Buffer.concat(members.map((member) => gzipSync(member)));
        if (flips && stream.length) stream[at % stream.length] = value;
        return stream;
      }),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 50 }), async (raw, cut) => {
      const stream = Buffer.from(raw);
      assert.deepEqual(await piecewise(stream, cut), atOnce(stream));
    }),
    { numRuns: 300 },
  );
});

test('gunzip: an output beyond the limit is not produced', () => {
  const bomb = gzipSync(Buffer.alloc(50 * mib));
  assert.ok(bomb.length < mib / 10);
  assert.ok(gunzipAtOnce(bomb, 2 * mib) === null);
  assert.ok(gunzipAtOnce(Buffer.concat([gzipSync(Buffer.alloc(2 * mib)), gzipSync('x')]), 2 * mib) === null);
});

test('gunzip: who takes the data can stop a bomb', async () => {
  const bomb = gzipSync(Buffer.alloc(50 * mib));
  let seenBytes = 0;
  const stop = new Error('enough');
  const gunzip = new Gunzip((piece) => {
    seenBytes += piece.length;
    if (seenBytes > mib) throw stop;
  });
  await assert.rejects(gunzip.push(bomb), stop);
  gunzip.close();
  assert.ok(seenBytes < 2 * mib, `${seenBytes}`);
});

test('gunzip: the begin of a stream can be had without the rest', () => {
  const text = Buffer.from(Array.from({ length: 5000 }, (_, i) => `field ${i * 7919}\n`).join(''));
  const bytes = gzipSync(text);
  const begin = gunzipBegin(bytes.subarray(0, bytes.length >> 1), mib) ?? assert.fail('too large');
  assert.ok(begin.length > text.length / 4);
  assert.deepEqual(begin, text.subarray(0, begin.length));
  assert.equal(gunzipBegin(bytes.subarray(0, 5), mib)?.length, 0);
  assert.throws(() => gunzipBegin(Buffer.from('not gzip at all'), mib), GunzipError);
});

test('gunzip: the memory of a full piece is given back right after the call', async () => {
  const pieces: Buffer[] = [];
  const gunzip = new Gunzip((piece) => pieces.push(piece));
  await gunzip.push(gzipSync(Buffer.alloc(mib)));
  gunzip.end();
  gunzip.close();
  const heldBytes = pieces.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  assert.ok(pieces.length >= 10);
  assert.ok(heldBytes <= 128 * 1024, `${heldBytes} bytes are still held`);
});
