// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { trim, withAsciiDigits } from '../lib/python-text.ts';

const isPrintable = /^[ -~]*$/;
const unprintable = /[^ -~]+/g;

/** Only the printable ASCII characters, U+0020 to U+007E. */
export function dropUnprintable(text: string): string {
  return isPrintable.test(text) ? text : text.replace(unprintable, '');
}

/** The first `count` code points. */
export function cutCodePoints(text: string, count: number): string {
  if (text.length <= count) return text;
  let unit = 0;
  for (let taken = 0; taken < count && unit < text.length; taken += 1) unit += text.codePointAt(unit)! > 0xffff ? 2 : 1;
  return text.slice(0, unit);
}

/** True if text has more than `count` code points. */
export function isLongerThan(text: string, count: number): boolean {
  return text.length > count && cutCodePoints(text, count).length < text.length;
}

const asciiHex = /^([+-]?)(?:0[xX]_?)?([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)$/;

/** `0x0000abcd` as `0xabcd`; text that is no hex number stays as it is. */
export function stripLeadingZeros(text: string): string {
  const match = asciiHex.exec(withAsciiDigits(trim(text)));
  if (!match) return text;
  const digits = match[2]!
    .replaceAll('_', '')
    .toLowerCase()
    .replace(/^0+(?=.)/, '');
  return `${match[1] === '-' && digits !== '0' ? '-' : ''}0x${digits}`;
}

/** JSON of an array or object; nested a hundred thousand deep it has none. */
function jsonText(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return Array.isArray(value) ? '[…]' : '{…}';
  }
}

/** A JSON value as text in a signature. Null, true and false are spelt as the groups that exist already spell them. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  return typeof value === 'object' ? jsonText(value) : String(value);
}
