// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { BodyFraming } from './body-end.ts';

/** The head of an HTTP message as it was on the wire. */
export interface HttpHead {
  readonly firstLine: string;
  /** Lower-case names; of repeated headers the last. */
  readonly headers: ReadonlyMap<string, string>;
  /** With the empty line. */
  readonly sizeBytes: number;
}

export const headBytesMax = 64 * 1024;

/** Finds the head in what was received; null while it is not complete. Throws when it is too long. */
export function readHead(received: Buffer): HttpHead | null {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0 && received.length > headBytesMax) throw new Error(`the head is longer than ${headBytesMax} bytes`);
  if (end < 0) return null;
  const [firstLine = '', ...lines] = received.toString('latin1', 0, end).split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { firstLine, headers, sizeBytes: end + 4 };
}

/** Null when neither a length nor chunks are told. */
export function framingOf({ headers }: HttpHead): BodyFraming | null {
  if (/\bchunked\b/i.test(headers.get('transfer-encoding') ?? '')) return { kind: 'chunked' };
  const length = headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(length) ? { kind: 'length', sizeBytes: Number(length) } : null;
}
