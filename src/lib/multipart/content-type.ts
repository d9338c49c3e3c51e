// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { splitHeaderValue, unquote } from './header-params.ts';

/** The Content-Type of a multipart body. */
export interface MultipartType {
  /** As sent, without outer blanks; its letter case counts. */
  readonly mediaType: string;
  /** The boundary without its quotes, null when there is none; empty when it is sent empty. */
  readonly boundary: string | null;
}

/** Reads a Content-Type: the boundary may follow other parameters, in any letter case; of two the last counts. */
export function parseMultipartType(contentType: string): MultipartType {
  const [mediaType = '', ...pieces] = splitHeaderValue(contentType);
  let boundary: string | null = null;
  // No blank before the equals sign: RFC 9110 §5.6.6 has none, and Antenna refuses it.
  for (const piece of pieces) if (/^boundary=/i.test(piece)) boundary = unquote(piece.slice('boundary='.length).trim());
  return { mediaType, boundary };
}
