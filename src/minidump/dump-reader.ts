// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { Fields } from './fields.ts';
import { minidumpLimits } from './limits.ts';
import type { MinidumpWarning } from './model.ts';
import type { DumpSource } from './source.ts';
import { decodeUtf16 } from './text.ts';

/** Where bytes of the dump are: an offset from its start and a size. */
export interface Location {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Reads records and strings of one dump, and collects the warnings about what could not be read. */
export class DumpReader {
  readonly source: DumpSource;
  readonly isBigEndian: boolean;
  readonly warnings: MinidumpWarning[] = [];
  #charactersLeft: number = minidumpLimits.minidumpStringsLengthMax.value;

  constructor(source: DumpSource, isBigEndian: boolean) {
    this.source = source;
    this.isBigEndian = isBigEndian;
  }

  warn(stream: string, message: string): void {
    if (this.warnings.length < minidumpLimits.minidumpWarningsMax.value) this.warnings.push({ stream, message });
  }

  bytes(offset: number, length: number): Uint8Array | undefined {
    return this.source.read(offset, length);
  }

  fields(offset: number, length: number): Fields | undefined {
    const bytes = this.bytes(offset, length);
    return bytes && new Fields(bytes, this.isBigEndian);
  }

  /**
   * MINIDUMP_STRING: byte length, then UTF-16 without terminator. Undefined for odd lengths, broken surrogates, and once
   * the names of the dump are more than their limit together.
   */
  utf16(offset: number): string | undefined {
    const sizeBytes = this.fields(offset, 4)?.u32(0);
    if (sizeBytes === undefined || sizeBytes % 2 !== 0) return undefined;
    if (offset + 4 + sizeBytes > this.source.sizeBytes) return undefined;
    const sizeBytesMax = minidumpLimits.minidumpStringLengthMax.value * 2;
    this.#charactersLeft -= Math.min(sizeBytes, sizeBytesMax) / 2;
    if (this.#charactersLeft < 0) return undefined;
    const bytes = this.bytes(offset + 4, Math.min(sizeBytes, sizeBytesMax));
    return bytes && decodeUtf16(bytes, this.isBigEndian, sizeBytes > sizeBytesMax);
  }

  /** The location stored at `at` of a record: u32 size, u32 file offset. */
  locationAt(fields: Fields, at: number): Location {
    return { sizeBytes: fields.u32(at), offset: fields.u32(at + 4) };
  }

  /** The bytes of a location, at most `sizeBytesMax`; undefined if empty or outside the file. */
  locatedFields(location: Location, sizeBytesMax: number): Fields | undefined {
    if (location.sizeBytes === 0 || location.offset + location.sizeBytes > this.source.sizeBytes) return undefined;
    return this.fields(location.offset, Math.min(location.sizeBytes, sizeBytesMax));
  }
}
