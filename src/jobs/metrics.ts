// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics } from '../lib/metrics.ts';

export const jobMetrics = declareMetrics({
  run: {
    name: 'socorro.cron.job_run',
    kind: 'timing',
    unit: 'ms',
    tags: ['job', 'result'],
    doc: 'Time of one run of a scheduled job, by name and result (success, failure).',
  },
  retentionDeleted: {
    name: 'salvage.storage.retention_deleted',
    kind: 'counter',
    unit: 'items',
    tags: ['reason'],
    doc: 'Crashes that retention deleted from the store, because of their age or the size of the store (`rule`) or of a full disk (`disk`).',
  },
  missingProcessed: {
    name: 'socorro.cron.verifyprocessed.missing_processed',
    kind: 'gauge',
    unit: 'items',
    doc: 'Raw crashes of the last audit that had no processed crash.',
  },
});
