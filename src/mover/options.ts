// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareOptions, option } from '../lib/options.ts';

export const moverOptions = declareOptions(
  'mover',
  'What carries crashes from the spool to the storage and the queue.',
  {
    concurrency: option.integer(8, 1, 64, 'Crashes that are saved at the same time.', {
      aliases: ['CONCURRENT_CRASHMOVERS'],
    }),
  },
);
