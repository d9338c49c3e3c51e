// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const searchErrors = declareErrors({
  search_bad_argument: {
    status: 400,
    meaning: 'A search parameter cannot be used as it stands.',
    remedy:
      'The message names the parameter and what would be right; `/documentation/supersearch/` explains all of them.',
  },
  search_timeout: {
    status: 400,
    meaning: 'The search took longer than its time budget and was cancelled.',
    remedy: 'Choose a shorter period, fewer facets, or add a filter on product or signature.',
  },
  search_busy: {
    status: 503,
    meaning: 'Other searches took all the time that this one had.',
    remedy: 'Try again in some seconds; see the status page if it stays so.',
  },
  search_unavailable: {
    status: 503,
    meaning: 'The search database cannot be reached at the moment.',
    remedy: 'Intake goes on and nothing is lost; try again in a minute.',
  },
});
