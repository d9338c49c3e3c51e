// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Directory } from '../directory.ts';
import { minidumpLimits } from '../limits.ts';
import { readExtendedList } from '../list-stream.ts';
import type { MappedRange } from '../model.ts';
import { decodeUtf8 } from '../text.ts';

const rangesMax = minidumpLimits.minidumpMemoryRegionsMax.value;
const addressSpaceEnd = 1n << 64n;

// Bits of PAGE_* and the value of MEM_FREE (winnt.h).
const readableBits = 0x02 | 0x04 | 0x08 | 0x20 | 0x40 | 0x80;
const writableBits = 0x04 | 0x08 | 0x40 | 0x80;
const executableBits = 0x10 | 0x20 | 0x40 | 0x80;
const guardBit = 0x100;
const stateFree = 0x10000;

/** What the process had mapped, sorted by base: MemoryInfoList, else the Linux maps. */
export function readMappedRanges(directory: Directory, linuxMaps: readonly MappedRange[] | null): MappedRange[] {
  const infos = readMemoryInfoList(directory);
  const ranges = infos.length > 0 ? infos : [...(linuxMaps ?? [])];
  return ranges.sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0));
}

function readMemoryInfoList(directory: Directory): MappedRange[] {
  const list = readExtendedList(directory, 'MemoryInfoList', 48, rangesMax, true);
  const ranges: MappedRange[] = [];
  for (let index = 0; index < list.count; index++) {
    const entry = list.entry(index);
    const base = entry.u64(0);
    const end = base + entry.u64(24);
    if (end > addressSpaceEnd) {
      directory.reader.warn('MemoryInfoList', `region ${index} passes the end of the address space`);
      continue;
    }
    const protection = entry.u32(36);
    ranges.push({
      base,
      end,
      isReadable: (protection & readableBits) !== 0,
      isWritable: (protection & writableBits) !== 0,
      isExecutable: (protection & executableBits) !== 0,
      isGuard: (protection & guardBit) !== 0,
      isFree: entry.u32(32) === stateFree,
      name: null,
    });
  }
  return ranges;
}

/** `55d0-55e0 r-xp 00000000 fd:01 1234   /usr/bin/cat` */
const mapsLine = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-])([w-])([x-])[ps-](?: +\S+){3} *(.*)$/;

/** The lines of /proc/PID/maps that are understood; null when the dump has none. */
export function readLinuxMaps(directory: Directory): MappedRange[] | null {
  const stream = directory.stream('LinuxMaps', minidumpLimits.minidumpTextStreamSizeBytesMax.value);
  if (!stream) return null;
  const lines = decodeUtf8(stream.bytes).split('\n', rangesMax).filter(Boolean);
  const ranges: MappedRange[] = [];
  for (const line of lines) {
    const match = mapsLine.exec(line);
    if (!match) continue;
    ranges.push({
      base: BigInt(`0x${match[1]}`),
      end: BigInt(`0x${match[2]}`),
      isReadable: match[3] === 'r',
      isWritable: match[4] === 'w',
      isExecutable: match[5] === 'x',
      isGuard: false,
      isFree: false,
      name: match[6] || null,
    });
  }
  if (ranges.length < lines.length)
    directory.reader.warn('LinuxMaps', `${lines.length - ranges.length} lines are not understood`);
  return ranges;
}
