// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Annotations were read, and signatures made, by Python for fifteen years: what counts as a blank, a number, an order or
// JSON text is what Python says. These leaves answer as it does.

/** Unicode white space and the separators U+001C-U+001F and U+0085, without U+FEFF: what a character class holds. */
export const blanks = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const blanksAtStart = new RegExp(`^[${blanks}]+`);
const runOfBlanks = new RegExp(`[${blanks}]+`, 'g');

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

/** `str.rstrip()`. A regular expression would try each run of blanks within the text, which takes quadratic time. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return end === text.length ? text : text.slice(0, end);
}

/** `str.strip()`. */
export function trim(text: string): string {
  return trimEnd(text).replace(blanksAtStart, '');
}

/** `' '.join(text.split())`: every run of blanks as one space, none at either end. */
export function collapseBlanks(text: string): string {
  return trim(text).replace(runOfBlanks, ' ');
}

/** `text.splitlines()`. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Decimal digits of any script as ASCII digits. */
export function withAsciiDigits(text: string): string {
  return /^[ -~]*$/.test(text)
    ? text
    : text.replace(/\p{Nd}/gu, (digit) => String(digitValue(digit.codePointAt(0) as number)));
}

/** Unicode keeps the ten digits of a script together and in order, and such runs are whole multiples of ten. */
function digitValue(codePoint: number): number {
  let first = codePoint;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return (codePoint - first) % 10;
}

/** `int(text)` as decimal digits with sign, without loss; null where Python raises ValueError. */
function integerText(text: string): string | null {
  const plain = withAsciiDigits(trim(text));
  return /^[+-]?[0-9]+(?:_[0-9]+)*$/.test(plain) ? plain.replace(/^\+|_/g, '') : null;
}

/** A number in text is no longer than this: BigInt takes quadratic time, and a megabyte of digits may come in. */
const numberCharactersMax = 1_000;

/**
 * `int(value)`: text, numbers (cut toward zero) and booleans; null for anything else and for text that is no whole
 * number. Beyond 2^53 the nearest double.
 */
export function integerOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string' || value.length > numberCharactersMax) return null;
  const text = integerText(value);
  return text === null ? null : Number(text) + 0;
}

/** As `integerOf` of text, but exact. */
export function bigIntegerOf(value: unknown): bigint | null {
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : null;
  if (typeof value !== 'string' || value.length > numberCharactersMax) return null;
  const text = integerText(value);
  return text === null ? null : BigInt(text);
}

/** `float(value)` without NaN and the infinities, which JSON cannot carry. */
export function floatOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || value.length > numberCharactersMax) return null;
  const plain = withAsciiDigits(trim(value));
  if (!/^[+-]?(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+)?$/.test(plain))
    return null;
  const number = Number(plain.replaceAll('_', ''));
  return Number.isFinite(number) ? number : null;
}

/** Order of Python's texts: by code point. UTF-16 order puts U+FFFF behind the emoji. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let unit = 0; unit < length; unit += 1)
    if (a.charCodeAt(unit) !== b.charCodeAt(unit)) return codePointAround(a, unit) - codePointAround(b, unit);
  return a.length - b.length;
}

/** The code point that the unit belongs to, be it its second half. */
function codePointAround(text: string, unit: number): number {
  const isLow = (text.charCodeAt(unit) & 0xfc00) === 0xdc00;
  const isPaired = isLow && unit > 0 && (text.charCodeAt(unit - 1) & 0xfc00) === 0xd800;
  return text.codePointAt(isPaired ? unit - 1 : unit) as number;
}

/** Sorts as Python does. The built-in order is the same unless a text goes beyond U+FFFF, and far faster. */
export function sortByCodePoint(texts: string[]): string[] {
  return texts.some((text) => /[\ud800-\udfff]/.test(text)) ? texts.sort(compareCodePoints) : texts.sort();
}

/** `json.dumps(text)`. */
export function jsonString(text: string): string {
  return asciiJson(JSON.stringify(text));
}

/** What JSON.stringify made, of a text or of many: it escapes as Python does, but for DEL and what is not ASCII. */
export function asciiJson(json: string): string {
  // Far quicker than a look at each letter, and nearly always the answer.
  const isPlain = Buffer.byteLength(json) === json.length && !json.includes('\x7f');
  return isPlain ? json : json.replace(/[\x7f-\uffff]/g, escapeUnit);
}

function escapeUnit(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** `urllib.parse.unquote_plus`: `+` is a blank, bad escapes stay, bad UTF-8 becomes U+FFFD. */
export function unquotePlus(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'));
}
