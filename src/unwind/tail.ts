// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** The last bytes of a stream that may be endless. */
export class Tail {
  readonly #bytesMax: number;
  #bytes: Buffer = Buffer.alloc(0);
  #isCut = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  push(chunk: Uint8Array): void {
    const joined = Buffer.concat([this.#bytes, chunk]);
    this.#isCut ||= joined.length > this.#bytesMax;
    this.#bytes = joined.subarray(Math.max(0, joined.length - this.#bytesMax));
  }

  text(): string {
    return `${this.#isCut ? '...' : ''}${this.#bytes.toString()}`;
  }
}
