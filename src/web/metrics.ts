// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics } from '../lib/metrics.ts';

export const webMetrics = declareMetrics({
  request: {
    name: 'salvage.web.request.time',
    kind: 'timing',
    unit: 'ms',
    tags: ['route', 'status'],
    doc: 'Time of one request to pages or API, by route and status.',
  },
  apiCall: { name: 'salvage.web.api.call', kind: 'counter', tags: ['endpoint'], doc: 'Calls of an API endpoint.' },
  withheld: {
    name: 'salvage.web.withheld_value',
    kind: 'counter',
    tags: ['field'],
    doc: 'Values withheld from a reader because they were not of the type that the schema states.',
  },
});
