// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { freeBuffer, isWholeBuffer } from '../../src/lib/free-buffer.ts';
import { PagedBytes, pageBytes } from '../../src/lib/paged-bytes.ts';

const pattern = Buffer.from(Array.from({ length: 4 * pageBytes }, (_, at) => (at * 31 + (at >> 8)) % 256));
const lengths = fc.array(fc.integer({ min: 0, max: 2 * pageBytes }), { maxLength: 6 });

test('pages hold what was appended, however it was cut, and give any range of it', () => {
  fc.assert(
    fc.property(lengths, fc.nat(), fc.nat(), (cuts, one, other) => {
      const chunks = cuts.map((length, index) => pattern.subarray(index * 1000, index * 1000 + length));
      const whole = Buffer.concat(chunks);
      const bytes = new PagedBytes();
      for (const chunk of chunks) bytes.append(chunk);
      assert.equal(bytes.lengthBytes, whole.length);
      assert.equal(bytes.heldBytes, Math.ceil(whole.length / pageBytes) * pageBytes);
      assert.ok(Buffer.concat(bytes.pieces()).equals(whole));
      assert.ok(bytes.copyTo(Buffer.alloc(whole.length + 5)).equals(whole));
      const [from, to] = [one % (whole.length + 1), other % (whole.length + 1)].sort((a, b) => a - b) as [
        number,
        number,
      ];
      assert.ok(Buffer.concat(bytes.range(from, to)).equals(whole.subarray(from, to)));
      bytes.release();
    }),
  );
  const bytes = new PagedBytes();
  bytes.append(pattern.subarray(0, 10));
  for (const [from, to] of [
    [0, 11],
    [-1, 5],
    [6, 5],
  ] as const)
    assert.throws(() => bytes.range(from, to), RangeError);
});

test('pages made to be filled hold what a reader puts there, and go on from there', () => {
  const bytes = PagedBytes.ofLength(pageBytes + 10);
  let at = 0;
  for (const piece of bytes.pieces()) at += pattern.copy(piece, 0, at);
  bytes.append(pattern.subarray(at, at + 20));
  assert.ok(Buffer.concat(bytes.pieces()).equals(pattern.subarray(0, pageBytes + 30)));
});

test('pages go round after their last holder, unless somebody may still read them', () => {
  const bytes = new PagedBytes();
  bytes.append(pattern.subarray(0, 3 * pageBytes));
  const views = bytes.pieces();
  bytes.retain().release();
  assert.ok(Buffer.concat(views).equals(pattern.subarray(0, 3 * pageBytes)), 'one holder is left');
  bytes.release();
  assert.throws(() => bytes.pieces(), /released/);
  assert.throws(() => bytes.release(), /released/);
  const next = PagedBytes.ofLength(3 * pageBytes);
  const memoryOf = (pieces: readonly Buffer[]) => new Set(pieces.map(({ buffer }) => buffer));
  assert.deepEqual(memoryOf(next.pieces()), memoryOf(views), 'the same pages');

  next.append(pattern.subarray(0, 1));
  const read = next.pieces();
  next.abandon();
  next.release();
  const other = PagedBytes.ofLength(6 * pageBytes);
  assert.equal(memoryOf(other.pieces()).intersection(memoryOf(read)).size, 0);
});

test('a freed buffer is empty at once; a slice of shared memory is not taken for a whole one', () => {
  const buffer = Buffer.allocUnsafeSlow(100_000);
  assert.ok(isWholeBuffer(buffer));
  assert.ok(!isWholeBuffer(Buffer.from('short')));
  freeBuffer(buffer);
  assert.equal(buffer.length, 0);
});
