// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { crc32 } from 'node:zlib';
import type { ByteBudget } from '../lib/byte-budget.ts';
import { SalvageError } from '../lib/errors.ts';
import { errorCode } from '../lib/files.ts';
import { PagedBytes } from '../lib/paged-bytes.ts';
import type { BodyFile } from './body-file.ts';
import { spoolErrors } from './errors.ts';
import { encodeHead } from './head.ts';
import { spoolLimits } from './limits.ts';
import type { AppendItem } from './segment-writer.ts';
import type { SpoolHead, SpoolStage } from './spool.ts';
import type { SpoolDirectory } from './spool-directory.ts';

export interface StageParts {
  readonly budget: ByteBudget;
  readonly inlineBodyBytesMax: number;
  /** Directories that may take a report now, best first; never empty. */
  readonly directories: () => readonly SpoolDirectory[];
  readonly onDirectoryFailed: (directory: SpoolDirectory, error: unknown) => void;
  /** A report that no directory could take. */
  readonly onRefused: (error: SalvageError) => void;
  readonly onCommitted: (head: SpoolHead, directory: SpoolDirectory, tookMs: number) => void;
  readonly monotonicMs: () => number;
}

/**
 * Bytes of one request: in memory up to the inline threshold, then in a file of their own. When all stages together
 * hold more than the budget, the one that asks for more goes to its file early, so nobody waits for somebody else's
 * slow client. Each failed directory is followed by the next one with the very same bytes.
 */
export class RequestStage implements SpoolStage {
  readonly #parts: StageParts;
  /** What no file has yet. */
  #bytes = new PagedBytes();
  #heldBytes = 0;
  #sizeBytes = 0;
  #crc = 0;
  #file: BodyFile | null = null;
  /** Directories still to be tried; the first one holds the body file, if there is one. */
  #directories: SpoolDirectory[] = [];
  #isOver = false;

  constructor(parts: StageParts) {
    this.#parts = parts;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#isOver) return Promise.reject(overError());
    this.#count([chunk], chunk.length);
    if (this.#file) return this.#writeToFile(chunk);
    this.#bytes.append(chunk);
    return this.#makeRoom();
  }

  adopt(bytes: PagedBytes): Promise<void> | undefined {
    if (this.#isOver || this.#sizeBytes > 0) {
      bytes.release();
      return Promise.reject(this.#isOver ? overError() : new Error('the stage has a begin already'));
    }
    this.#bytes.release();
    this.#bytes = bytes;
    this.#count(bytes.pieces(), bytes.lengthBytes);
    return this.#makeRoom();
  }

  async commit(head: SpoolHead): Promise<void> {
    if (this.#isOver) throw overError();
    this.#isOver = true;
    const startedMs = this.#parts.monotonicMs();
    try {
      requireRecordable(head);
      const directory = await this.#commitSomewhere(head);
      this.#file = null;
      this.#parts.onCommitted(head, directory, this.#parts.monotonicMs() - startedMs);
    } finally {
      await this.#forget();
    }
  }

  async abort(): Promise<void> {
    this.#isOver = true;
    await this.#forget();
  }

  #count(pieces: readonly Uint8Array[], sizeBytes: number): void {
    for (const piece of pieces) this.#crc = crc32(piece, this.#crc);
    this.#sizeBytes += sizeBytes;
    this.#heldBytes += sizeBytes;
    this.#parts.budget.take(sizeBytes);
  }

  #makeRoom(): Promise<void> | undefined {
    const isLarge = this.#sizeBytes > this.#parts.inlineBodyBytesMax;
    return isLarge || this.#parts.budget.isExceeded ? this.#spill() : undefined;
  }

  async #commitSomewhere(head: SpoolHead): Promise<SpoolDirectory> {
    for (;;) {
      const directory = this.#currentDirectory();
      try {
        await this.#file?.finish();
        await directory.append(this.#item(head));
        return directory;
      } catch (error) {
        await this.#goOnElsewhere(directory, error);
      }
    }
  }

  #item(head: SpoolHead): AppendItem {
    const body = this.#file ?? this.#bytes;
    return { head, body, bodyLength: this.#sizeBytes, bodyCrc: this.#crc };
  }

  #currentDirectory(): SpoolDirectory {
    if (this.#directories.length === 0) this.#directories = [...this.#parts.directories()];
    return this.#directories[0] as SpoolDirectory;
  }

  /** A rejection is answered at the next write or at commit; `catch` only where the caller does not wait. */
  #writeToFile(chunk: Uint8Array): Promise<void> | undefined {
    const file = this.#file as BodyFile;
    try {
      return file.write(chunk)?.catch((error: unknown) => this.#recoverWrite(error));
    } catch (error) {
      this.#bytes.append(chunk);
      return this.#recoverWrite(error);
    }
  }

  async #recoverWrite(error: unknown): Promise<void> {
    await this.#goOnElsewhere(this.#currentDirectory(), error);
  }

  /** From memory into a file. */
  async #spill(): Promise<void> {
    const directory = this.#currentDirectory();
    const file = directory.makeBodyFile((sizeBytes) => this.#release(sizeBytes));
    const bytes = this.#bytes;
    this.#file = file;
    this.#bytes = new PagedBytes();
    try {
      file.adopt(bytes);
      await file.flush();
    } catch (error) {
      await this.#goOnElsewhere(directory, error);
    }
  }

  /** Takes the next directory, and what the body file had so far into it; throws when there is none. */
  async #goOnElsewhere(failed: SpoolDirectory, error: unknown): Promise<void> {
    this.#parts.onDirectoryFailed(failed, error);
    this.#directories = this.#currentDirectory() === failed ? this.#directories.slice(1) : this.#directories;
    const next = this.#directories[0];
    const file = this.#file;
    if (!next) {
      const refusal = refusalFor(error);
      this.#parts.onRefused(refusal);
      throw refusal;
    }
    if (!file) return;
    try {
      const copy = next.makeBodyFile((sizeBytes) => this.#release(sizeBytes));
      for await (const chunk of file.contents()) await copy.write(chunk);
      for (const piece of this.#bytes.pieces()) await copy.write(piece);
      await copy.flush();
      this.#bytes.release();
      this.#bytes = new PagedBytes();
      this.#file = copy;
      await file.discard();
    } catch (copyError) {
      await this.#goOnElsewhere(next, copyError);
    }
  }

  #release(sizeBytes: number): void {
    const released = Math.min(sizeBytes, this.#heldBytes);
    this.#heldBytes -= released;
    this.#parts.budget.give(released);
  }

  async #forget(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    const bytes = this.#bytes;
    this.#bytes = new PagedBytes();
    bytes.release();
    await file?.discard();
    this.#release(this.#heldBytes);
  }
}

function overError(): Error {
  return new Error('the stage was committed or aborted');
}

/** What a reader would take for damage must not be written, let alone acknowledged. */
function requireRecordable(head: SpoolHead): void {
  const isTooLarge =
    head.rawCrashJson.length > spoolLimits.rawCrashBytesMax.value ||
    // The name of a body file and its quotes come on top.
    encodeHead(head, null).length + 64 > spoolLimits.metaBytesMax.value;
  if (isTooLarge) throw new SalvageError(spoolErrors.spool_failed, 'the head of the report is too large for a record');
}

/** What the client is told: a full disk and a broken one are two different slugs. */
function refusalFor(error: unknown): SalvageError {
  const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errorCode(error) ?? '');
  const kind = isFull ? spoolErrors.spool_full : spoolErrors.spool_failed;
  return new SalvageError(kind, undefined, { cause: error });
}
