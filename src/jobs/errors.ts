// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const jobErrors = declareErrors({
  unknown_job: {
    meaning: 'There is no scheduled job of this name.',
    remedy: '`salvage jobs ls` lists them.',
  },
});
