// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../../lib/errors.ts';
import { contextSizeBytes, decodeContext } from '../contexts.ts';
import type { CpuContext } from '../cpu.ts';
import type { Directory } from '../directory.ts';
import type { DumpReader, Location } from '../dump-reader.ts';
import { minidumpErrors } from '../errors.ts';
import type { Fields } from '../fields.ts';
import { minidumpLimits } from '../limits.ts';
import { readExtendedList, readList } from '../list-stream.ts';
import { regionAtLocation } from '../memory.ts';
import type { Exception, Memory, SystemInfo, Thread } from '../model.ts';

const threadsMax = minidumpLimits.minidumpThreadsMax.value;
const threadSizeBytes = 48;
const exceptionSizeBytes = 168;
const exceptionParametersMax = 15;

/** Reads the threads with their names and contexts. Throws minidump_missing_thread_list. */
export function readThreads(directory: Directory, systemInfo: SystemInfo, memory: Memory): Thread[] {
  const { reader } = directory;
  const sizeBytes = directory.entry('ThreadList')?.sizeBytes;
  if (sizeBytes === undefined || sizeBytes < 4) throw new SalvageError(minidumpErrors.minidump_missing_thread_list);
  const list = readList(directory, 'ThreadList', threadSizeBytes, threadsMax);
  const names = readThreadNames(directory);
  const startAddresses = readStartAddresses(directory);
  return Array.from({ length: list.count }, (_, index) => {
    const entry = list.entry(index);
    const id = entry.u32(0);
    const context = readContext(reader, reader.locationAt(entry, 40), systemInfo);
    if (!context) reader.warn('ThreadList', `the registers of thread ${index} (id ${id}) cannot be read`);
    return {
      index,
      id,
      name: names.get(id) ?? null,
      suspendCount: entry.u32(4),
      priorityClass: entry.u32(8),
      priority: entry.u32(12),
      teb: entry.u64(16),
      ...readStack(reader, entry, memory),
      context,
      startAddress: startAddresses.get(id) ?? null,
    };
  });
}

/** Windows sometimes gives the stack's address without its bytes, which are then in a memory list. */
function readStack(reader: DumpReader, entry: Fields, memory: Memory): Pick<Thread, 'stackStart' | 'stack'> {
  const stackStart = entry.u64(24);
  const own = regionAtLocation(reader, stackStart, reader.locationAt(entry, 32));
  return { stackStart, stack: own ?? memory.regionAt(stackStart) ?? null };
}

function readContext(reader: DumpReader, location: Location, systemInfo: SystemInfo): CpuContext | null {
  const architecture = systemInfo.processorArchitecture;
  const fields = reader.locatedFields(location, contextSizeBytes(architecture));
  return (fields && decodeContext(fields, architecture)) ?? null;
}

function readThreadNames(directory: Directory): Map<number, string> {
  const { reader } = directory;
  const list = readList(directory, 'ThreadNames', 12, threadsMax);
  const names = new Map<number, string>();
  for (let index = 0; index < list.count; index++) {
    const entry = list.entry(index);
    const name = reader.utf16(entry.u64Number(4));
    if (name === undefined) reader.warn('ThreadNames', `the name of thread id ${entry.u32(0)} cannot be read`);
    else names.set(entry.u32(0), name);
  }
  return names;
}

function readStartAddresses(directory: Directory): Map<number, bigint> {
  const list = readExtendedList(directory, 'ThreadInfoList', 64, threadsMax);
  const addresses = new Map<number, bigint>();
  for (let index = 0; index < list.count; index++) {
    const entry = list.entry(index);
    addresses.set(entry.u32(0), entry.u64(48));
  }
  return addresses;
}

/** Reads what the crash was; null when the dump was written without one, or the stream is too short. */
export function readException(directory: Directory, systemInfo: SystemInfo): Exception | null {
  const { reader } = directory;
  const fields = directory.stream('Exception', exceptionSizeBytes);
  if (!fields) return null;
  if (fields.length < exceptionSizeBytes) {
    reader.warn('Exception', `has ${fields.length} of ${exceptionSizeBytes} bytes`);
    return null;
  }
  const stored = fields.u32(32);
  const count = Math.min(stored, exceptionParametersMax);
  if (count < stored) reader.warn('Exception', `claims ${stored} parameters`);
  return {
    threadId: fields.u32(0),
    code: fields.u32(8),
    flags: fields.u32(12),
    nestedRecord: fields.u64(16),
    address: fields.u64(24),
    parameters: Array.from({ length: count }, (_, index) => fields.u64(40 + index * 8)),
    context: readContext(reader, reader.locationAt(fields, 160), systemInfo),
  };
}
