// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { dirname } from 'node:path';
import { errorCode, type Files } from './files.ts';

/** Makes a directory and what is missing above it, with every new entry synced: it is there after a power cut. */
export async function makeDirectory(files: Files, path: string): Promise<void> {
  let isNew: boolean;
  try {
    isNew = await files.mkdir(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(files, dirname(path));
    isNew = await files.mkdir(path);
  }
  if (isNew) await files.syncDirectory(dirname(path));
}

/** Pieces of a file are written together up to this size: each write takes a turn of the thread pool. */
const writeBytes = 1024 * 1024;

/**
 * Writes a new file whose bytes are on the disk when this resolves; its directory entry is not yet. What the chunks hold
 * must not change before. Returns its size.
 */
export async function writeSyncedFile(
  files: Files,
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<number> {
  const file = await files.open(path, 'create');
  let sizeBytes = 0;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  const write = async () => {
    if (waitingBytes > 0) await file.writev(waiting, sizeBytes);
    sizeBytes += waitingBytes;
    waiting = [];
    waitingBytes = 0;
  };
  try {
    for await (const chunk of chunks) {
      waiting.push(chunk);
      waitingBytes += chunk.length;
      if (waitingBytes >= writeBytes) await write();
    }
    await write();
    await file.datasync();
  } catch (error) {
    await file.close();
    await files.unlink(path).catch(() => {});
    throw error;
  }
  await file.close();
  return sizeBytes;
}

/**
 * Replaces a small file so that after a kill or a power cut it holds either the old or the new bytes. `path` must not
 * be written by two callers at once.
 */
export async function replaceFile(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  await files.unlink(temporary).catch(() => {});
  await writeSyncedFile(files, temporary, [bytes]);
  await files.rename(temporary, path);
  await files.syncDirectory(dirname(path));
}

/** All the bytes of a file; throws with code EFBIG when there are more than `sizeBytesMax`. */
export async function readWholeFile(files: Files, path: string, sizeBytesMax: number): Promise<Buffer> {
  const file = await files.open(path, 'read');
  try {
    const sizeBytes = await file.sizeBytes();
    if (sizeBytes > sizeBytesMax)
      throw Object.assign(new Error(`EFBIG: ${path} has ${sizeBytes} bytes`), { code: 'EFBIG' });
    const buffer = Buffer.allocUnsafe(sizeBytes);
    return buffer.subarray(0, await file.read(buffer, 0));
  } finally {
    await file.close();
  }
}

/** The bytes `[from, to)` of a file in chunks. Fewer bytes than asked for are an error with code EIO: the file was cut. */
export async function* readRange(
  files: Files,
  path: string,
  from: number,
  to: number,
  chunkBytes = 256 * 1024,
): AsyncGenerator<Buffer> {
  const file = await files.open(path, 'read');
  try {
    for (let at = from; at < to; ) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, to - at));
      const count = await file.read(chunk, at);
      if (count < chunk.length) throw Object.assign(new Error(`EIO: ${path} ends at ${at + count}`), { code: 'EIO' });
      at += count;
      yield chunk;
    }
  } finally {
    await file.close();
  }
}

/** Syncs of one directory asked for by many at once share a call: a sync that begins later covers all of them. */
export class DirectorySyncs {
  readonly #files: Files;
  readonly #next = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(files: Files) {
    this.#files = files;
  }

  sync(path: string): Promise<void> {
    const waiting = this.#next.get(path);
    if (waiting) return waiting;
    const running = this.#running.get(path) ?? Promise.resolve();
    const next = running.catch(() => {}).then(() => this.#start(path));
    this.#next.set(path, next);
    return next;
  }

  #start(path: string): Promise<void> {
    this.#next.delete(path);
    const running = this.#files.syncDirectory(path).finally(() => {
      if (this.#running.get(path) === running) this.#running.delete(path);
    });
    this.#running.set(path, running);
    return running;
  }
}
