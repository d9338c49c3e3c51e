// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject } from '../lib/json.ts';
import type { CrashId } from './crash-id.ts';
import type { Dump } from './dump.ts';

/**
 * Annotations (keys verbatim: `ProductName`, `Version`, …) plus what the collector adds: `uuid`,
 * `submitted_timestamp`, `version`, `metadata` (collector.md §3). Never edited after the collector.
 */
export type RawCrash = JsonObject;

/** A whole report as the mover hands it to storage. */
export interface CrashReport {
  readonly crashId: CrashId;
  readonly rawCrash: RawCrash;
  /** The exact bytes to store for the raw crash: Python-style JSON as collector.md §3. */
  readonly rawCrashJson: Uint8Array;
  readonly dumps: readonly Dump[];
}

/** Name under which the main minidump comes from clients. */
export const mainDumpName = 'upload_file_minidump';
