// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { crc32 } from 'node:zlib';
import { spoolLimits } from './limits.ts';

/**
 * One record of a segment, all numbers little-endian, padded with zeros to a multiple of 8:
 *
 *     0  u32 magic `SREC`     4  u8 version   5  u8 type   6  u16 zero
 *     8  8 bytes nonce of the segment        16  u64 offset of this record in the segment
 *    24  u32 meta length     28  u32 raw crash length      32  u64 body length
 *    40  u32 CRC-32 of meta and raw crash    44  u32 CRC-32 of the body
 *    48  u32 ordinal in the segment          52  u32 CRC-32 of bytes 0-51
 *    56  meta (JSON), raw crash, body (none in the log when the body has a file of its own)
 *
 * Nonce and offset make a record valid in one place only: after damage the reader looks for the next record by its
 * header, and a body that carries the bytes of a record cannot pose as one.
 */
export type RecordType = 'entry' | 'entry-with-file' | 'seal';

export interface RecordHeader {
  readonly type: RecordType;
  readonly offset: number;
  readonly ordinal: number;
  readonly metaLength: number;
  readonly rawLength: number;
  readonly bodyLength: number;
  readonly metaCrc: number;
  readonly bodyCrc: number;
}

export const headerBytes = 56;
export const nonceBytes = 8;
const magic = 0x43455253;
const version = 1;
const typeCodes: Record<RecordType, number> = { entry: 1, 'entry-with-file': 2, seal: 3 };
const typesByCode = new Map<number, RecordType>(
  Object.entries(typeCodes).map(([type, code]) => [code, type as RecordType]),
);

/** Stands behind the last record, in the place of a header. */
export const endMark: Uint8Array = new Uint8Array(headerBytes);

/** First bytes of each record, for looking it up after damage. */
export const recordMagic: Buffer = Buffer.from('SREC', 'latin1');

/** Bytes of the log that the record takes, padding included. */
export function recordLength(header: RecordHeader): number {
  return paddedLength(unpaddedLength(header));
}

/** Offset of the body in the log, for records that carry it. */
export function bodyOffset(header: RecordHeader): number {
  return header.offset + headerBytes + header.metaLength + header.rawLength;
}

function unpaddedLength(header: RecordHeader): number {
  const inline = header.type === 'entry' ? header.bodyLength : 0;
  return headerBytes + header.metaLength + header.rawLength + inline;
}

function paddedLength(length: number): number {
  return Math.ceil(length / 8) * 8;
}

export interface RecordParts {
  readonly type: RecordType;
  readonly ordinal: number;
  readonly meta: Uint8Array;
  readonly rawCrash: Uint8Array;
  /** The body in pieces; not written when the type is `entry-with-file`. */
  readonly body: readonly Uint8Array[];
  readonly bodyLength: number;
  readonly bodyCrc: number;
}

/** The header, and the buffers to write at `offset`, in order; the body's are the caller's own. */
export function encodeRecord(
  nonce: Uint8Array,
  offset: number,
  parts: RecordParts,
): { readonly header: RecordHeader; readonly buffers: Uint8Array[] } {
  const header: RecordHeader = {
    type: parts.type,
    offset,
    ordinal: parts.ordinal,
    metaLength: parts.meta.length,
    rawLength: parts.rawCrash.length,
    bodyLength: parts.bodyLength,
    metaCrc: crc32(parts.rawCrash, crc32(parts.meta)),
    bodyCrc: parts.bodyCrc,
  };
  const head = Buffer.alloc(headerBytes);
  head.writeUInt32LE(magic, 0);
  head.writeUInt8(version, 4);
  head.writeUInt8(typeCodes[header.type], 5);
  head.set(nonce, 8);
  head.writeBigUInt64LE(BigInt(offset), 16);
  head.writeUInt32LE(header.metaLength, 24);
  head.writeUInt32LE(header.rawLength, 28);
  head.writeBigUInt64LE(BigInt(header.bodyLength), 32);
  head.writeUInt32LE(header.metaCrc, 40);
  head.writeUInt32LE(header.bodyCrc, 44);
  head.writeUInt32LE(header.ordinal, 48);
  head.writeUInt32LE(crc32(head.subarray(0, 52)), 52);
  const length = unpaddedLength(header);
  const padding = Buffer.alloc(paddedLength(length) - length);
  const body = parts.type === 'entry' ? parts.body : [];
  const buffers = [head, parts.meta, parts.rawCrash, ...body, padding].filter((buffer) => buffer.length > 0);
  return { header, buffers };
}

/** The header at `offset` of the segment, or null when these are not the bytes of one. */
export function decodeHeader(bytes: Buffer, nonce: Uint8Array, offset: number): RecordHeader | null {
  if (bytes.length < headerBytes || bytes.readUInt32LE(0) !== magic || bytes.readUInt8(4) !== version) return null;
  if (bytes.readUInt32LE(52) !== crc32(bytes.subarray(0, 52))) return null;
  if (bytes.compare(nonce, 0, nonceBytes, 8, 8 + nonceBytes) !== 0) return null;
  const type = typesByCode.get(bytes.readUInt8(5));
  const header = {
    offset: Number(bytes.readBigUInt64LE(16)),
    ordinal: bytes.readUInt32LE(48),
    metaLength: bytes.readUInt32LE(24),
    rawLength: bytes.readUInt32LE(28),
    bodyLength: Number(bytes.readBigUInt64LE(32)),
    metaCrc: bytes.readUInt32LE(40),
    bodyCrc: bytes.readUInt32LE(44),
  };
  const isSane =
    header.offset === offset &&
    header.metaLength <= spoolLimits.metaBytesMax.value &&
    header.rawLength <= spoolLimits.rawCrashBytesMax.value &&
    header.bodyLength <= spoolLimits.bodyBytesMax.value;
  return type && isSane ? { type, ...header } : null;
}
