// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import { IndexBatcher } from '../search/index-batcher.ts';
import { makeReportRow } from '../search/report-row.ts';
import type { SearchIndex } from '../search/search-index.ts';
import type { Destination } from './destinations.ts';

/** The search index as a destination: concurrent crashes share a transaction, and each waits for its commit. */
export function makeIndexDestination(index: SearchIndex, clock: Clock): Destination {
  const batcher = new IndexBatcher({ index, clock });
  return {
    name: 'search',
    saveProcessedCrash: (crashId, processed, rawCrash) => batcher.add(makeReportRow(crashId, processed, rawCrash)),
  };
}
