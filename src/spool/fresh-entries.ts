// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { ByteBudget } from '../lib/byte-budget.ts';
import type { PagedBytes } from '../lib/paged-bytes.ts';
import { spoolLimits } from './limits.ts';
import type { RecordHeader } from './record.ts';
import type { SpoolHead } from './spool.ts';

/** A durable entry as it still is in memory. */
export interface FreshEntry {
  readonly header: RecordHeader;
  readonly head: SpoolHead;
  /** Null when the body has a file of its own. */
  readonly body: PagedBytes | null;
  readonly bodyFileName: string | null;
}

/**
 * Entries of one segment that became durable a moment ago: the mover takes them from here instead of reading back what
 * the process just wrote. What does not fit into the budget, which all segments share, is read from the log.
 */
export class FreshEntries {
  readonly #budget: ByteBudget;
  readonly #entries = new Map<number, FreshEntry>();

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Holds the entry's body, if there is room. */
  add(entry: FreshEntry): void {
    const sizeBytes = sizeOf(entry);
    if (this.#budget.usedBytes + sizeBytes > this.#budget.sizeBytesMax) return;
    this.#budget.take(sizeBytes);
    entry.body?.retain();
    this.#entries.set(entry.header.offset, entry);
  }

  /** The entry at that place of the log, whose body the caller holds from now on. */
  take(offset: number): FreshEntry | null {
    const entry = this.#entries.get(offset);
    if (!entry) return null;
    this.#entries.delete(offset);
    this.#budget.give(sizeOf(entry));
    return entry;
  }

  clear(): void {
    for (const offset of [...this.#entries.keys()]) this.take(offset)?.body?.release();
  }
}

/** Made once for a spool directory. */
export function makeFreshBudget(): ByteBudget {
  return new ByteBudget(spoolLimits.freshBytesMax.value);
}

function sizeOf({ head, body }: FreshEntry): number {
  return head.rawCrashJson.length + (body?.heldBytes ?? 0);
}
