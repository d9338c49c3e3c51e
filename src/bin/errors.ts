// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const binErrors = declareErrors({
  unknown_storage: {
    meaning: 'The configuration names a storage that does not exist.',
    remedy:
      'Use null, memory, fs, s3 or postgres; `docs/storage.md` lists the names of Antenna and Socorro that are understood.',
  },
  unknown_queue: {
    meaning: 'The configuration names a queue that does not exist.',
    remedy: 'Use null, memory, file, postgres or rabbitmq; `docs/storage.md` lists the names that are understood.',
  },
  site_in_use: {
    meaning: 'The site has reports of its own; invented ones among them would spoil its numbers.',
    remedy: 'Use a data folder of its own (SALVAGE_DATA_DIR), or --force.',
  },
  address_in_use: {
    meaning: 'Another program listens on this address and port.',
    remedy: 'Stop it, or choose another port with PORT=….',
  },
});
