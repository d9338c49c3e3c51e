// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { constants, crc32, createInflateRaw, type InflateRaw, inflateRawSync } from 'node:zlib';
import { freeBuffer } from './free-buffer.ts';

// RFC 1952, on purpose by hand round zlib's raw inflate: Node's own gunzip decides for itself what to do with bytes
// after a member. Here: every whole member counts, each with its CRC and size checked; what follows the last one and
// does not begin like a member is ignored (proxies pad with zeros), what begins like one must be whole.

/** Bytes that are not the gzip stream they claim to be: damaged, truncated, or something else. */
export class GunzipError extends Error {
  override readonly name = 'GunzipError';
}

/** Members of one stream. Blocked gzip of a large dump has some hundred; each costs a zlib state, so a million would be an attack. */
export const gzipMembersMax = 1024;

const fixedHeaderBytes = 10;
const trailerBytes = 8;
/** Extra field (64 KiB at most), name and comment. */
const headerBytesMax = 128 * 1024;
const inflateChunkBytes = 64 * 1024;

const flagBits = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/** True when a member begins here: a whole fixed header with the magic number and the one method there is. */
function isMemberStart(bytes: Buffer, position: number): boolean {
  return (
    bytes.length - position >= fixedHeaderBytes &&
    bytes[position] === 0x1f &&
    bytes[position + 1] === 0x8b &&
    bytes[position + 2] === 8
  );
}

/** Position after the member header at `start`, or null when it goes on beyond these bytes. */
function memberHeaderEnd(bytes: Buffer, start: number): number | null {
  if (bytes.length - start < fixedHeaderBytes) return null;
  if (!isMemberStart(bytes, start)) throw new GunzipError('not a gzip member');
  const flags = bytes[start + 3] as number;
  if (flags & flagBits.reserved) throw new GunzipError('reserved flag set in a gzip header');
  let end: number | null = start + fixedHeaderBytes;
  if (flags & flagBits.extra) end = bytes.length < end + 2 ? null : end + 2 + bytes.readUInt16LE(end);
  if (flags & flagBits.name) end = textEnd(bytes, end);
  if (flags & flagBits.comment) end = textEnd(bytes, end);
  if (end === null || end + (flags & flagBits.headerCrc ? 2 : 0) > bytes.length) return null;
  if (flags & flagBits.headerCrc) {
    if (bytes.readUInt16LE(end) !== (crc32(bytes.subarray(start, end)) & 0xffff))
      throw new GunzipError('wrong CRC of a gzip header');
    end += 2;
  }
  return end;
}

function textEnd(bytes: Buffer, start: number | null): number | null {
  if (start === null) return null;
  const zero = bytes.indexOf(0, start);
  return zero < 0 ? null : zero + 1;
}

function checkTrailer(trailer: Buffer, crc: number, sizeBytes: number): void {
  if (trailer.readUInt32LE(0) !== crc) throw new GunzipError('wrong CRC of a gzip member');
  if (trailer.readUInt32LE(4) !== sizeBytes % 2 ** 32) throw new GunzipError('wrong size of a gzip member');
}

/**
 * Inflates a whole gzip stream at once: half the CPU of the piecewise way, for small bodies. Returns the decoded
 * pieces, one a member, or null when they would exceed `sizeBytesMax`. Throws GunzipError.
 */
