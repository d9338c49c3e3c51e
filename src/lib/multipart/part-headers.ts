// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type HeaderParams, parseHeaderParams } from './header-params.ts';
import { MultipartError } from './multipart-error.ts';

/** What the header block of one part says. */
export interface PartHeaders {
  /** Decoded part name; null when there is none. */
  readonly name: string | null;
  /** The type as it was sent, parameters included; `text/plain` when there is none (RFC 7578 §4.4). */
  readonly contentType: string;
  /** The file name, or null. Throws MultipartError when its charset is unknown, so only who needs it trips over it. */
  readonly fileName: () => string | null;
}

// Fatal is off: a name in latin-1 costs the name a letter, not the client its report.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

const plainTransferEncodings = new Set(['binary', '8bit', '7bit']);

// Nine of ten parts are fields like this; the long way round costs ten times as much.
const plainFieldHeader = /^Content-Disposition: form-data; name="([ !#-$&-[\]-~]*)"$/;
const noFileName = () => null;

/**
 * Parses a header block (without its closing blank line). A line counts as a header only with a blank after its colon,
 * and lines are not unfolded: both as Antenna's parser does, whose answers are the reference.
 */
export function parsePartHeaders(block: Buffer): PartHeaders {
  const plainField = plainFieldHeader.exec(block.toString('latin1'));
  if (plainField) return { name: plainField[1] as string, contentType: 'text/plain', fileName: noFileName };
  let disposition: HeaderParams | undefined;
  let contentType = 'text/plain';
  for (const line of utf8.decode(block).split('\r\n')) {
    const colon = line.indexOf(': ');
    if (colon < 0) continue;
    const value = line.slice(colon + 2);
    switch (line.slice(0, colon).toLowerCase()) {
      case 'content-disposition':
        disposition = parseHeaderParams(value);
        break;
      case 'content-type':
        contentType = value;
        break;
      case 'content-transfer-encoding':
        if (!plainTransferEncodings.has(value.trim().toLowerCase()))
          throw new MultipartError('the deprecated Content-Transfer-Encoding header field is unsupported');
        break;
    }
  }
  const name = disposition?.params.get('name');
  return {
    name: name === undefined ? null : percentDecodeName(name),
    contentType,
    fileName: () => fileNameFrom(disposition),
  };
}

/** Undoes what Crashpad and browsers escape in names (`%22 %0D %0A %25`); any other percent sign is a letter. */
function percentDecodeName(name: string): string {
  if (!name.includes('%')) return name;
  return name.replace(/%(22|0d|0a|25)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function fileNameFrom(disposition: HeaderParams | undefined): string | null {
  const plain = disposition?.params.get('filename');
  if (plain !== undefined) return plain;
  const extended = /^([^']*)'[^']*'(.*)$/s.exec(disposition?.params.get('filename*') ?? '');
  if (!extended) return null;
  try {
    const bytes = Buffer.from(
      (extended[2] as string).replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      ),
      'latin1',
    );
    return new TextDecoder(extended[1] as string).decode(bytes);
  } catch (error) {
    throw new MultipartError(`invalid text or charset: ${extended[1]}`, { cause: error });
  }
}
