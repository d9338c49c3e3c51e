// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** Where the answer is not Antenna's, on purpose; the reasons are in docs/differences.md. */
export interface Deviation {
  readonly status: number;
  /** Default: a fresh id. JSON bodies as JSON.stringify writes them. */
  readonly body?: string;
  /** Values of the stored raw crash. */
  readonly rawCrash?: Readonly<Record<string, unknown>>;
  readonly notes?: readonly string[];
  readonly dumps?: readonly string[];
}

export const deviations: Readonly<Record<string, Deviation>> = {};
