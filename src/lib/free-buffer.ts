// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * Gives a buffer's memory back at once; every view of it is empty then. Left to the garbage collector, which sees only
 * the small object in front of it, such memory grows to some 100 MB before it looks. Only where nobody else uses that
 * memory: no other view, and no read, write or thread at work on it. Never for a small buffer of `Buffer.allocUnsafe` or
 * `Buffer.from`: it is a slice of memory that Node shares out.
 */
export function freeBuffer({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** True for a view that is all of its memory, which a slice of shared memory never is. */
export function isWholeBuffer({ buffer, byteLength }: Uint8Array): boolean {
  return byteLength === buffer.byteLength;
}
