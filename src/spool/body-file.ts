// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readRange } from '../lib/durable-files.ts';
import type { Files, OpenFile } from '../lib/files.ts';
import { PagedBytes } from '../lib/paged-bytes.ts';
import { spoolLimits } from './limits.ts';

/**
 * A body on its way into a file of its own: written in `staging/` while it arrives, synced, then moved beside the log
 * by the writer. Writes run one after another; a caller that is too fast gets a promise to wait for.
 */
export class BodyFile {
  readonly name = `body-${randomBytes(8).toString('hex')}`;
  path: string;
  readonly #files: Files;
  readonly #onWritten: (sizeBytes: number) => void;
  #file: OpenFile | null = null;
  #sizeBytes = 0;
  #pending = new PagedBytes();
  /** What is being written, or what a failed write left; until it is written `contents` still has every byte. */
  #batch: PagedBytes | null = null;
  #writing: Promise<void> | null = null;
  #failure: unknown;

  constructor(files: Files, stagingPath: string, onWritten: (sizeBytes: number) => void) {
    this.#files = files;
    this.#onWritten = onWritten;
    this.path = join(stagingPath, this.name);
  }

  /** Takes the begin of the body. */
  adopt(bytes: PagedBytes): void {
    this.#pending.release();
    this.#pending = bytes;
    this.#writing ??= this.#drain();
  }

  /** Copies the bytes; a promise means that enough wait already. Throws what an earlier write threw. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#failure) throw this.#failure;
    this.#pending.append(chunk);
    this.#writing ??= this.#drain();
    return this.#pending.lengthBytes > spoolLimits.stageChunkBytesMax.value ? this.flush() : undefined;
  }

  /** Waits until all bytes so far are written, not synced. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#failure) throw this.#failure;
  }

  /** All bytes on the disk; the file is closed. */
  async finish(): Promise<void> {
    await this.flush();
    await this.#file?.datasync();
    await this.#close();
  }

  /** Gives the file its place in a segment; that directory still has to be synced. */
  async moveInto(segmentPath: string): Promise<void> {
    const target = join(segmentPath, this.name);
    await this.#files.rename(this.path, target);
    this.path = target;
  }

  /** What was written so far, then what still waits: for going on in another directory after a failed write. */
  async *contents(): AsyncGenerator<Uint8Array> {
    if (this.#sizeBytes > 0) yield* readRange(this.#files, this.path, 0, this.#sizeBytes);
    if (this.#batch) yield* this.#batch.pieces();
    yield* this.#pending.pieces();
  }

  async discard(): Promise<void> {
    await this.#writing?.catch(() => {});
    this.#onWritten(this.#pending.lengthBytes + (this.#batch?.lengthBytes ?? 0));
    this.#batch?.release();
    this.#batch = null;
    this.#pending.release();
    this.#pending = new PagedBytes();
    await this.#close().catch(() => {});
    await this.#files.unlink(this.path).catch(() => {});
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  async #drain(): Promise<void> {
    try {
      this.#file ??= await this.#files.open(this.path, 'create');
      while (this.#pending.lengthBytes > 0) {
        const batch = this.#pending;
        this.#batch = batch;
        this.#pending = new PagedBytes();
        await this.#file.writev(batch.pieces(), this.#sizeBytes);
        this.#batch = null;
        this.#sizeBytes += batch.lengthBytes;
        this.#onWritten(batch.lengthBytes);
        batch.release();
      }
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#writing = null;
    }
  }
}
