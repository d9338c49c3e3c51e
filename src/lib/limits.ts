// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** One named limit: its number, unit and reason. */
export interface Limit {
  readonly value: number;
  readonly unit: 'bytes' | 'items' | 'characters' | 'ms' | 'ratio';
  /** Why this number: a sighting, a format's rule, a measurement. */
  readonly reason: string;
}

/** Declares the limits of one folder (its `limits.ts`); docs/limits.md is generated from all of them. */
export function declareLimits<const T extends Record<string, Limit>>(limits: T): T {
  return limits;
}
