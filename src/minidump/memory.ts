// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Directory } from './directory.ts';
import type { DumpReader, Location } from './dump-reader.ts';
import type { Fields } from './fields.ts';
import { minidumpLimits } from './limits.ts';
import { emptyList, readList } from './list-stream.ts';
import type { Memory, MemoryRegion } from './model.ts';
import { makeRangeIndex } from './range-index.ts';

/** Scanning a stack reads word after word; this much is viewed at once. */
const windowSizeBytes = 65_536;

/** Bytes of the process that lie at an offset of the dump; nothing is read before it is asked for. */
class DumpRegion implements MemoryRegion {
  readonly base: bigint;
  readonly sizeBytes: number;
  readonly #reader: DumpReader;
  readonly #offset: number;
  #window: Fields | undefined;
  #windowAt = 0;

  constructor(reader: DumpReader, base: bigint, location: Location) {
    this.base = base;
    this.sizeBytes = location.sizeBytes;
    this.#reader = reader;
    this.#offset = location.offset;
  }

  read(address: bigint, length: number): Uint8Array | undefined {
    const at = this.#indexOf(address, length);
    return at === undefined ? undefined : this.#reader.bytes(this.#offset + at, length);
  }

  readUint(address: bigint, sizeBytes: 1 | 2 | 4 | 8): bigint | undefined {
    const at = this.#indexOf(address, sizeBytes);
    if (at === undefined) return undefined;
    if (!this.#window || at < this.#windowAt || at + sizeBytes > this.#windowAt + this.#window.length) {
      this.#windowAt = at;
      this.#window = this.#reader.fields(this.#offset + at, Math.min(windowSizeBytes, this.sizeBytes - at));
    }
    return this.#window?.uint(at - this.#windowAt, sizeBytes);
  }

  #indexOf(address: bigint, length: number): number | undefined {
    const at = Number(address - this.base);
    return at >= 0 && length >= 0 && at + length <= this.sizeBytes ? at : undefined;
  }
}

/** A region over bytes of the dump, or undefined when they are not there or would pass the end of the address space. */
export function regionAtLocation(reader: DumpReader, base: bigint, location: Location): MemoryRegion | undefined {
  if (location.sizeBytes === 0 || location.offset === 0) return undefined;
  if (location.offset + location.sizeBytes > reader.source.sizeBytes) return undefined;
  if (base + BigInt(location.sizeBytes) > 1n << 64n) return undefined;
  return new DumpRegion(reader, base, location);
}

/** Both memory lists of the dump as one memory (stackwalker.md §3); where both hold an address, Memory64List wins. */
export function readMemory(directory: Directory, pointerSizeBytes: 4 | 8): Memory {
  const regions = [...readMemory64List(directory), ...readMemoryList(directory)].sort(byBase);
  return makeMemory(regions, pointerSizeBytes);
}

const byBase = (a: MemoryRegion, b: MemoryRegion): number => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0);

function makeMemory(regions: readonly MemoryRegion[], pointerSizeBytes: 4 | 8): Memory {
  const index = makeRangeIndex(
    regions.map((region) => ({ start: region.base, end: region.base + BigInt(region.sizeBytes), value: region })),
    'trim',
  );
  return {
    regions,
    regionAt: index.at,
    read: (address, length) => index.at(address)?.read(address, length),
    readUint: (address, sizeBytes) => index.at(address)?.readUint(address, sizeBytes),
    readPointer: (address) => index.at(address)?.readUint(address, pointerSizeBytes),
  };
}

function readMemoryList(directory: Directory): MemoryRegion[] {
  const { reader } = directory;
  const list = readList(directory, 'MemoryList', 16, minidumpLimits.minidumpMemoryRegionsMax.value);
  const regions: MemoryRegion[] = [];
  for (let index = 0; index < list.count; index++) {
    const entry = list.entry(index);
    const location = reader.locationAt(entry, 8);
    const region = regionAtLocation(reader, entry.u64(0), location);
    if (region) regions.push(region);
    else if (location.sizeBytes > 0) reader.warn('MemoryList', `region ${index} cannot be read`);
  }
  return regions;
}

function readMemory64List(directory: Directory): MemoryRegion[] {
  const { reader } = directory;
  const regionsMax = minidumpLimits.minidumpMemoryRegionsMax.value;
  const stream = directory.stream('Memory64List', 16 + regionsMax * 16);
  const list = stream && stream.length >= 16 ? memory64Entries(stream) : emptyList;
  if (stream && stream.length < 16) reader.warn('Memory64List', 'is too short for its header');
  if (stream && stream.length >= 16 && list.count < stream.u64Number(0))
    reader.warn('Memory64List', `read only ${list.count} of ${stream.u64Number(0)} entries`);
  let offset = stream && stream.length >= 16 ? stream.u64Number(8) : 0;
  const regions: MemoryRegion[] = [];
  for (let index = 0; index < list.count; index++) {
    const entry = list.entry(index);
    const sizeBytes = entry.u64Number(8);
    const region = regionAtLocation(reader, entry.u64(0), { offset, sizeBytes });
    if (region) regions.push(region);
    else if (sizeBytes > 0) reader.warn('Memory64List', `region ${index} cannot be read`);
    offset += sizeBytes;
  }
  return regions;
}

function memory64Entries(stream: Fields): { count: number; entry(index: number): Fields } {
  return {
    count: Math.min(stream.u64Number(0), Math.floor((stream.length - 16) / 16)),
    entry: (index) => stream.slice(16 + index * 16, 16),
  };
}
