// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { crc32 } from 'node:zlib';
import type { OpenFile } from '../lib/files.ts';
import { spoolLimits } from './limits.ts';
import { decodeHeader, endMark, headerBytes, type RecordHeader, recordLength, recordMagic } from './record.ts';

/** What stands at one place of a segment. Offsets are bytes in the log file; `to` is where the next thing begins. */
export type SegmentPiece =
  | {
      readonly kind: 'record';
      readonly header: RecordHeader;
      readonly meta: Buffer;
      readonly rawCrash: Buffer;
      readonly to: number;
    }
  | { readonly kind: 'damage'; readonly from: number; readonly to: number; readonly reason: string }
  | { readonly kind: 'end' };

/** Read with the header, so that one call fetches the head of most crashes. */
const readAheadBytes = 64 * 1024;

/**
 * The piece at `offset` of a log of `sizeBytes`. A record whose header or head is damaged becomes a damage up to the
 * next readable record or the end; its neighbours stay readable. The end is also where an end mark stands and no
 * record after it. Bodies are not checked here (see checkBody).
 */
export async function readPiece(
  file: OpenFile,
  nonce: Uint8Array,
  offset: number,
  sizeBytes: number,
): Promise<SegmentPiece> {
  if (offset >= sizeBytes) return { kind: 'end' };
  const first = await readAt(file, offset, Math.min(readAheadBytes, sizeBytes - offset));
  const header = decodeHeader(first, nonce, offset);
  if (!header) {
    const damage = await damageFrom(file, nonce, offset, sizeBytes, 'no readable record header');
    return damage.to === sizeBytes && isEndMark(first) ? { kind: 'end' } : damage;
  }
  const headLength = headerBytes + header.metaLength + header.rawLength;
  if (offset + headLength > sizeBytes) return damageFrom(file, nonce, offset, sizeBytes, 'the record ends early');
  const head = headLength <= first.length ? first : await readAt(file, offset, headLength);
  const meta = head.subarray(headerBytes, headerBytes + header.metaLength);
  const rawCrash = head.subarray(headerBytes + header.metaLength, headLength);
  const to = offset + recordLength(header);
  if (to > sizeBytes) return damageFrom(file, nonce, offset, sizeBytes, 'the record ends early');
  if (head.length < headLength || crc32(rawCrash, crc32(meta)) !== header.metaCrc)
    return { kind: 'damage', from: offset, to, reason: 'wrong checksum of the head' };
  return { kind: 'record', header, meta, rawCrash, to };
}

async function readAt(file: OpenFile, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  return buffer.subarray(0, await file.read(buffer, offset));
}

async function damageFrom(
  file: OpenFile,
  nonce: Uint8Array,
  from: number,
  sizeBytes: number,
  reason: string,
): Promise<Extract<SegmentPiece, { kind: 'damage' }>> {
  return { kind: 'damage', from, to: await nextRecordOffset(file, nonce, from + 1, sizeBytes), reason };
}

/** Where the next valid record header stands at or after `from`, else `sizeBytes`. */
async function nextRecordOffset(file: OpenFile, nonce: Uint8Array, from: number, sizeBytes: number): Promise<number> {
  for (let at = from; at < sizeBytes; at += spoolLimits.resyncWindowBytes.value) {
    const windowLength = Math.min(spoolLimits.resyncWindowBytes.value + headerBytes, sizeBytes - at);
    const window = await readAt(file, at, windowLength);
    for (let found = window.indexOf(recordMagic); found !== -1; found = window.indexOf(recordMagic, found + 1)) {
      if (decodeHeader(window.subarray(found), nonce, at + found)) return at + found;
    }
  }
  return sizeBytes;
}

/** No header, and none was ever written there: what follows is not the log's, or a write that nobody was told of. */
function isEndMark(bytes: Buffer): boolean {
  const place = bytes.subarray(0, headerBytes);
  return place.equals(endMark.subarray(0, place.length));
}
