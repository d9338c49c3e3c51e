// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Directory } from '../directory.ts';
import { minidumpLimits } from '../limits.ts';
import type { Assertion, BreakpadInfo } from '../model.ts';
import { decodeCString, decodeUtf16Field } from '../text.ts';

const assertionTextSizeBytes = 256;

/** Which thread wrote the dump and which one asked for it. */
export function readBreakpadInfo(directory: Directory): BreakpadInfo | null {
  const fields = directory.stream('BreakpadInfo', 12);
  if (!fields || fields.length < 12) return null;
  const validity = fields.u32(0);
  return {
    dumpThreadId: validity & 1 ? fields.u32(4) : null,
    requestingThreadId: validity & 2 ? fields.u32(8) : null,
  };
}

/** What a failed run-time check of the C library said (invalid parameter, pure virtual call). */
export function readAssertion(directory: Directory): Assertion | null {
  const sizeBytes = 3 * assertionTextSizeBytes + 8;
  const fields = directory.stream('Assertion', sizeBytes);
  if (!fields || fields.length < sizeBytes) return null;
  const text = (index: number): string | null =>
    decodeUtf16Field(
      fields.bytes.subarray(index * assertionTextSizeBytes, (index + 1) * assertionTextSizeBytes),
      directory.header.isBigEndian,
    );
  const kinds = { 1: 'invalid_parameter', 2: 'pure_virtual_call' } as const;
  const line = fields.u32(3 * assertionTextSizeBytes);
  const type = fields.u32(3 * assertionTextSizeBytes + 4);
  return {
    kind: type === 1 || type === 2 ? kinds[type] : 'unknown',
    expression: text(0),
    function: text(1),
    file: text(2),
    line: line === 0 ? null : line,
  };
}

/** Text that the writer of the dump added; the wide form wins. */
export function readComment(directory: Directory): string | null {
  const sizeBytesMax = minidumpLimits.minidumpStringLengthMax.value;
  const wide = directory.stream('CommentW', sizeBytesMax * 2);
  if (wide) return decodeUtf16Field(wide.bytes, directory.header.isBigEndian);
  const narrow = directory.stream('CommentA', sizeBytesMax);
  return (narrow && decodeCString(narrow.bytes)) || null;
}
