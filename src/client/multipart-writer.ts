// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** One part of a multipart body. */
export interface BodyPart {
  readonly name: string;
  readonly filename?: string;
  readonly contentType?: string;
  readonly content: string | Uint8Array;
}

/** How a client family spells its bodies; the oddities are real (spec clients.md §1). */
export interface BodyStyle {
  readonly boundary: string;
  /** Breakpad for Windows since 2022 omits the CRLF between the last file's bytes and the closing delimiter. */
  readonly omitsCrlfAfterFiles: boolean;
  /** Crashpad and Breakpad for Mac percent-encode `"`, CR, LF and `%` in names. */
  readonly percentEncodesNames: boolean;
}

/** The chunks of a multipart/form-data body, in order; nothing is joined. */
export function writeMultipart(parts: readonly BodyPart[], style: BodyStyle): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let needsCrlf = false;
  for (const part of parts) {
    chunks.push(Buffer.from(partHead(part, style, needsCrlf)));
    chunks.push(typeof part.content === 'string' ? Buffer.from(part.content) : part.content);
    needsCrlf = !(style.omitsCrlfAfterFiles && part.filename !== undefined);
  }
  chunks.push(Buffer.from(closingDelimiter(style, needsCrlf)));
  return chunks;
}

/** Delimiter and headers of a part, after the line end that the part before it needs. */
export function partHead(part: Omit<BodyPart, 'content'>, style: BodyStyle, needsCrlf: boolean): string {
  const quote = (text: string) => (style.percentEncodesNames ? encodeName(text) : text);
  const filename = part.filename === undefined ? '' : `; filename="${quote(part.filename)}"`;
  const type = part.contentType === undefined ? '' : `\r\nContent-Type: ${part.contentType}`;
  const head = `--${style.boundary}\r\nContent-Disposition: form-data; name="${quote(part.name)}"${filename}${type}\r\n\r\n`;
  return `${needsCrlf ? '\r\n' : ''}${head}`;
}

export function closingDelimiter({ boundary }: BodyStyle, needsCrlf: boolean): string {
  return `${needsCrlf ? '\r\n' : ''}--${boundary}--\r\n`;
}

function encodeName(text: string): string {
  return text.replace(/[%"\r\n]/g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
