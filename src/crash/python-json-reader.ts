// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { TextDecoder } from 'node:util';
import { reportLimits } from './limits.ts';
import { floatText, PythonNumber, type PythonObject, type PythonValue } from './python-json.ts';

/** Bytes that are not JSON. The message never quotes the text: it may be personal data. */
export class PythonJsonError extends Error {
  override readonly name = 'PythonJsonError';
}

/** What `json.loads` takes and JSON cannot carry. */
export interface PythonJsonRemarks {
  /** NaN and Infinity were read as null. */
  hasNonFinite: boolean;
}

/**
 * Nesting of lists and objects. Antenna's own ends near 1,000 (Python's recursion limit, answered 500); no client is
 * known to nest deeper than a dozen.
 */
export const jsonDepthMax = 900;

/**
 * `json.loads` of bytes: encoding found as RFC 4627 §3 and by byte order marks, duplicate keys: the last wins, numbers
 * keep kind and digits, lone surrogate escapes pass. NaN and Infinity become null, since stored JSON must be JSON.
 * Null letters are taken out of keys and texts. Throws PythonJsonError.
 */
export function readPythonJson(bytes: Buffer, remarks: PythonJsonRemarks = { hasNonFinite: false }): PythonValue {
  return new Reader(decodeJsonBytes(bytes), remarks).readWhole();
}

const decoders = {
  utf8: new TextDecoder('utf-8', { fatal: true }),
  utf16le: new TextDecoder('utf-16le', { fatal: true }),
  utf16be: new TextDecoder('utf-16be', { fatal: true }),
};

function decodeJsonBytes(bytes: Buffer): string {
  try {
    const encoding = encodingOf(bytes);
    return encoding === 'utf32le' || encoding === 'utf32be'
      ? decodeUtf32(bytes, encoding === 'utf32le')
      : decoders[encoding].decode(bytes);
  } catch (error) {
    throw new PythonJsonError('not text in a Unicode encoding', { cause: error });
  }
}

type JsonEncoding = keyof typeof decoders | 'utf32le' | 'utf32be';

function encodingOf(bytes: Buffer): JsonEncoding {
  const start = bytes.subarray(0, 4).toString('hex');
  if (start === '0000feff') return 'utf32be';
  if (start === 'fffe0000') return 'utf32le';
  if (start.startsWith('feff')) return 'utf16be';
  if (start.startsWith('fffe')) return 'utf16le';
  if (bytes.length >= 4) {
    if (bytes[0] === 0) return bytes[1] === 0 ? 'utf32be' : 'utf16be';
    if (bytes[1] === 0) return bytes[2] === 0 && bytes[3] === 0 ? 'utf32le' : 'utf16le';
  } else if (bytes.length === 2) {
    if (bytes[0] === 0) return 'utf16be';
    if (bytes[1] === 0) return 'utf16le';
  }
  return 'utf8';
}

function decodeUtf32(bytes: Buffer, isLittle: boolean): string {
  if (bytes.length % 4 !== 0) throw new RangeError('cut off');
  const pieces: string[] = [];
  for (let i = 0; i < bytes.length; i += 4) {
    const codePoint = isLittle ? bytes.readUInt32LE(i) : bytes.readUInt32BE(i);
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) throw new RangeError('surrogate');
    if (codePoint !== 0xfeff || i > 0) pieces.push(String.fromCodePoint(codePoint));
  }
  return pieces.join('');
}

const blanks = /[ \t\n\r]*/y;
const numberText = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const plainText = /[^"\\\x00-\x1f]*/y;
const escapeLetters: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Reader {
  readonly #text: string;
  readonly #remarks: PythonJsonRemarks;
  #at = 0;
  #valuesLeft = reportLimits.jsonValuesMax.value;

  constructor(text: string, remarks: PythonJsonRemarks) {
    this.#text = text;
    this.#remarks = remarks;
  }

  readWhole(): PythonValue {
    this.#match(blanks);
    const value = this.#readValue(0);
    this.#match(blanks);
    if (this.#at < this.#text.length) this.#fail('text after the value');
    return value;
  }

  #readValue(depth: number): PythonValue {
    if (depth > jsonDepthMax) this.#fail('nested too deep');
    if (this.#valuesLeft-- === 0) this.#fail('too many values');
    switch (this.#text[this.#at]) {
      case '{':
        return this.#readObject(depth);
      case '[':
        return this.#readList(depth);
      case '"':
        return this.#readString();
      default: {
        const word = this.#readWord();
        return word === undefined ? this.#readNumber() : word;
      }
    }
  }

  #readObject(depth: number): PythonObject {
    const object = new Map<string, PythonValue>();
    this.#at++;
    this.#match(blanks);
    if (this.#take('}')) return object;
    do {
      this.#match(blanks);
      if (this.#text[this.#at] !== '"') this.#fail('no key');
      const key = this.#readString();
      this.#match(blanks);
      if (!this.#take(':')) this.#fail('no colon');
      this.#match(blanks);
      object.set(key, this.#readValue(depth + 1));
      this.#match(blanks);
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail('object without an end');
    return object;
  }

  #readList(depth: number): PythonValue[] {
    const list: PythonValue[] = [];
    this.#at++;
    this.#match(blanks);
    if (this.#take(']')) return list;
    do {
      this.#match(blanks);
      list.push(this.#readValue(depth + 1));
      this.#match(blanks);
    } while (this.#take(','));
    if (!this.#take(']')) this.#fail('list without an end');
    return list;
  }

  #readString(): string {
    this.#at++;
    let text = this.#match(plainText);
    while (!this.#take('"')) {
      if (!this.#take('\\')) this.#fail('control character or no end in a text');
      text += this.#readEscape();
      text += this.#match(plainText);
    }
    return text.includes('\0') ? text.replaceAll('\0', '') : text;
  }

  #readEscape(): string {
    const letter = this.#text[this.#at++] ?? '';
    if (letter !== 'u') return escapeLetters[letter] ?? this.#fail('unknown escape');
    const hex = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail('bad escape');
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #readWord(): boolean | null | undefined {
    if (this.#takeWord('true')) return true;
    if (this.#takeWord('false')) return false;
    if (this.#takeWord('null')) return null;
    if (!this.#takeWord('NaN') && !this.#takeWord('Infinity') && !this.#takeWord('-Infinity')) return undefined;
    this.#remarks.hasNonFinite = true;
    return null;
  }

  #readNumber(): PythonNumber {
    numberText.lastIndex = this.#at;
    const match = numberText.exec(this.#text);
    if (!match) return this.#fail('no value');
    this.#at += match[0].length;
    if (match[1] === undefined && match[2] === undefined)
      return new PythonNumber(match[0] === '-0' ? '0' : match[0], true);
    const value = Number(match[0]);
    // Beyond the largest double Python would write `Infinity`, which is not JSON: the sender's own digits are.
    return new PythonNumber(Number.isFinite(value) ? floatText(value) : match[0], false);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += text.length;
    return text;
  }

  #take(letter: string): boolean {
    if (this.#text[this.#at] !== letter) return false;
    this.#at++;
    return true;
  }

  #takeWord(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #fail(what: string): never {
    throw new PythonJsonError(`${what} at letter ${this.#at}`);
  }
}
