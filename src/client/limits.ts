// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const clientLimits = declareLimits({
  heldBodyBytesMax: {
    value: 32 * 1024 * 1024,
    unit: 'bytes',
    reason:
      'A replayed body up to this is held to tell its length, which collectors of the field demand; above their limit.',
  },
  answerBytesMax: {
    value: 1024 * 1024,
    unit: 'bytes',
    reason: 'No collector answers with more; a server that goes on is not listened to.',
  },
  siphonTimeoutMs: {
    value: 5000,
    unit: 'ms',
    reason: 'A queue of the stage that does not take an id within this must not hold up production.',
  },
});
