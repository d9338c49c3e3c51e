// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { ByteBudget } from '../lib/byte-budget.ts';

/** A request that holds memory. */
export type MemoryHolder = object;

/**
 * Memory of all requests under one limit. Below it everybody reads on. Above it one request at a time reads on (so that
 * somebody always gets done) and the others wait with their bytes in the kernel, first come first served.
 */
export class IntakeMemory {
  readonly #budget: ByteBudget;
  readonly #held = new Map<MemoryHolder, number>();
  readonly #waiting = new Map<MemoryHolder, () => void>();
  #favoured: MemoryHolder | null = null;

  constructor(sizeBytesMax: number) {
    this.#budget = new ByteBudget(sizeBytesMax);
  }

  get usedBytes(): number {
    return this.#budget.usedBytes;
  }

  get isExceeded(): boolean {
    return this.#budget.isExceeded;
  }

  /** Says how much the holder has now. */
  hold(holder: MemoryHolder, sizeBytes: number): void {
    const before = this.#held.get(holder) ?? 0;
    if (sizeBytes === before) return;
    this.#held.set(holder, sizeBytes);
    if (sizeBytes > before) this.#budget.take(sizeBytes - before);
    else {
      this.#budget.give(before - sizeBytes);
      this.#wake();
    }
  }

  /** A promise to wait for before reading more, or undefined when there is no need to. */
  room(holder: MemoryHolder): Promise<void> | undefined {
    if (!this.isExceeded || this.#favoured === holder) return undefined;
    if (this.#favoured === null) {
      this.#favoured = holder;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.set(holder, resolve));
  }

  /** The holder is done: it has nothing and waits for nothing. */
  release(holder: MemoryHolder): void {
    this.#waiting.get(holder)?.();
    this.#waiting.delete(holder);
    if (this.#favoured === holder) this.#favoured = null;
    this.#budget.give(this.#held.get(holder) ?? 0);
    this.#held.delete(holder);
    this.#wake();
  }

  #wake(): void {
    for (const [holder, resolve] of this.#waiting) {
      if (this.isExceeded) {
        if (this.#favoured !== null) return;
        this.#favoured = holder;
      }
      this.#waiting.delete(holder);
      resolve();
    }
  }
}
