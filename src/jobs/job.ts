// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** One piece of scheduled work. Running it twice, or late, does no harm. */
export interface Job {
  readonly name: string;
  /** Shown by `salvage jobs ls` and on the status page. */
  readonly description: string;
  readonly everyMs: number;
  /** Returns one line that says what was done. */
  run(signal: AbortSignal): Promise<string>;
}

/** What is known of a job's runs. */
export interface JobRecord {
  readonly name: string;
  readonly lastRunAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly nextRunAt: Date | null;
  readonly durationMs: number | null;
  readonly lastResult: string | null;
  readonly consecutiveErrors: number;
  readonly lastError: string | null;
}
