// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** A header value such as `form-data; name="a"` taken apart. Parameter names are lower case; the last of one name wins. */
export interface HeaderParams {
  /** What stands before the first semicolon. */
  readonly value: string;
  readonly params: ReadonlyMap<string, string>;
}

/** Splits at semicolons that are not inside double quotes; a quote that never closes swallows the rest. */
export function splitHeaderValue(text: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (letter === '"' && text[i - 1] !== '\\') isQuoted = !isQuoted;
    else if (letter === ';' && !isQuoted) {
      pieces.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  pieces.push(text.slice(start).trim());
  return pieces;
}

/** Takes quotes off a parameter value and undoes `\\` and `\"`; any other backslash stays (Windows paths come unescaped). */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text.slice(1, -1).replace(/\\([\\"])/g, '$1');
}

export function parseHeaderParams(text: string): HeaderParams {
  const [value = '', ...pieces] = splitHeaderValue(text);
  const params = new Map<string, string>();
  for (const piece of pieces) {
    const equals = piece.indexOf('=');
    if (equals < 0) continue;
    params.set(piece.slice(0, equals).trim().toLowerCase(), unquote(piece.slice(equals + 1).trim()));
  }
  return { value, params };
}