export function gunzipAtOnce(bytes: Buffer, sizeBytesMax: number): Buffer[] | null {
  const pieces: Buffer[] = [];
  let roomBytes = sizeBytesMax;
  let position = 0;
  while (pieces.length === 0 || isMemberStart(bytes, position)) {
    if (pieces.length === gzipMembersMax) throw new GunzipError('too many gzip members');
    const start = memberHeaderEnd(bytes, position);
    if (start === null) throw new GunzipError('truncated gzip header');
    // The trailer's size field is only a hint (the sender wrote it): right, it saves joining pieces of the output.
    const hintBytes = bytes.readUInt32LE(bytes.length - 4);
    const member = inflateMember(bytes, start, roomBytes, hintBytes);
    if (member === null || member.decoded.length > roomBytes) return null;
    const end = start + member.readBytes;
    if (bytes.length - end < trailerBytes) throw new GunzipError('truncated gzip member');
    checkTrailer(bytes.subarray(end, end + trailerBytes), crc32(member.decoded), member.decoded.length);
    pieces.push(member.decoded);
    roomBytes -= member.decoded.length;
    position = end + trailerBytes;
  }
  return pieces;
}

/** Gives back the memory of a piece that `gunzipAtOnce` returned and that nobody else has. */
export function freeInflated(piece: Buffer): void {
  // A smaller one may be a slice of the memory that Node shares out.
  if (piece.buffer.byteLength > Buffer.poolSize) freeBuffer(piece);
}

interface InflatedMember {
  readonly decoded: Buffer;
  readonly readBytes: number;
}

function inflateMember(bytes: Buffer, start: number, sizeBytesMax: number, hintBytes: number): InflatedMember | null {
  const chunkSize = Math.min(Math.max(hintBytes, 1024), sizeBytesMax) + 64;
  try {
    // With `info` Node returns the engine too, whose bytesWritten tells where the member ended; the types do not know.
    const { buffer, engine } = inflateRawSync(bytes.subarray(start), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: Math.max(sizeBytesMax, 1),
      chunkSize,
      info: true,
    }) as unknown as { buffer: Buffer; engine: InflateRaw };
    return { decoded: buffer, readBytes: engine.bytesWritten };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return null;
    throw new GunzipError('damaged gzip member', { cause: error });
  }
}

/**
 * Decodes the begin of a gzip stream: what its first `bytes` yield, without any check of what follows. Throws
 * GunzipError when even the begin is damaged; an output beyond `sizeBytesMax` gives null.
 */
export function gunzipBegin(bytes: Buffer, sizeBytesMax: number): Buffer | null {
  const start = memberHeaderEnd(bytes, 0);
  if (start === null) return Buffer.alloc(0);
  return inflateMember(bytes, start, sizeBytesMax, inflateChunkBytes)?.decoded ?? null;
}

/** Gives back the memory of a piece that ends where its buffer ends, which zlib therefore never touches again. */
function freeFull(piece: Buffer): void {
  if (piece.byteOffset + piece.byteLength === piece.buffer.byteLength) freeBuffer(piece);
}

/** Inflates a gzip stream piece by piece in the thread pool, in memory that does not grow with it. */
export class Gunzip {
  readonly #onData: (bytes: Buffer) => void;
  #state: 'header' | 'data' | 'trailer' | 'ignored' = 'header';
  #members = 0;
  /** Bytes of an unfinished header or trailer. */
  #pending: Buffer = Buffer.alloc(0);
  #inflate: InflateRaw | null = null;
  #crc = 0;
  #sizeBytes = 0;
  /** An error of zlib, or one that `onData` threw. */
  #failure: unknown = null;

  /** `onData` gets each decoded piece, valid during the call only; what it throws comes out of `push`. */
  constructor(onData: (bytes: Buffer) => void) {
    this.#onData = onData;
  }

