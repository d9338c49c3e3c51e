// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

export const jobLimits = declareLimits({
  lookEveryMs: {
    value: 30_000,
    unit: 'ms',
    reason: 'how often a process looks for due jobs; they are due by the hour',
  },
  retryAfterMs: {
    value: 600_000,
    unit: 'ms',
    reason: 'a failed job is tried again after ten minutes, whatever its rhythm',
  },
  auditDays: { value: 2, unit: 'items', reason: 'yesterday and today: older gaps are for `salvage reconcile`' },
  auditQueuedMax: {
    value: 10_000,
    unit: 'items',
    reason: 'one run queues no more, so that a mistake cannot flood the processors',
  },
  retentionKeptDays: {
    value: 7,
    unit: 'items',
    reason: 'crashes of the last week stay however full the disk is: they are what people work on',
  },
  auditGraceMs: { value: 3_600_000, unit: 'ms', reason: 'a crash younger than an hour may still wait its turn' },
});
