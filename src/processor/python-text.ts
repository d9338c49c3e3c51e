// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isJsonObject, type JsonValue } from '../lib/json.ts';

// Annotations were read by Python for fifteen years: what counts as a number, as a blank or as JSON text is what Python
// says. These leaves answer as it does.

// Unicode white space and the separators U+001C-U+001F and U+0085, without U+FEFF.
const blank = '[\\t-\\r\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const blanksAtEnd = new RegExp(`${blank}+$`);
const blanksAtStart = new RegExp(`^${blank}+`);

/** `str.rstrip()`. */
export function trimEnd(text: string): string {
  return text.replace(blanksAtEnd, '');
}

/** `str.strip()`. */
export function trim(text: string): string {
  return trimEnd(text).replace(blanksAtStart, '');
}

const digit = /\p{Nd}/u;

/** Digits of any script to ASCII: every script has its ten digits in one run, starting with zero. */
function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (character) => {
    const code = character.codePointAt(0) as number;
    let before = 0;
    while (before < 50 && digit.test(String.fromCodePoint(code - before - 1))) before++;
    return String(before % 10);
  });
}

/** `int(text)` as decimal digits with sign, without loss; null where Python raises ValueError. */
function integerText(text: string): string | null {
  const plain = asciiDigits(trim(text));
  return /^[+-]?[0-9]+(?:_[0-9]+)*$/.test(plain) ? plain.replace(/^\+|_/g, '') : null;
}

/**
 * `int(value)`: text, numbers (cut toward zero) and booleans; null for anything else and for text that is no whole
 * number. Beyond 2^53 the nearest double.
 */
export function integerOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string' || value.length > 1_000) return null;
  const text = integerText(value);
  return text === null ? null : Number(text) + 0;
}

/** As `integerOf` of text, but exact. */
export function bigIntegerOf(value: unknown): bigint | null {
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : null;
  if (typeof value !== 'string' || value.length > 1_000) return null;
  const text = integerText(value);
  return text === null ? null : BigInt(text);
}

/** `float(value)` without NaN and the infinities, which JSON cannot carry. */
export function floatOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || value.length > 1_000) return null;
  const plain = asciiDigits(trim(value));
  if (!/^[+-]?(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+)?$/.test(plain))
    return null;
  const number = Number(plain.replaceAll('_', ''));
  return Number.isFinite(number) ? number : null;
}

/** `json.dumps(value)`: blanks after comma and colon, ASCII only. */
export function pythonJson(value: JsonValue, { sortKeys = false }: { readonly sortKeys?: boolean } = {}): string {
  if (Array.isArray(value)) return `[${value.map((item) => pythonJson(item, { sortKeys })).join(', ')}]`;
  if (isJsonObject(value)) {
    const entries = Object.entries(value);
    if (sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${quoted(key)}: ${pythonJson(item, { sortKeys })}`).join(', ')}}`;
  }
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value);
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `urllib.parse.unquote_plus`: `+` is a blank, bad escapes stay, bad UTF-8 becomes U+FFFD. */
export function unquotePlus(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** `text.splitlines()`. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
