// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { writevSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { errorText, SalvageError } from '../lib/errors.ts';
import { unwindErrors } from './errors.ts';
import { answerDescriptor, encodeAnswer, type WalkFailure, type WalkRequest } from './walker-protocol.ts';

/** Turns one request into the bytes of a document; throws SalvageError for what is wrong with the dump. */
export type WalkHandler = (request: WalkRequest) => Promise<Uint8Array>;

/**
 * The child's side of the pool: hands the first line, its setup, to `start`, then answers requests until stdin ends, one
 * after the other.
 */
export async function serveWalks(requests: Readable, start: (setup: unknown) => WalkHandler): Promise<void> {
  let walk: WalkHandler | null = null;
  for await (const line of createInterface({ input: requests, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (walk === null) {
      walk = start(JSON.parse(line));
      continue;
    }
    try {
      writeAll(encodeAnswer('document', await walk(JSON.parse(line) as WalkRequest)));
    } catch (error) {
      writeAll(encodeAnswer('failure', Buffer.from(JSON.stringify(failureOf(error)))));
    }
  }
}

function failureOf(error: unknown): WalkFailure {
  if (error instanceof SalvageError) return { slug: error.slug, detail: error.message };
  const isOutOfMemory = error instanceof RangeError && /allocat|memory/i.test(error.message);
  const kind = isOutOfMemory ? unwindErrors.walk_memory : unwindErrors.walk_failed;
  return { slug: kind.slug, detail: errorText(error) };
}

/** Blocking, so that an answer is out before the next request can crash the process. */
function writeAll(parts: readonly Uint8Array[]): void {
  for (let rest = Buffer.concat(parts); rest.length > 0; ) rest = rest.subarray(writeOnce(rest));
}

function writeOnce(bytes: Uint8Array): number {
  try {
    return writevSync(answerDescriptor, [bytes]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return 0;
  }
}
