// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const peopleErrors = declareErrors({
  claim_link_invalid: {
    status: 403,
    meaning: 'This sign-in link was used before, has expired, or was never made.',
    remedy: 'Run `salvage admin link` on the server for a fresh one; it works once and for 30 minutes.',
  },
  sign_in_failed: {
    status: 403,
    meaning: 'Name and password do not fit an active account.',
    remedy: 'Try again, or ask an admin; `salvage admin link` on the server always opens the door.',
  },
  person_invalid: {
    status: 400,
    meaning: 'The account cannot be made or changed in this way.',
    remedy: 'The message names what is wrong.',
  },
});
