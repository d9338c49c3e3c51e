// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';

export const jobOptions = declareOptions('jobs', 'Scheduled work; run by one process of a site at a time.', {
  searchWeeks: option.integer(26, 1, 1040, 'Weeks that reports stay in the search index; whole weeks are dropped.'),
  missingSymbolsDays: option.integer(7, 1, 365, 'Days that the list of missing symbols reaches back.'),
  auditQueues: option.boolean(true, 'Queue raw crashes that the audit finds without a processed crash.'),
});
