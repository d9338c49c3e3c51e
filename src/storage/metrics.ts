// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics } from '../lib/metrics.ts';

export const storageMetrics = declareMetrics({
  calls: {
    name: 'salvage.storage.calls',
    kind: 'counter',
    tags: ['storage', 'method', 'outcome'],
    doc: 'Calls of a store inside a counting wrapper, by method and outcome (`ok` or the slug of the error).',
  },
  callTime: {
    name: 'salvage.storage.call_time',
    kind: 'timing',
    unit: 'ms',
    tags: ['storage', 'method', 'outcome'],
    doc: 'Duration of those calls, failed ones included.',
  },
});
