// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const queueLimits = declareLimits({
  depthsEveryMs: { value: 30_000, unit: 'ms', reason: 'how often depths are told; half of a usual scrape interval' },
  attemptsMax: {
    value: 5,
    unit: 'items',
    reason: 'a dump that kills its processor must not go round for ever; transient faults are gone after five tries',
  },
  leaseMs: {
    value: 60_000,
    unit: 'ms',
    reason: 'a processor that dies gives its crash back after a minute; living ones extend the lease every 20 s',
  },
  pollMs: {
    value: 1_000,
    unit: 'ms',
    reason: 'how late a crash starts at worst when no notification comes (through a connection pooler)',
  },
  batchItemsMax: {
    value: 500,
    unit: 'items',
    reason: 'ids in one statement: 500 commit in the time of one and hold their locks for some milliseconds',
  },
  rulesetCharactersMax: {
    value: 64,
    unit: 'characters',
    reason: 'names of rule sets are short words; the message body is at most 101 characters',
  },
  reasonCharactersMax: {
    value: 2_000,
    unit: 'characters',
    reason: 'a reason is an error line for a person; what a hostile dump puts into it must not fill the table',
  },
  publishTimeoutMs: {
    value: 15_000,
    unit: 'ms',
    reason: 'a broker under its memory alarm keeps publishers waiting without a word; the mover must know to back off',
  },
  bufferedItemsMax: {
    value: 4,
    unit: 'items',
    reason: 'ids of each queue that a broker pushes ahead: four bridge the round trip, and other processors miss few',
  },
  brokerDeliveriesMax: {
    value: 1_000_000_000,
    unit: 'items',
    reason:
      'quorum queues of RabbitMQ 4 silently drop a message at its 21st return, and each look at the dead letters is one; we count attempts ourselves',
  },
  deadLettersShownMax: {
    value: 1_000,
    unit: 'items',
    reason: 'a page of dead letters; reading them from a broker holds all of them unacknowledged',
  },
});
