// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Directory } from '../directory.ts';
import { minidumpLimits } from '../limits.ts';
import type { Handle } from '../model.ts';

const handlesMax = minidumpLimits.minidumpHandlesMax.value;
const headerSizeBytes = 16;
const descriptorSizeBytes = 32;
const descriptor2SizeBytes = 40;

/** Open handles of a Windows process, null when the dump does not list them. */
export function readHandles(directory: Directory): Handle[] | null {
  const { reader } = directory;
  const stream = directory.stream('HandleData', 256 + handlesMax * descriptor2SizeBytes);
  if (!stream) return null;
  const start = stream.length >= headerSizeBytes ? stream.u32(0) : 0;
  const entrySizeBytes = stream.length >= headerSizeBytes ? stream.u32(4) : 0;
  if (start < headerSizeBytes || start > stream.length || entrySizeBytes < descriptorSizeBytes) {
    reader.warn('HandleData', `has an impossible header (header size ${start}, descriptor size ${entrySizeBytes})`);
    return null;
  }
  const stored = stream.u32(8);
  const count = Math.min(stored, Math.floor((stream.length - start) / entrySizeBytes), handlesMax);
  if (count < stored) reader.warn('HandleData', `read only ${count} of ${stored} entries`);
  const nameAt = (offset: number): string | null => (offset === 0 ? null : (reader.utf16(offset) ?? null));
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * entrySizeBytes;
    return {
      handle: stream.u64(at),
      typeName: nameAt(stream.u32(at + 8)),
      objectName: nameAt(stream.u32(at + 12)),
    };
  });
}
