// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Directory } from '../directory.ts';
import type { Location } from '../dump-reader.ts';
import type { Fields } from '../fields.ts';
import { minidumpLimits } from '../limits.ts';
import type { MacCrashRecord } from '../model.ts';
import { decodeUtf8 } from '../text.ts';

const recordsMax = minidumpLimits.minidumpMacCrashRecordsMax.value;
const stringSizeBytesMax = minidumpLimits.minidumpMacCrashStringSizeBytesMax.value;
const stringsPerRecord = 5;
const headerSizeBytes = 12;
const locationSizeBytes = 8;

/** What the modules of a macOS process left in their `__crash_info` sections (Mozilla's and Crashpad's writers). */
export function readMacCrashInfo(directory: Directory): MacCrashRecord[] | null {
  const { reader } = directory;
  const stream = directory.stream('MacCrashInfo', headerSizeBytes + recordsMax * locationSizeBytes);
  if (!stream) return null;
  if (stream.length < headerSizeBytes) {
    reader.warn('MacCrashInfo', 'is too short for its header');
    return null;
  }
  const stored = stream.u32(4);
  const startSizeBytes = stream.u32(8);
  const countThatFits = Math.floor((stream.length - headerSizeBytes) / locationSizeBytes);
  const count = Math.min(stored, countThatFits, recordsMax);
  if (count < stored) reader.warn('MacCrashInfo', `read only ${count} of ${stored} records`);
  const records: MacCrashRecord[] = [];
  for (let index = 0; index < count; index++) {
    const location = reader.locationAt(stream, headerSizeBytes + index * locationSizeBytes);
    const record = readRecord(directory, location, startSizeBytes);
    if (record && record.version === (records[0]?.version ?? record.version)) records.push(record);
    else reader.warn('MacCrashInfo', `record ${index} cannot be read`);
  }
  return records;
}

function readRecord(directory: Directory, location: Location, startSizeBytes: number): MacCrashRecord | undefined {
  const sizeBytesMax = startSizeBytes + stringsPerRecord * (stringSizeBytesMax + 1);
  const fields = directory.reader.locatedFields(location, sizeBytesMax);
  if (!fields || startSizeBytes < 16 || fields.length < startSizeBytes) return undefined;
  const version = fields.u64Number(8);
  if (version !== 1 && version !== 4 && version !== 5) return undefined;
  const word = (at: number, sinceVersion: number): bigint | null =>
    version >= sinceVersion && startSizeBytes >= at + 8 ? fields.u64(at) : null;
  const [module, message, signature, backtrace, message2] = cStrings(fields, startSizeBytes);
  return {
    version,
    thread: word(16, 4),
    dialogMode: word(24, 4),
    abortCause: word(32, 5),
    module: module || null,
    message: message || null,
    signature: signature || null,
    backtrace: backtrace || null,
    message2: message2 || null,
  };
}

function cStrings(fields: Fields, from: number): string[] {
  const strings: string[] = [];
  let at = from;
  while (strings.length < stringsPerRecord && at < fields.length) {
    const nul = fields.bytes.indexOf(0, at);
    const end = nul < 0 ? fields.length : nul;
    strings.push(decodeUtf8(fields.bytes.subarray(at, Math.min(end, at + stringSizeBytesMax))));
    at = end + 1;
  }
  return strings;
}

/** The kernel's boot arguments, `type, u64 offset of a UTF-16 string`. */
export function readMacBootArgs(directory: Directory): string | null {
  const stream = directory.stream('MacBootArgs', 12);
  if (!stream || stream.length < 12) return null;
  return directory.reader.utf16(stream.u64Number(4)) ?? null;
}
