// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const moverLimits = declareLimits({
  failedCrashesMax: {
    value: 3,
    unit: 'items',
    reason:
      'So many different crashes in a row that fail, none succeeding, and the back end itself is asked: one broken crash must not look like an outage.',
  },
  rememberedFailuresMax: {
    value: 10_000,
    unit: 'items',
    reason: 'Crashes whose number of failures is remembered for their back-off; as many as the spool takes back.',
  },
  reconciledIdsMax: {
    value: 200_000,
    unit: 'items',
    reason:
      'Announced ids of one day held at a time to compare them with the store, about 25 MB; more are compared in parts by the first digits of the id.',
  },
  deadLettersReconciledMax: {
    value: 100_000,
    unit: 'items',
    reason: 'Dead letters held at a time to tell them from crashes that were never announced, about 50 MB.',
  },
  burstMsMax: {
    value: 5000,
    unit: 'ms',
    reason:
      'How long a crash that was answered after its head waits for a burst to pass; older ones move beside it, so that a burst without end fills no disk.',
  },
  settleMsMax: {
    value: 2000,
    unit: 'ms',
    reason:
      'What a back end still holds when the time to drain is over gets this much longer; it is done again at the next start.',
  },
  checkTimeoutMs: {
    value: 30_000,
    unit: 'ms',
    reason: 'A back end that does not answer its check within this counts as down.',
  },
});
