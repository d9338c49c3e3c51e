// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const queueErrors = declareErrors({
  queue_outage: {
    status: 503,
    meaning: 'The queue cannot be reached or cannot work at the moment.',
    remedy: 'Nothing is lost: the crash id is published again later. See the cause in the log.',
  },
  queue_refused: {
    status: 500,
    meaning: 'The queue refuses for good: bad credentials, no permission, a queue declared with other properties.',
    remedy: 'Change the configuration or the rights in the broker; the message names what was refused.',
  },
  queue_bad_message: {
    status: 400,
    meaning: 'What should be published is no crash id, or names no possible rule set.',
    remedy: 'Give a crash id of 36 characters (without the bp- prefix), and a rule set of letters, digits, _ . -.',
  },
  queue_lease_lost: {
    meaning: 'The lease on a crash ran out while it was worked on; another processor may have it now.',
    remedy: 'Nothing is lost: saving twice has the same result. Frequent ones mean an overloaded or paused processor.',
  },
  queue_unsupported: {
    status: 500,
    meaning: 'This queue cannot do what was asked, such as consuming from a publish-only queue.',
    remedy: 'Use another queue for this purpose; `salvage config` shows which one is configured.',
  },
});
