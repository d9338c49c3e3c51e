// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/**
 * Gathers single calls into batches: one batch runs at a time, whatever arrives meanwhile forms the next. A lone call
 * waits for nobody; under load the cost of a round trip or a disk sync is shared.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #itemsMax: number;
  #waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  #isRunning = false;

  /** `run` gives one result an item, in order; when it rejects, every call of that batch rejects. */
  constructor(run: (items: readonly Item[]) => Promise<readonly Result[]>, itemsMax: number) {
    this.#run = run;
    this.#itemsMax = itemsMax;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#isRunning) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#isRunning = true;
    // Calls of the same turn of the event loop go into the first batch together.
    await Promise.resolve();
    while (this.#waiting.length) {
      const batch = this.#waiting.splice(0, this.#itemsMax);
      try {
        const results = await this.#run(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, index) => {
          resolve(results[index] as Result);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isRunning = false;
  }
}
