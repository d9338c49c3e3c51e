// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { isCrashId } from '../crash/crash-id.ts';
import { SalvageError } from '../lib/errors.ts';
import type { QueueMessage } from './crash-queue.ts';
import { queueErrors } from './errors.ts';
import { queueLimits } from './limits.ts';

const rulesetShape = new RegExp(`^[A-Za-z0-9_.-]{1,${queueLimits.rulesetCharactersMax.value}}$`);

/** The text on the wire: `crashId`, or `crashId:ruleset`; what processors of both eras read. Refuses malformed ids. */
export function formatMessageBody(message: QueueMessage): string {
  if (!isCrashId(message.crashId)) {
    throw new SalvageError(queueErrors.queue_bad_message, `not a crash id: ${JSON.stringify(message.crashId)}`);
  }
  if (message.ruleset === undefined) return message.crashId;
  if (!rulesetShape.test(message.ruleset)) {
    throw new SalvageError(queueErrors.queue_bad_message, `not a rule set name: ${JSON.stringify(message.ruleset)}`);
  }
  return `${message.crashId}:${message.ruleset}`;
}

/**
 * Reads a body. Null for anything else, the literal `test` of start-up checks included. Upper-case ids and a `bp-`
 * prefix are not accepted: nobody ever published them.
 */
export function parseMessageBody(body: string): QueueMessage | null {
  const [crashId = '', ruleset, ...rest] = body.trim().split(':');
  if (rest.length || !isCrashId(crashId)) return null;
  if (ruleset === undefined) return { crashId };
  return rulesetShape.test(ruleset) ? { crashId, ruleset } : null;
}
