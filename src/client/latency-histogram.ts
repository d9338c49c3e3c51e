// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

const growth = Math.log(1.01);

/** Durations in buckets of 1 % width: a load test of days takes no more memory than one of seconds. */
export class LatencyHistogram {
  readonly #buckets = new Map<number, number>();
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  add(ms: number): void {
    const bucket = Math.floor(Math.log(Math.max(ms, 0.01)) / growth);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    this.#count += 1;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  /** The duration below which that share (0-1) of all lies, to 1 %; 0 when there is none. */
  at(share: number): number {
    let below = 0;
    for (const bucket of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      below += this.#buckets.get(bucket) as number;
      if (below >= share * this.#count) return Math.min(Math.exp((bucket + 1) * growth), this.#maxMs);
    }
    return 0;
  }
}
