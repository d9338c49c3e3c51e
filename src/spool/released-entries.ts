// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { spoolLimits } from './limits.ts';
import type { EntryPlace } from './spool-directory.ts';

/** Entries that wait for another try, by position only. Few as a rule, so a list that is walked. */
export class ReleasedEntries {
  #waiting: { readonly place: EntryPlace; dueMs: number }[] = [];

  get isFull(): boolean {
    return this.#waiting.length >= spoolLimits.releasedEntriesMax.value;
  }

  get oldestReceivedMs(): number {
    return this.#waiting.reduce((oldest, { place }) => Math.min(oldest, place.receivedMs), Number.POSITIVE_INFINITY);
  }

  add(place: EntryPlace, dueMs: number): void {
    this.#waiting.push({ place, dueMs });
  }

  hasDue(nowMs: number): boolean {
    return this.#waiting.some(({ dueMs }) => dueMs <= nowMs);
  }

  /** The oldest of those that are due. */
  takeDue(nowMs: number): EntryPlace | null {
    let found: { readonly place: EntryPlace; dueMs: number } | null = null;
    for (const each of this.#waiting) {
      if (each.dueMs <= nowMs && (!found || each.place.receivedMs < found.place.receivedMs)) found = each;
    }
    if (!found) return null;
    this.#waiting = this.#waiting.filter((each) => each !== found);
    return found.place;
  }

  makeAllDue(): void {
    for (const each of this.#waiting) each.dueMs = 0;
  }
}
