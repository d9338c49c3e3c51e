// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';

/**
 * Counts attempts for queues that cannot (classic RabbitMQ queues): written by crash id before the crash is fetched, so
 * that a crash which ends its processor is counted all the same.
 */
export interface AttemptLog {
  /** Counts one more attempt, durably; returns how many there were, this one included. */
  begin(crashId: CrashId): Promise<number>;
  /** The crash came to an end, good or bad. */
  end(crashId: CrashId): Promise<void>;
}
