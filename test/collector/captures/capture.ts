// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** The bytes that one kind of client sends, as its source code writes them (spec clients.md), and what must become of them. */
export interface Capture {
  readonly about: string;
  readonly bytes: Buffer;
  readonly path: '/submit' | '/submit/bare';
  /** Some of the annotations to be stored. */
  readonly annotations: Readonly<Record<string, unknown>>;
  /** Dump names and their exact bytes. */
  readonly dumps: Readonly<Record<string, Buffer>>;
  /** Collector notes, where there are any. */
  readonly notes?: readonly string[];
}

/** A minidump-like block with every byte value, line ends and near-delimiters in it. */
export function sampleDump(seed: number, sizeBytes = 5008): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) bytes[i] = (i * 131 + seed * 17 + (i >> 8)) & 0xff;
  bytes.write('MDMP\x93\xa7\x00\x00', 'latin1');
  bytes.write('\r\n-----------------------------', 100, 'latin1');
  return bytes;
}

export function bytesOf(...pieces: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece)));
}

/** A whole request: the head lines as given, a blank line, the body. */
export function request(lines: readonly string[], body: Buffer): Buffer {
  return bytesOf(`${lines.join('\r\n')}\r\n\r\n`, body);
}

/** The body as chunks of a size that the client uses. */
export function chunks(body: Buffer, chunkBytes: number): Buffer {
  const pieces: (string | Buffer)[] = [];
  for (let i = 0; i < body.length; i += chunkBytes) {
    const piece = body.subarray(i, i + chunkBytes);
    pieces.push(`${piece.length.toString(16)}\r\n`, piece, '\r\n');
  }
  return bytesOf(...pieces, '0\r\n\r\n');
}