  /** Takes the next bytes of the stream; wait for it before the next call. Throws GunzipError. */
  async push(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0 && this.#state !== 'ignored') {
      if (this.#state === 'data') rest = await this.#readData(rest);
      else if (this.#state === 'header') rest = this.#readHeader(rest);
      else rest = this.#readTrailer(rest);
    }
  }

  /** The stream has ended. */
  end(): void {
    const isBetween = this.#state === 'header' && this.#members > 0 && !isMemberStart(this.#pending, 0);
    if (this.#state !== 'ignored' && !isBetween) throw new GunzipError('truncated gzip stream');
  }

  /** Releases zlib's memory; call it when done, at whatever point that is. */
  close(): void {
    this.#inflate?.close();
    this.#inflate = null;
  }

  #readHeader(chunk: Buffer): Buffer {
    const bytes = this.#pending.length ? Buffer.concat([this.#pending, chunk]) : chunk;
    if (this.#members > 0 && bytes.length >= fixedHeaderBytes && !isMemberStart(bytes, 0)) {
      this.#state = 'ignored';
      return chunk;
    }
    const end = memberHeaderEnd(bytes, 0);
    if (end === null) {
      if (bytes.length > headerBytesMax) throw new GunzipError('gzip header without an end');
      this.#pending = Buffer.from(bytes);
      return chunk.subarray(chunk.length);
    }
    if (++this.#members > gzipMembersMax) throw new GunzipError('too many gzip members');
    this.#startMember();
    return bytes.subarray(end);
  }

  #startMember(): void {
    this.#pending = Buffer.alloc(0);
    this.#crc = 0;
    this.#sizeBytes = 0;
    this.#state = 'data';
    this.#inflate = createInflateRaw({ chunkSize: inflateChunkBytes })
      .on('error', (error) => {
        this.#failure = new GunzipError('damaged gzip member', { cause: error });
      })
      .on('data', (bytes: Buffer) => this.#take(bytes));
  }

  #take(bytes: Buffer): void {
    if (this.#failure !== null) return;
    this.#crc = crc32(bytes, this.#crc);
    this.#sizeBytes += bytes.length;
    try {
      this.#onData(bytes);
    } catch (error) {
      this.#failure = error;
      // Without this a bomb would be inflated to its end for nobody.
      this.close();
    }
    freeFull(bytes);
  }

  async #readData(chunk: Buffer): Promise<Buffer> {
    const inflate = this.#inflate as InflateRaw;
    const before = inflate.bytesWritten;
    await new Promise<void>((resolve) => {
      inflate.once('close', resolve);
      inflate.write(chunk, () => {
        inflate.off('close', resolve);
        resolve();
      });
    });
    if (this.#failure !== null) throw this.#failure;
    const readBytes = inflate.bytesWritten - before;
    // Raw deflate marks its own end: zlib stops there, even in the middle of what it was given. An end right at the end
    // of the chunk shows with the next one, of which it then takes nothing.
    if (readBytes < chunk.length) {
      this.close();
      this.#state = 'trailer';
    }
    return chunk.subarray(readBytes);
  }

  #readTrailer(chunk: Buffer): Buffer {
    const bytes = this.#pending.length ? Buffer.concat([this.#pending, chunk]) : chunk;
    if (bytes.length < trailerBytes) {
      this.#pending = Buffer.from(bytes);
      return chunk.subarray(chunk.length);
    }
    checkTrailer(bytes, this.#crc, this.#sizeBytes);
    this.#pending = Buffer.alloc(0);
    this.#state = 'header';
    return bytes.subarray(trailerBytes);
  }
}

/**
 * Compressed bytes inflated at a time by `gunzipStream`, whose output waits in memory until it is taken: at 1000:1 they
 * become 16 MiB.
 */
const streamPartBytes = 16 * 1024;

/** Inflates a gzip stream as it is read. Throws GunzipError, at its end too, when it is not whole. */
export async function* gunzipStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  const gunzip = new Gunzip((bytes) => pieces.push(Buffer.from(bytes)));
  try {
    for await (const { buffer, byteOffset, byteLength } of chunks) {
      const bytes = Buffer.from(buffer, byteOffset, byteLength);
      for (let at = 0; at < bytes.length; at += streamPartBytes) {
        await gunzip.push(bytes.subarray(at, at + streamPartBytes));
        const ready = pieces;
        pieces = [];
        yield* ready;
      }
    }
    gunzip.end();
  } finally {
    gunzip.close();
  }
}
