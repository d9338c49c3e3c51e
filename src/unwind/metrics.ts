// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics } from '../lib/metrics.ts';

export const unwindMetrics = declareMetrics({
  walk: {
    name: 'salvage.unwind.walk',
    kind: 'timing',
    unit: 'ms',
    tags: ['status'],
    doc: 'Time that a walker process had for one dump, symbols included; `status` is `ok` or `failed`.',
  },
  walkFailed: {
    name: 'salvage.unwind.walk_failed',
    kind: 'counter',
    unit: 'items',
    tags: ['slug'],
    doc: 'Dumps that gave no document, by reason.',
  },
});
