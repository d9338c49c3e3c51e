// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { DumpReader } from './dump-reader.ts';
import { minidumpErrors } from './errors.ts';
import { Fields } from './fields.ts';
import { minidumpLimits } from './limits.ts';
import type { DumpHeader, StreamEntry } from './model.ts';
import type { DumpSource } from './source.ts';
import { type StreamName, streamName, streamTypes } from './stream-types.ts';

const signature = 0x504d444d;
const version = 0xa793;
const headerSizeBytes = 32;
const entrySizeBytes = 12;

/** The header and the stream directory of a dump, and access to the streams by name. */
export interface Directory {
  readonly header: DumpHeader;
  readonly streams: readonly StreamEntry[];
  readonly reader: DumpReader;
  /** All bytes of a stream, at most `sizeBytesMax` of them; undefined when the dump has none. */
  stream(name: StreamName, sizeBytesMax?: number): Fields | undefined;
  /** Where a stream is, without reading it. */
  entry(name: StreamName): StreamEntry | undefined;
}

/** Reads header and directory. Throws the minidump_* errors that mean "this is no dump" (errors.ts). */
export function readDirectory(source: DumpSource): Directory {
  const { reader, header, directoryOffset } = readHeader(source);
  const streams = readEntries(reader, header.streamCount, directoryOffset);
  const used = new Map(streams.filter((entry) => entry.isUsed).map((entry) => [entry.type, entry]));
  const entry = (name: StreamName) => used.get(streamTypes[name]);
  return {
    header,
    streams,
    reader,
    entry,
    stream(name, sizeBytesMax = Number.POSITIVE_INFINITY) {
      const found = entry(name);
      return found && reader.fields(found.offset, Math.min(found.sizeBytes, sizeBytesMax));
    },
  };
}

function readHeader(source: DumpSource): { reader: DumpReader; header: DumpHeader; directoryOffset: number } {
  if (source.sizeBytes === 0) throw new SalvageError(minidumpErrors.minidump_empty);
  const start = source.read(0, Math.min(source.sizeBytes, headerSizeBytes)) ?? new Uint8Array();
  const isBigEndian = checkSignature(start);
  if (start.length < headerSizeBytes)
    throw new SalvageError(minidumpErrors.minidump_truncated, `The dump has only ${source.sizeBytes} bytes.`);
  const fields = new Fields(start, isBigEndian);
  if ((fields.u32(4) & 0xffff) !== version)
    throw new SalvageError(
      minidumpErrors.minidump_bad_version,
      `The version in the header is 0x${(fields.u32(4) & 0xffff).toString(16)}.`,
    );
  return {
    reader: new DumpReader(source, isBigEndian),
    directoryOffset: fields.u32(12),
    header: {
      isBigEndian,
      version: fields.u32(4),
      streamCount: fields.u32(8),
      checksum: fields.u32(16),
      timeS: fields.u32(20),
      flags: fields.u64(24),
    },
  };
}

/** Answers whether the dump is big-endian, or throws what the file seems to be instead. */
function checkSignature(start: Uint8Array): boolean {
  if (start[0] === 0x1f && start[1] === 0x8b) throw new SalvageError(minidumpErrors.minidump_is_gzip);
  if (start.length >= 4) {
    const fields = new Fields(start, false);
    if (fields.u32(0) === signature) return false;
    if (new Fields(start, true).u32(0) === signature) return true;
  }
  const isText = start.every((byte) => (byte >= 0x20 && byte !== 0x7f) || (byte >= 9 && byte <= 13));
  throw new SalvageError(isText ? minidumpErrors.minidump_is_text : minidumpErrors.minidump_bad_signature);
}

function readEntries(reader: DumpReader, streamCount: number, directoryOffset: number): StreamEntry[] {
  const sizeBytes = reader.source.sizeBytes;
  const countThatFits = Math.floor(Math.max(sizeBytes - directoryOffset, 0) / entrySizeBytes);
  if (streamCount > 0 && countThatFits === 0)
    throw new SalvageError(
      minidumpErrors.minidump_truncated,
      `The stream directory at ${directoryOffset} lies outside the ${sizeBytes} bytes of the dump.`,
    );
  const count = Math.min(streamCount, countThatFits, minidumpLimits.minidumpStreamsMax.value);
  if (count < streamCount) reader.warn('header', `read only ${count} of ${streamCount} directory entries`);
  const directory = reader.fields(directoryOffset, count * entrySizeBytes);
  if (!directory) return [];
  const entries = Array.from({ length: count }, (_, index) => {
    const location = reader.locationAt(directory, index * entrySizeBytes + 4);
    const type = directory.u32(index * entrySizeBytes);
    return { type, name: streamName(type), ...location };
  });
  const lastOfType = new Map(entries.map((entry, index) => [entry.type, index]));
  return entries.map((entry, index) => ({ ...entry, isUsed: isUsed(reader, entry, index, lastOfType) }));
}

function isUsed(
  reader: DumpReader,
  entry: Omit<StreamEntry, 'isUsed'>,
  index: number,
  lastOfType: ReadonlyMap<number, number>,
): boolean {
  if (entry.type === 0) return false;
  if (lastOfType.get(entry.type) !== index) {
    reader.warn(entry.name, 'the directory names this stream more than once; the last one counts');
    return false;
  }
  if (entry.offset + entry.sizeBytes > reader.source.sizeBytes) {
    reader.warn(entry.name, `lies outside the dump (offset ${entry.offset}, ${entry.sizeBytes} bytes)`);
    return false;
  }
  return true;
}
