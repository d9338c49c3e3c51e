// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * Where the bytes of a dump are. `read` answers the bytes [offset, offset + length), or undefined when any of them lies
 * outside; it never answers fewer. The bytes are a view: the reader never changes or keeps more than it needs of them.
 * Dumps with full memory are many GB, so a source may read from a file on demand.
 */
export interface DumpSource {
  readonly sizeBytes: number;
  read(offset: number, length: number): Uint8Array | undefined;
}

/** A source over bytes in memory; every answer is a view of them. */
export function bytesSource(bytes: Uint8Array): DumpSource {
  return {
    sizeBytes: bytes.length,
    read(offset, length) {
      return offset >= 0 && length >= 0 && offset + length <= bytes.length
        ? bytes.subarray(offset, offset + length)
        : undefined;
    },
  };
}
