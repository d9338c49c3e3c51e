// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isAscii } from 'node:buffer';
import { TextDecoder } from 'node:util';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Text of a part in the charset that it names, or null when the bytes are not text of that charset or the charset is
 * unknown. Names follow Python where it and the web's table differ: `latin-1` and `ascii` are not windows-1252.
 */
export function decodePartText(bytes: Uint8Array, charset: string): string | null {
  switch (charset.toLowerCase().replaceAll('_', '-')) {
    case 'utf-8':
    case 'utf8':
      return decodeWith(utf8, bytes);
    case 'latin-1':
    case 'latin1':
    case 'iso-8859-1':
    case 'iso8859-1':
    case 'l1':
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    case 'ascii':
    case 'us-ascii':
      return isAscii(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1') : null;
    default:
      return decodeWith(otherDecoder(charset), bytes);
  }
}

function decodeWith(decoder: TextDecoder | null, bytes: Uint8Array): string | null {
  try {
    return decoder?.decode(bytes) ?? null;
  } catch {
    return null;
  }
}

function otherDecoder(charset: string): TextDecoder | null {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true });
  } catch {
    return null;
  }
}
