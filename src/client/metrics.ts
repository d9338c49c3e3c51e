// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics } from '../lib/metrics.ts';

export const siphonMetrics = declareMetrics({
  siphoned: {
    name: 'salvage.siphon.published',
    kind: 'counter',
    doc: 'Crash ids passed on to the stage’s queue.',
  },
  missed: {
    name: 'salvage.siphon.missed',
    kind: 'counter',
    doc: 'Crash ids that the stage’s queue did not take; production has them.',
  },
});
