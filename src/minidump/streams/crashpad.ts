// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Directory } from '../directory.ts';
import type { DumpReader, Location } from '../dump-reader.ts';
import type { Fields } from '../fields.ts';
import { minidumpLimits } from '../limits.ts';
import type { CrashpadAnnotation, CrashpadInfo, CrashpadModule } from '../model.ts';
import { guidText } from '../module-identity.ts';
import { decodeUtf8 } from '../text.ts';

const infoSizeBytes = 52;
const infoWithMaskSizeBytes = 64;
const moduleInfoSizeBytes = 28;
const typeString = 1;

/** Annotations and ids that Crashpad's handler wrote; null without the stream or with version 0, which is invalid. */
export function readCrashpadInfo(directory: Directory): CrashpadInfo | null {
  const fields = directory.stream('CrashpadInfo', infoWithMaskSizeBytes);
  if (!fields) return null;
  if (fields.length < infoSizeBytes || fields.u32(0) === 0) {
    directory.reader.warn('CrashpadInfo', 'is too short or has version 0');
    return null;
  }
  const annotations = new AnnotationReader(directory.reader);
  const mask = fields.length >= infoWithMaskSizeBytes ? fields.u64(56) : 0n;
  return {
    version: fields.u32(0),
    reportId: guidText(fields, 4),
    clientId: guidText(fields, 20),
    simpleAnnotations: annotations.dictionary(directory.reader.locationAt(fields, 36)),
    modules: annotations.modules(directory.reader.locationAt(fields, 44)),
    addressMask: mask === 0n ? null : mask,
  };
}

/**
 * Reads the nested lists of annotations within one budget of entries and bytes: any number of entries may point at the
 * same large text.
 */
class AnnotationReader {
  readonly #reader: DumpReader;
  #entriesLeft: number = minidumpLimits.minidumpAnnotationsMax.value;
  #bytesLeft: number = minidumpLimits.minidumpAnnotationsSizeBytesMax.value;
  #hasWarned = false;

  constructor(reader: DumpReader) {
    this.#reader = reader;
  }

  modules(location: Location): CrashpadModule[] {
    return this.#list(location, 12, (link) => {
      const fields = this.#reader.locatedFields(this.#reader.locationAt(link, 4), moduleInfoSizeBytes);
      if (!fields || fields.length < moduleInfoSizeBytes) return undefined;
      const at = (offset: number) => this.#reader.locationAt(fields, offset);
      return {
        moduleIndex: link.u32(0),
        listAnnotations: this.#list(at(4), 4, (entry) => this.#text(entry.u32(0))),
        simpleAnnotations: this.dictionary(at(12)),
        annotationObjects: new Map(this.#list(at(20), 12, (entry) => this.#annotationObject(entry))),
      };
    });
  }

  dictionary(location: Location): Map<string, string> {
    const pairs = this.#list(location, 8, (entry): [string, string] | undefined => {
      const [key, value] = [this.#text(entry.u32(0)), this.#text(entry.u32(4))];
      return key === undefined || value === undefined ? undefined : [key, value];
    });
    return new Map(pairs);
  }

  #annotationObject(entry: Fields): [string, CrashpadAnnotation] | undefined {
    const [name, bytes] = [this.#text(entry.u32(0)), this.#bytes(entry.u32(8))];
    if (name === undefined || bytes === undefined) return undefined;
    const type = entry.u16(4);
    return [name, { type, value: type === typeString ? decodeUtf8(bytes) : null, bytes }];
  }

  /** `u32 count`, then entries; those for which `read` answers undefined are left out with a warning. */
  #list<T>(location: Location, entrySizeBytes: number, read: (entry: Fields) => T | undefined): T[] {
    const stream = this.#reader.locatedFields(location, 4 + this.#entriesLeft * entrySizeBytes);
    if (!stream || stream.length < 4) return [];
    const stored = stream.u32(0);
    const count = Math.min(stored, Math.floor((stream.length - 4) / entrySizeBytes));
    const items: T[] = [];
    for (let index = 0; index < count && this.#entriesLeft > 0; index++) {
      this.#entriesLeft--;
      const item = read(stream.slice(4 + index * entrySizeBytes, entrySizeBytes));
      if (item !== undefined) items.push(item);
    }
    if (items.length < stored) this.#warnOnce(`read only ${items.length} of ${stored} annotations of a list`);
    return items;
  }

  #text(offset: number): string | undefined {
    const bytes = this.#bytes(offset);
    return bytes && decodeUtf8(bytes);
  }

  #bytes(offset: number): Uint8Array | undefined {
    const sizeBytes = this.#reader.fields(offset, 4)?.u32(0);
    if (sizeBytes === undefined || offset + 4 + sizeBytes > this.#reader.source.sizeBytes) return undefined;
    if (sizeBytes > this.#bytesLeft) return undefined;
    this.#bytesLeft -= sizeBytes;
    return this.#reader.bytes(offset + 4, sizeBytes);
  }

  #warnOnce(message: string): void {
    if (!this.#hasWarned) this.#reader.warn('CrashpadInfo', message);
    this.#hasWarned = true;
  }
}
