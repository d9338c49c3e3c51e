// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import fs from 'node:fs';
import { promisify } from 'node:util';

/** An open file. Positions and sizes are in bytes; errors are those of node:fs with their `code`. */
export interface OpenFile {
  /** Fills the buffer from `position`; returns how many bytes there were (less only at the end of the file). */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** The same for several buffers, filled one after another. */
  readv(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Writes all the buffers one after another at `position`. A short write is finished or becomes an error. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Waits until the file's bytes and its size are on the disk. */
  datasync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

export interface FileStatus {
  readonly isDirectory: boolean;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/**
 * The file system as the durable parts see it. An interface, so that tests can record every write and sync, replay a
 * power cut, and fail any call (ENOSPC, EROFS, EIO).
 */
export interface Files {
  /** `read`: must exist. `create`: must not exist, opened for reading and writing. `update`: must exist, writable. */
  open(path: string, mode: 'read' | 'create' | 'update'): Promise<OpenFile>;
  /** Makes one directory; false when it was there. */
  mkdir(path: string): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Removes a directory with all that is in it. */
  removeTree(path: string): Promise<void>;
  /** Names in a directory, sorted. */
  list(path: string): Promise<string[]>;
  /** Null when there is nothing of that name. */
  stat(path: string): Promise<FileStatus | null>;
  touch(path: string, at: Date): Promise<void>;
  /** Waits until the directory's entries (creations, renames) are on the disk. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that this process may still write on the disk of that directory. */
  freeBytes(path: string): Promise<number>;
}

// The callback API with bare descriptors: FileHandle costs about a third more CPU a call at this layer's sizes.
const calls = {
  open: promisify(fs.open),
  close: promisify(fs.close),
  fdatasync: promisify(fs.fdatasync),
  fsync: promisify(fs.fsync),
  ftruncate: promisify(fs.ftruncate),
  fstat: promisify(fs.fstat),
};

/** The machine's own file system. */
export const nodeFiles: Files = {
  async open(path, mode) {
    const flags = { read: 'r', create: 'wx+', update: 'r+' }[mode];
    return new NodeFile(await calls.open(path, flags, 0o640));
  },
  async mkdir(path) {
    try {
      await fs.promises.mkdir(path, 0o750);
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
  },
  rename: (from, to) => fs.promises.rename(from, to),
  unlink: (path) => fs.promises.unlink(path),
  removeTree: (path) => fs.promises.rm(path, { recursive: true, force: true }),
  list: async (path) => (await fs.promises.readdir(path)).sort(),
  async stat(path) {
    try {
      const status = await fs.promises.stat(path);
      return { isDirectory: status.isDirectory(), sizeBytes: status.size, modifiedMs: status.mtimeMs };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    }
  },
  touch: (path, at) => fs.promises.utimes(path, at, at),
  async syncDirectory(path) {
    const fd = await calls.open(path, 'r');
    try {
      await calls.fsync(fd);
    } finally {
      await calls.close(fd);
    }
  },
  async freeBytes(path) {
    const status = await fs.promises.statfs(path);
    return status.bavail * status.bsize;
  },
};

class NodeFile implements OpenFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.readv([buffer], position);
  }

  async readv(buffers: readonly Uint8Array[], position: number): Promise<number> {
    let rest = buffers;
    let filled = 0;
    while (rest.length > 0) {
      const count = await readvOnce(this.#fd, rest, position + filled);
      if (count === 0) break;
      filled += count;
      rest = afterBytes(rest, count);
    }
    return filled;
  }

  async writev(buffers: readonly Uint8Array[], position: number): Promise<void> {
    let rest = buffers;
    let at = position;
    while (rest.length > 0) {
      const written = await writevOnce(this.#fd, rest, at);
      if (written === 0) throw Object.assign(new Error('ENOSPC: nothing was written'), { code: 'ENOSPC' });
      at += written;
      rest = afterBytes(rest, written);
    }
  }

  datasync(): Promise<void> {
    return calls.fdatasync(this.#fd);
  }

  truncate(sizeBytes: number): Promise<void> {
    return calls.ftruncate(this.#fd, sizeBytes);
  }

  async sizeBytes(): Promise<number> {
    return (await calls.fstat(this.#fd)).size;
  }

  close(): Promise<void> {
    return calls.close(this.#fd);
  }
}

function readvOnce(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.readv(fd, buffers as Uint8Array[], position, (error, count) => (error ? reject(error) : resolve(count))),
  );
}

function writevOnce(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.writev(fd, buffers as Uint8Array[], position, (error, count) => (error ? reject(error) : resolve(count))),
  );
}

/** The buffers without their first `count` bytes. */
function afterBytes(buffers: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  for (const [index, buffer] of buffers.entries()) {
    if (count < buffer.length) return [buffer.subarray(count), ...buffers.slice(index + 1)];
    count -= buffer.length;
  }
  return [];
}

/** The system's word for what went wrong (`ENOSPC`), or undefined. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
