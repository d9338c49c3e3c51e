// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

const utf8 = new TextDecoder('utf-8');

/** UTF-8 with replacement characters for what is none. */
export function decodeUtf8(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** UTF-8 up to the first NUL, or all of it. */
export function decodeCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeUtf8(end < 0 ? bytes : bytes.subarray(0, end));
}

/**
 * UTF-16 in the dump's byte order; undefined when surrogates do not pair (the bytes are then no text). `isCut` allows
 * the first half of a pair at the end.
 */
export function decodeUtf16(bytes: Uint8Array, isBigEndian: boolean, isCut = false): string | undefined {
  const even = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength - (bytes.byteLength % 2));
  const text = (isBigEndian ? Buffer.from(even).swap16() : even).toString('utf16le');
  if (text.isWellFormed()) return text;
  const shorter = text.slice(0, -1);
  return isCut && shorter.isWellFormed() ? shorter : undefined;
}

/** UTF-16 in a field of fixed size: up to the first NUL unit; null when empty or broken. */
export function decodeUtf16Field(bytes: Uint8Array, isBigEndian: boolean): string | null {
  let end = 0;
  while (end + 1 < bytes.length && (bytes[end] !== 0 || bytes[end + 1] !== 0)) end += 2;
  return decodeUtf16(bytes.subarray(0, end), isBigEndian) || null;
}

/** Lower-case hex of the bytes. */
export function hexOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** `0x` + lower-case hex digits, zero-padded. */
export function hexText(value: bigint | number, digits: number): string {
  return '0x' + value.toString(16).padStart(digits, '0');
}
