// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Bytes held in memory by many holders under one limit. Taking never waits: who finds it exceeded must make room. */
export class ByteBudget {
  readonly sizeBytesMax: number;
  #used = 0;

  constructor(sizeBytesMax: number) {
    this.sizeBytesMax = sizeBytesMax;
  }

  get usedBytes(): number {
    return this.#used;
  }

  get isExceeded(): boolean {
    return this.#used > this.sizeBytesMax;
  }

  take(sizeBytes: number): void {
    this.#used += sizeBytes;
  }

  give(sizeBytes: number): void {
    this.#used -= sizeBytes;
  }
}
