// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const configErrors = declareErrors({
  config_invalid: {
    meaning: 'A configuration value cannot be used.',
    remedy:
      'Change the named value; the message says what would be right. `salvage config` shows where each value comes from.',
  },
  config_unreadable: {
    meaning: 'An env file or a configuration file cannot be read.',
    remedy: 'Check the path in SALVAGE_ENV, ANTENNA_ENV or SALVAGE_CONFIG and the form of the file.',
  },
});
