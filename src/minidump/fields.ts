// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * Fixed-size records in the dump's byte order. The caller has checked the length: a read past the end is a bug of ours
 * and throws. 64-bit values that serve as file offsets or counts are read with `u64Number`; above 2^53 they lose their
 * low bits, which is harmless because no source is that large.
 */
export class Fields {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isLittleEndian: boolean;

  constructor(bytes: Uint8Array, isBigEndian: boolean) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittleEndian = !isBigEndian;
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#isLittleEndian);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#isLittleEndian);
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(at, this.#isLittleEndian);
  }

  u64Number(at: number): number {
    return Number(this.u64(at));
  }

  uint(at: number, sizeBytes: 1 | 2 | 4 | 8): bigint {
    if (sizeBytes === 8) return this.u64(at);
    if (sizeBytes === 4) return BigInt(this.u32(at));
    return BigInt(sizeBytes === 2 ? this.u16(at) : this.u8(at));
  }

  /** The next fields from `at`; the view shares the bytes. */
  slice(at: number, length: number): Fields {
    return new Fields(this.bytes.subarray(at, at + length), !this.#isLittleEndian);
  }
}
