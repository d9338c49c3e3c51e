// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';

/**
 * Counts attempts by crash id, for queues that cannot: a classic RabbitMQ queue gives a message back without saying how
 * often it was taken, so a dump that kills its processor would go round for ever.
 */
export interface AttemptCounter {
  /** Counts one more attempt, durably, and returns its number: 1 for the first. */
  count(crashId: CrashId): Promise<number>;
  /** The work is done or given up. */
  forget(crashId: CrashId): Promise<void>;
}
