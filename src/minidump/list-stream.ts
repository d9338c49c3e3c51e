// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Directory } from './directory.ts';
import type { Fields } from './fields.ts';
import type { StreamName } from './stream-types.ts';

/** A list stream: the entries that are really there, each a view. */
export interface ListStream {
  readonly count: number;
  entry(index: number): Fields;
}

export const emptyList: ListStream = {
  count: 0,
  entry() {
    throw new RangeError('an empty list has no entries');
  },
};

/** The whole header of an extended list, and more than any writer has used. */
const extendedHeaderSizeBytesMax = 256;

/**
 * `u32 count` then entries; some writers pad four bytes after the count. A count above what fits is cut with a warning,
 * because the entries that are there still help. An absent stream is an empty list.
 */
export function readList(directory: Directory, name: StreamName, entrySizeBytes: number, countMax: number): ListStream {
  const sizeBytes = directory.entry(name)?.sizeBytes;
  const stream = directory.stream(name, 8 + countMax * entrySizeBytes);
  if (sizeBytes === undefined || !stream) return emptyList;
  if (stream.length < 4) {
    directory.reader.warn(name, 'is too short for its count');
    return emptyList;
  }
  const stored = stream.u32(0);
  const start = sizeBytes === 8 + stored * entrySizeBytes ? 8 : 4;
  return listOf(directory, name, stream, { start, stored, entrySizeBytes, countMax });
}

/** `u32 header size, u32 entry size, u32 or u64 count`, then entries from the header's end. */
export function readExtendedList(
  directory: Directory,
  name: StreamName,
  entrySizeBytesMin: number,
  countMax: number,
  isCount64 = false,
): ListStream {
  // Entries may be larger than we know them, by half at most in sightings; twice is read.
  const stream = directory.stream(name, extendedHeaderSizeBytesMax + countMax * entrySizeBytesMin * 2);
  if (!stream) return emptyList;
  const headerSizeBytesMin = isCount64 ? 16 : 12;
  if (stream.length < headerSizeBytesMin) {
    directory.reader.warn(name, 'is too short for its header');
    return emptyList;
  }
  const [start, entrySizeBytes] = [stream.u32(0), stream.u32(4)];
  if (start < headerSizeBytesMin || start > stream.length || entrySizeBytes < entrySizeBytesMin) {
    directory.reader.warn(name, `has an impossible header (header size ${start}, entry size ${entrySizeBytes})`);
    return emptyList;
  }
  const stored = isCount64 ? stream.u64Number(8) : stream.u32(8);
  return listOf(directory, name, stream, { start, stored, entrySizeBytes, countMax });
}

function listOf(
  directory: Directory,
  name: StreamName,
  stream: Fields,
  list: { start: number; stored: number; entrySizeBytes: number; countMax: number },
): ListStream {
  const { start, stored, entrySizeBytes, countMax } = list;
  const count = Math.min(stored, Math.floor(Math.max(stream.length - start, 0) / entrySizeBytes), countMax);
  if (count < stored) directory.reader.warn(name, `read only ${count} of ${stored} entries`);
  return { count, entry: (index) => stream.slice(start + index * entrySizeBytes, entrySizeBytes) };
}
