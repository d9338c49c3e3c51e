// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

type Fixup = { readonly at: number; readonly kind: 'size32' | 'rva32' | 'rva64'; readonly target: Section };

/**
 * Bytes that will lie together somewhere in a dump. References to other sections are written before those have a place
 * and filled in when the dump is built, so records can be written in any order.
 */
export class Section {
  readonly isBigEndian: boolean;
  readonly fixups: Fixup[] = [];
  #bytes: number[] = [];

  constructor(isBigEndian = false) {
    this.isBigEndian = isBigEndian;
  }

  get length(): number {
    return this.#bytes.length;
  }

  u8(value: number): this {
    this.#bytes.push(value & 0xff);
    return this;
  }

  u16(value: number): this {
    return this.#integer(BigInt(value), 2);
  }

  u32(value: number | bigint): this {
    return this.#integer(BigInt(value), 4);
  }

  u64(value: number | bigint): this {
    return this.#integer(BigInt(value), 8);
  }

  bytes(values: ArrayLike<number>): this {
    for (let index = 0; index < values.length; index++) this.#bytes.push(values[index] as number);
    return this;
  }

  zeros(count: number): this {
    return this.bytes(new Uint8Array(count));
  }

  ascii(text: string): this {
    return this.bytes(Buffer.from(text, 'utf8'));
  }

  /** UTF-16 code units without length or terminator. */
  utf16(text: string): this {
    for (let index = 0; index < text.length; index++) this.u16(text.charCodeAt(index));
    return this;
  }

  /** UTF-16 in a field of fixed size. */
  utf16Field(text: string, sizeBytes: number): this {
    const start = this.length;
    return this.utf16(text).zeros(sizeBytes - (this.length - start));
  }

  /** Offset of another section in the file. */
  rva(target: Section | undefined): this {
    return target ? this.#fixup('rva32', target, 4) : this.u32(0);
  }

  rva64(target: Section): this {
    return this.#fixup('rva64', target, 8);
  }

  /** Size and offset of another section; both zero for none. */
  location(target: Section | undefined): this {
    return target ? this.#fixup('size32', target, 4).rva(target) : this.u32(0).u32(0);
  }

  section(): Section {
    return new Section(this.isBigEndian);
  }

  /** Size-prefixed UTF-16, as names are stored. */
  text(text: string): Section {
    return this.section()
      .u32(text.length * 2)
      .utf16(text)
      .u16(0);
  }

  /** Size-prefixed UTF-8, as Crashpad stores names and values. */
  text8(text: string): Section {
    return this.section().u32(Buffer.byteLength(text)).ascii(text).u8(0);
  }

  toBytes(offsetOf: (section: Section) => number): Uint8Array {
    const bytes = Uint8Array.from(this.#bytes);
    const view = new DataView(bytes.buffer);
    for (const { at, kind, target } of this.fixups) {
      const value = kind === 'size32' ? target.length : offsetOf(target);
      if (kind === 'rva64') view.setBigUint64(at, BigInt(value), !this.isBigEndian);
      else view.setUint32(at, value, !this.isBigEndian);
    }
    return bytes;
  }

  #fixup(kind: Fixup['kind'], target: Section, sizeBytes: number): this {
    this.fixups.push({ at: this.length, kind, target });
    return this.zeros(sizeBytes);
  }

  #integer(value: bigint, sizeBytes: number): this {
    for (let index = 0; index < sizeBytes; index++) {
      const shift = BigInt(8 * (this.isBigEndian ? sizeBytes - 1 - index : index));
      this.#bytes.push(Number((value >> shift) & 0xffn));
    }
    return this;
  }
}
