// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomUUID } from 'node:crypto';
import { createWriteStream, type Stats } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { errorText, SalvageError } from '../lib/errors.ts';
import { errorCode } from '../lib/files.ts';
import { printable } from '../lib/printable.ts';
import { symbolErrors } from './errors.ts';
import { symbolLimits } from './limits.ts';

/** A `.sym` file to add. `path` is removed by the finder after its turn if it came out of an archive. */
export interface FoundSymFile {
  readonly path: string;
  /** For messages: the path itself, or `archive.zip: member`. */
  readonly shown: string;
}

/**
 * The `.sym` files that an argument means: a file, every one below a directory, every one in a zip. Members of archives
 * are unpacked one at a time below `scratchDirectory`, under names of our own: nothing of a member's path is used.
 * Throws `symbol_path_unusable`, `symbol_archive_unusable`, and what the disk throws.
 */
export async function* findSymFiles(argument: string, scratchDirectory: string): AsyncGenerator<FoundSymFile> {
  const status = await symbolPathStatus(argument);
  if (status.isDirectory()) {
    for (const entry of (await fs.readdir(argument, { withFileTypes: true })).sort(byName)) {
      const full = path.join(argument, entry.name);
      if (entry.isDirectory()) yield* findSymFiles(full, scratchDirectory);
      else if (entry.isFile() && isSymName(entry.name)) yield { path: full, shown: full };
    }
  } else if (await isZip(argument)) yield* unzipped(argument, scratchDirectory);
  else yield { path: argument, shown: argument };
}

/** Throws `symbol_path_unusable` for what is neither a file nor a directory: opening a pipe would wait for its writer. */
export async function symbolPathStatus(argument: string): Promise<Stats> {
  const status = await fs.stat(argument).catch((error: unknown) => {
    const reason = errorCode(error) === 'ENOENT' ? 'does not exist' : `cannot be read (${errorCode(error)})`;
    throw new SalvageError(symbolErrors.symbol_path_unusable, `${argument} ${reason}`, { cause: error });
  });
  if (!status.isFile() && !status.isDirectory())
    throw new SalvageError(symbolErrors.symbol_path_unusable, `${argument} is neither a file nor a directory`);
  return status;
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

export function isSymName(name: string): boolean {
  return /\.sym(\.gz)?$/i.test(name);
}

async function isZip(file: string): Promise<boolean> {
  const handle = await fs.open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString('latin1', 0, 2) === 'PK' && (buffer[2] === 3 || buffer[2] === 5);
  } finally {
    await handle.close();
  }
}

async function* unzipped(archive: string, scratchDirectory: string): AsyncGenerator<FoundSymFile> {
  await fs.mkdir(scratchDirectory, { recursive: true });
  let entries = 0;
  let bytesLeft = symbolLimits.archiveBytesMax.value;
  const zip = await opened(archive);
  try {
    for await (const entry of zip.eachEntry()) {
      if (++entries > symbolLimits.archiveFilesMax.value)
        throw new SalvageError(symbolErrors.symbol_archive_unusable, `${archive}: too many entries`);
      const name = Buffer.from(entry.fileName).toString();
      if (!isSymName(name)) continue;
      const file = path.join(scratchDirectory, `.${randomUUID()}.tmp`);
      try {
        const source = await zip.openReadStreamPromise(entry);
        const counted = atMost(
          Math.min(bytesLeft, symbolLimits.symSizeBytesMax.value),
          (bytes) => (bytesLeft -= bytes),
        );
        await pipeline(source, counted, createWriteStream(file, { flags: 'wx' }));
        yield { path: file, shown: `${archive}: ${printable(name).slice(0, 300)}` };
      } finally {
        await fs.rm(file, { force: true });
      }
    }
  } catch (error) {
    if (error instanceof SalvageError) throw error;
    throw new SalvageError(symbolErrors.symbol_archive_unusable, `${archive}: ${errorText(error)}`, { cause: error });
  } finally {
    zip.close();
  }
}

async function opened(archive: string): Promise<yauzl.ZipFile> {
  try {
    // Names stay bytes: they are never used as paths, and the reader's own check would refuse the archive for one of them.
    return await yauzl.openPromise(archive, {
      decodeStrings: false,
      validateEntrySizes: true,
      lazyEntries: true,
    });
  } catch (error) {
    throw new SalvageError(symbolErrors.symbol_archive_unusable, `${archive}: ${errorText(error)}`, { cause: error });
  }
}

function atMost(sizeBytesMax: number, onBytes: (bytes: number) => void): Transform {
  let sizeBytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      onBytes(chunk.length);
      if (sizeBytes > sizeBytesMax)
        done(new SalvageError(symbolErrors.sym_too_large, `more than ${sizeBytesMax} bytes`));
      else done(null, chunk);
    },
  });
}
