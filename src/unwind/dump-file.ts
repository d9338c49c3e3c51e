// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { SalvageError } from '../lib/errors.ts';
import type { DumpSource } from '../minidump/minidump.ts';
import { bytesSource } from '../minidump/minidump.ts';
import { unwindErrors } from './errors.ts';
import { unwindLimits } from './limits.ts';

export interface DumpFile {
  readonly source: DumpSource;
  /** Bytes of the dump itself, unpacked. */
  readonly sizeBytes: number;
  readonly wasGzip: boolean;
  close(): void;
}

/**
 * Opens a dump file for reading on demand, so that full-memory dumps of many GB take no memory. A gzipped dump is
 * unpacked into memory. Throws `dump_unreadable` with what is wrong, or `dump_unpacks_too_large`.
 */
export function openDumpFile(path: string): DumpFile {
  const handle = openFile(path);
  try {
    const sizeBytes = fstatSync(handle).size;
    const source = fileSource(handle, sizeBytes);
    const start = source.read(0, 2);
    if (start?.[0] === 0x1f && start[1] === 0x8b) {
      const bytes = gunzipped(source, path);
      closeSync(handle);
      return { source: bytesSource(bytes), sizeBytes: bytes.length, wasGzip: true, close() {} };
    }
    return { source, sizeBytes, wasGzip: false, close: () => closeSync(handle) };
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

function openFile(path: string): number {
  try {
    // Asked before it is opened: opening a pipe waits for its writer.
    const status = statSync(path);
    if (status.isDirectory())
      throw new SalvageError(unwindErrors.dump_unreadable, `${path} is a directory, not a dump`);
    if (!status.isFile()) throw new SalvageError(unwindErrors.dump_unreadable, `${path} is not a regular file`);
    return openSync(path, 'r');
  } catch (error) {
    if (error instanceof SalvageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be opened (${code})`;
    throw new SalvageError(unwindErrors.dump_unreadable, `${path} ${reason}`, { cause: error });
  }
}

function gunzipped(source: DumpSource, path: string): Uint8Array {
  const sizeBytesMax = unwindLimits.gunzippedDumpBytesMax.value;
  const tooLarge = () =>
    new SalvageError(unwindErrors.dump_unpacks_too_large, `${path} unpacks to more than ${sizeBytesMax} bytes`);
  if (source.sizeBytes > sizeBytesMax) throw tooLarge();
  try {
    return gunzipSync(source.read(0, source.sizeBytes) ?? new Uint8Array(), { maxOutputLength: sizeBytesMax });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new SalvageError(unwindErrors.dump_unreadable, `${path} is a damaged gzip file`, { cause: error });
  }
}

const pageBytes = 64 * 1024;
const pagesMax = 64;

/** Reads through a few recent pages: streams and stacks are read in small pieces that lie near each other. */
function fileSource(handle: number, sizeBytes: number): DumpSource {
  const pages = new Map<number, Uint8Array>();
  const readAt = (offset: number, length: number): Uint8Array | undefined => {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = readSync(handle, bytes, done, length - done, offset + done);
      if (count === 0) return undefined;
      done += count;
    }
    return bytes;
  };
  const pageAt = (index: number): Uint8Array | undefined => {
    const known = pages.get(index);
    if (known) return known;
    const page = readAt(index * pageBytes, Math.min(pageBytes, sizeBytes - index * pageBytes));
    if (!page) return undefined;
    if (pages.size >= pagesMax) pages.delete(pages.keys().next().value as number);
    pages.set(index, page);
    return page;
  };
  return {
    sizeBytes,
    read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > sizeBytes) return undefined;
      const first = Math.floor(offset / pageBytes);
      const isWithinPage = offset + length <= (first + 1) * pageBytes;
      if (!isWithinPage || length === 0) return readAt(offset, length);
      return pageAt(first)?.subarray(offset - first * pageBytes, offset - first * pageBytes + length);
    },
  };
}
