// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** How the end of an HTTP body is told, from the lines of its head. */
export type BodyFraming = { readonly kind: 'length'; readonly sizeBytes: number } | { readonly kind: 'chunked' };

const sizeLineCharactersMax = 1024;

/** Watches the bytes of a body go by and says where it ends; keeps none of them. */
export class BodyEnd {
  #left: number;
  readonly #isChunked: boolean;
  #phase: 'size' | 'data' | 'trailer' = 'size';
  #line = '';

  constructor(framing: BodyFraming) {
    this.#isChunked = framing.kind === 'chunked';
    this.#left = framing.kind === 'length' ? framing.sizeBytes : 0;
  }

  /** True when nothing at all follows the head. */
  get isEmpty(): boolean {
    return !this.#isChunked && this.#left === 0;
  }

  /** How many of these bytes belong to the body, when it ends within them; null when it goes on. Throws on bad chunks. */
  push(bytes: Uint8Array): number | null {
    if (this.#isChunked) return this.#pushChunked(bytes);
    if (bytes.length >= this.#left) return this.#left;
    this.#left -= bytes.length;
    return null;
  }

  #pushChunked(bytes: Uint8Array): number | null {
    let at = 0;
    while (at < bytes.length) {
      if (this.#phase === 'data') {
        const taken = Math.min(this.#left, bytes.length - at);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) this.#phase = 'size';
        continue;
      }
      const byte = bytes[at++] as number;
      if (byte !== 10) {
        this.#line += String.fromCharCode(byte);
        if (this.#line.length > sizeLineCharactersMax) throw new Error('a line of the chunked body is too long');
      } else if (this.#endLine()) return at;
    }
    return null;
  }

  /** One line between chunks is over; true when the body is. */
  #endLine(): boolean {
    const line = this.#line.replace(/\r$/, '');
    this.#line = '';
    if (this.#phase === 'trailer') return line === '';
    const size = /^([0-9a-fA-F]{1,12})(?:[ \t]*;.*)?$/.exec(line);
    if (!size) throw new Error('a chunk without a size');
    this.#left = Number.parseInt(size[1] as string, 16);
    if (this.#left === 0) this.#phase = 'trailer';
    else {
      this.#phase = 'data';
      // The line end behind the data.
      this.#left += 2;
    }
    return false;
  }
}
