// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// JSON and text as Python writes them: stored raw crashes and throttle rules of existing deployments depend on both
// (spec collector.md §3, §4.2).

import { asciiJson, sortByCodePoint } from '../lib/python-text.ts';

/** A number that keeps its kind and its digits: 1 and 1.0 differ, and integers beyond 2^53 are not rounded. */
export class PythonNumber {
  /** As Python prints it; valid JSON. */
  readonly text: string;
  readonly isInteger: boolean;

  constructor(text: string, isInteger: boolean) {
    this.text = text;
    this.isInteger = isInteger;
  }

  static ofInteger(value: number): PythonNumber {
    return new PythonNumber(String(value), true);
  }

  static ofFloat(value: number): PythonNumber {
    return new PythonNumber(floatText(value), false);
  }
}

/** A JSON value with Python's kinds. Objects are Maps, so that no key of a client's is special. */
export type PythonValue = string | boolean | null | PythonNumber | readonly PythonValue[] | PythonObject;
export type PythonObject = ReadonlyMap<string, PythonValue>;

/** `repr` of a float: shortest digits that read back, with an exponent below 1e-4 and from 1e16 on. */
export function floatText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [, sign = '', first = '', rest = '', exponentText = '0'] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential()) ?? [];
  const exponent = Number(exponentText);
  const digits = first + rest;
  if (exponent < -4 || exponent >= 16) {
    const mark = exponent < 0 ? '-' : '+';
    return `${sign}${first}${rest ? `.${rest}` : ''}e${mark}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

export interface PythonJsonStyle {
  /** Keys sorted by code point at every level (Antenna); otherwise in order of insertion (Socorro 2016). */
  readonly sortsKeys: boolean;
}

/** `json.dumps` with default separators: `, ` and `: `, ASCII only, no line end. Lone surrogates stay as escapes. */
export function pythonJson(value: PythonValue, style: PythonJsonStyle = { sortsKeys: true }): string {
  // One look for what has to be escaped, not one at each of some hundred texts: nearly all are plain ASCII.
  return asciiJson(unescapedJson(value, style));
}

function unescapedJson(value: PythonValue, style: PythonJsonStyle): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (value instanceof PythonNumber) return value.text;
  if (isPythonList(value)) return `[${value.map((item) => unescapedJson(item, style)).join(', ')}]`;
  const keys = style.sortsKeys ? sortByCodePoint([...value.keys()]) : [...value.keys()];
  const members = keys.map((key) => `${JSON.stringify(key)}: ${unescapedJson(value.get(key) as PythonValue, style)}`);
  return `{${members.join(', ')}}`;
}

/** `str(value)`: what Antenna's throttle rules see of an annotation. */
export function pythonStr(value: PythonValue): string {
  return typeof value === 'string' ? value : pythonRepr(value);
}

/** `repr(value)`. */
export function pythonRepr(value: PythonValue): string {
  if (typeof value === 'string') return stringRepr(value);
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value instanceof PythonNumber) return value.text;
  if (isPythonList(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  return `{${[...value].map(([key, item]) => `${stringRepr(key)}: ${pythonRepr(item)}`).join(', ')}}`;
}

// What str.isprintable refuses, but for the blank.
const unprintable = /[\p{C}\p{Z}\\]/gu;

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(unprintable, escapeForRepr);
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

const shortEscapes: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\\': '\\\\',
  ' ': ' ',
};

function escapeForRepr(letter: string): string {
  const short = shortEscapes[letter];
  if (short !== undefined) return short;
  const hex = (letter.codePointAt(0) as number).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

export function isPythonList(value: PythonValue): value is readonly PythonValue[] {
  return Array.isArray(value);
}

export function isPythonObject(value: PythonValue | undefined): value is PythonObject {
  return value instanceof Map;
}
