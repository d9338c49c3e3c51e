// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { errorText } from './errors.ts';
import type { JsonObject } from './json.ts';

/** What one role says of itself: every 10 s in PostgreSQL, or directly within one process (decisions.md 44). */
export interface StatusRow {
  /** `collector`, `processor`, `web`, … */
  readonly role: string;
  /** Host and process, e.g. `node1:4711`. */
  readonly instance: string;
  readonly updatedAt: Date;
  readonly details: JsonObject;
}

export interface StatusSource {
  rows(): Promise<readonly StatusRow[]>;
}

/** Status within one process: each part registers a function that tells its state now. */
export class LocalStatus implements StatusSource {
  readonly #parts = new Map<string, () => JsonObject | Promise<JsonObject>>();
  readonly #instance: string;
  readonly #now: () => Date;

  constructor(options: { readonly instance: string; readonly now: () => Date }) {
    this.#instance = options.instance;
    this.#now = options.now;
  }

  register(role: string, details: () => JsonObject | Promise<JsonObject>): void {
    this.#parts.set(role, details);
  }

  async rows(): Promise<readonly StatusRow[]> {
    return Promise.all(
      [...this.#parts].map(async ([role, details]) => ({
        role,
        instance: this.#instance,
        updatedAt: this.#now(),
        details: await detailsOf(details),
      })),
    );
  }
}

/**
 * The status of a whole site as one of its processes sees it: what it can say itself now, and what the others have
 * written down. When the others' words cannot be read, its own still stand.
 */
export class SiteWideStatus implements StatusSource {
  readonly #live: readonly StatusSource[];
  readonly #written: StatusSource;

  constructor(sources: { readonly live: readonly StatusSource[]; readonly written: StatusSource }) {
    this.#live = sources.live;
    this.#written = sources.written;
  }

  async rows(): Promise<readonly StatusRow[]> {
    const [written, ...live] = await Promise.all([
      this.#written.rows().catch(() => []),
      ...this.#live.map((source) => source.rows()),
    ]);
    const key = ({ role, instance }: StatusRow) => `${role} ${instance}`;
    const said = new Set(live.flat().map(key));
    return [...live.flat(), ...written.filter((row) => !said.has(key(row)))];
  }
}

/** A part that cannot answer, such as a queue that is away, says so instead of taking the whole page with it. */
async function detailsOf(details: () => JsonObject | Promise<JsonObject>): Promise<JsonObject> {
  try {
    return await details();
  } catch (error) {
    return { error: errorText(error) };
  }
}
