// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { SalvageError } from '../lib/errors.ts';
import { freeInflated, GunzipError, gunzipAtOnce, gunzipStream } from '../lib/gunzip.ts';
import { PagedBytes } from '../lib/paged-bytes.ts';
import { spoolErrors } from './errors.ts';
import { spoolLimits } from './limits.ts';

/** Inflates a gzip body as it streams. What does not inflate is `spool_damaged`. */
export async function* inflate(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    yield* gunzipStream(chunks);
  } catch (error) {
    if (!(error instanceof GunzipError)) throw error;
    throw new SalvageError(spoolErrors.spool_damaged, 'the body does not inflate', { cause: error });
  }
}

// One for all: it is used within a single synchronous call.
const slab = Buffer.allocUnsafe(spoolLimits.inflateAtOnceBytesMax.value);

/**
 * A whole small body inflated, or null when it is better streamed: too large in memory, or too long for the event loop.
 */
export function inflateSmall(body: PagedBytes): PagedBytes | null {
  if (body.lengthBytes > slab.length) return null;
  try {
    const pieces = gunzipAtOnce(body.copyTo(slab), spoolLimits.decodedBodyBytesMax.value);
    return pieces && intoPages(pieces);
  } catch {
    // Perhaps damaged only behind the last dump: streaming finds out.
    return null;
  }
}

function intoPages(pieces: readonly Buffer[]): PagedBytes {
  const bytes = new PagedBytes();
  for (const piece of pieces) {
    bytes.append(piece);
    freeInflated(piece);
  }
  return bytes;
}
