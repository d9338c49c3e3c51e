// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** A named binary of a report. Never wholly in memory: it is opened as a stream, as often as needed. */
export interface Dump {
  /** Sanitised dump name, e.g. `upload_file_minidump`. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Lower-case hex SHA-256 of the bytes; null where a store does not know it. */
  readonly sha256: string | null;
  /** Path of a plain local file with exactly these bytes, where the store has one: readers need no copy of it. */
  readonly localPath?: string;
  /** The bytes from the start. Each call opens anew; leaving the loop early releases the source. */
  open(): AsyncIterable<Uint8Array>;
}

/** A dump whose bytes are in memory (tests, small dumps). */
export function dumpFromBytes(name: string, bytes: Uint8Array, sha256: string | null = null): Dump {
  return {
    name,
    sizeBytes: bytes.length,
    sha256,
    async *open() {
      yield bytes;
    },
  };
}
