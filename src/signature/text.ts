// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Facts about text that signatures depend on since Socorro computes them in Python: lengths in code points, Unicode
// white space with U+001C-U+001F and U+0085 but without U+FEFF, numbers with blanks, signs, underscores and any script's digits.

const blank = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const leadingBlanks = new RegExp(`^[${blank}]+`);
const runOfBlanks = new RegExp(`[${blank}]+`, 'g');
const lineEnd = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;
const isPrintable = /^[ -~]*$/;
const unprintable = /[^ -~]+/g;

/** True for the UTF-16 unit of a blank; no blank lies outside the basic plane. */
export function isBlank(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 9 && unit <= 13) || (unit >= 0x1c && unit <= 0x1f);
  if (unit < 0x1680) return unit === 0x85 || unit === 0xa0;
  return (
    unit === 0x1680 ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000
  );
}

/** Text without blanks at either end. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return (end === text.length ? text : text.slice(0, end)).replace(leadingBlanks, '');
}

/** Every run of blanks as one space, none at either end. */
export function collapseBlanks(text: string): string {
  return trimBlanks(text).replace(runOfBlanks, ' ');
}

/** Lines without their ends; no line at all for empty text, and none after a final line end. */
export function splitLines(text: string): string[] {
  const lines = text.split(lineEnd);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

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

/** Order by code point, as Python sorts; UTF-16 order puts U+FFFF after the emoji. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let unit = 0; unit < length; unit += 1) {
    const [left, right] = [a.charCodeAt(unit), b.charCodeAt(unit)];
    if (left === right) continue;
    const isPair = (x: number): boolean => x >= 0xd800 && x <= 0xdfff;
    return isPair(left) === isPair(right) ? left - right : isPair(left) ? 1 : -1;
  }
  return a.length - b.length;
}

const asciiInteger = /^[+-]?[0-9]+(?:_[0-9]+)*$/;
const asciiHex = /^([+-]?)(?:0[xX]_?)?([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)$/;

/** A decimal integer in text, or null. Values beyond 2^53 lose digits: only their size is ever asked. */
export function parseInteger(text: string): number | null {
  const trimmed = withAsciiDigits(trimBlanks(text));
  return asciiInteger.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : null;
}

/** `0x0000abcd` as `0xabcd`; text that is no hex number stays as it is. */
export function stripLeadingZeros(text: string): string {
  const match = asciiHex.exec(withAsciiDigits(trimBlanks(text)));
  if (!match) return text;
  const digits = match[2]!
    .replaceAll('_', '')
    .toLowerCase()
    .replace(/^0+(?=.)/, '');
  return `${match[1] === '-' && digits !== '0' ? '-' : ''}0x${digits}`;
}

/** Decimal digits of any script as ASCII digits. */
function withAsciiDigits(text: string): string {
  return isPrintable.test(text) ? text : text.replace(/\p{Nd}/gu, (digit) => String(digitValue(digit.codePointAt(0)!)));
}

/** Unicode keeps the ten digits of a script together and in order, and such runs are whole multiples of ten. */
function digitValue(codePoint: number): number {
  let first = codePoint;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return (codePoint - first) % 10;
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
