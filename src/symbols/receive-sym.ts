// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { SalvageError } from '../lib/errors.ts';
import { symbolErrors } from './errors.ts';
import { unpacked } from './sym-bytes.ts';

/** The first line must lie in these bytes; names are at most 255 long. */
export const firstLineBytesMax = 4096;

/**
 * Writes the text of a `.sym` to `target` by a temporary file and a rename, unpacked, with `INFO URL` as last line if
 * there is a url. Nothing is left of a source that fails.
 * Throws `sym_too_large`, `symbol_source_denied` (a web page instead), `sym_unusable` (no MODULE line, or the symbols of
 * another module), and what the source or the disk throws.
 */
export async function receiveSym(
  source: AsyncIterable<Uint8Array>,
  target: string,
  expected: { readonly debugId: string; readonly sizeBytesMax: number; readonly url: string | null },
): Promise<void> {
  const directory = path.dirname(target);
  await fs.mkdir(directory, { recursive: true });
  const temporary = path.join(directory, `.${randomUUID()}.tmp`);
  const file = await fs.open(temporary, 'wx', 0o644);
  try {
    let head = Buffer.alloc(0);
    let isChecked = false;
    let sizeBytes = 0;
    let last = 10;
    for await (const chunk of unpacked(source)) {
      if (!isChecked) {
        head = Buffer.concat([head, chunk.subarray(0, firstLineBytesMax)]);
        isChecked = checkFirstLine(head, expected.debugId);
      }
      sizeBytes += chunk.length;
      if (sizeBytes > expected.sizeBytesMax)
        throw new SalvageError(symbolErrors.sym_too_large, `more than ${expected.sizeBytesMax} bytes`);
      await file.write(chunk);
      last = chunk.at(-1) ?? last;
    }
    if (!isChecked) checkFirstLine(Buffer.concat([head, Buffer.from('\n')]), expected.debugId);
    if (expected.url !== null) await file.write(`${last === 10 ? '' : '\n'}INFO URL ${expected.url}\n`);
    await file.sync();
    await file.close();
    await fs.rename(temporary, target);
  } catch (error) {
    await file.close().catch(() => {});
    await fs.rm(temporary, { force: true });
    throw error;
  }
}

/** The debug id in the MODULE record with which a `.sym` begins; undefined if it does not. */
export function moduleIdOf(head: Buffer): string | undefined {
  const start = head.toString('utf8', 0, firstLineBytesMax);
  return /^ *MODULE +\S+ +\S+ +([0-9A-Fa-f]+) +\S/.exec(start)?.[1];
}

/** True once the first line was there and right; false if more bytes are needed. */
function checkFirstLine(head: Buffer, debugId: string): boolean {
  const end = head.indexOf(10);
  if (end < 0 && head.length < firstLineBytesMax) return false;
  const line = head
    .subarray(0, end < 0 ? firstLineBytesMax : end)
    .toString()
    .trim();
  if (/^<|^\s*<!doctype|^<html/i.test(line))
    throw new SalvageError(symbolErrors.symbol_source_denied, 'a web page instead of a symbol file');
  const id = moduleIdOf(head);
  if (id === undefined) throw new SalvageError(symbolErrors.sym_unusable, 'does not begin with a MODULE record');
  if (id.toUpperCase() !== debugId.toUpperCase())
    throw new SalvageError(symbolErrors.sym_unusable, `symbols of another module: id ${id.slice(0, 128)}`);
  return true;
}
