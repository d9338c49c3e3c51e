// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const storageErrors = declareErrors({
  crash_not_found: {
    status: 404,
    meaning: 'The store answered and does not have this crash.',
    remedy: 'Check the crash id, and whether retention has removed the crash.',
  },
  storage_outage: {
    status: 503,
    meaning: 'The store cannot be reached or cannot work at the moment.',
    remedy: 'Nothing is lost: the work is tried again. See the cause in the log.',
  },
  storage_refused: {
    status: 500,
    meaning: 'The store refuses for good: no such bucket, no permission, bad credentials, read-only directory.',
    remedy: 'Change the configuration or the rights in the store; the message names what was refused.',
  },
  storage_corrupt: {
    status: 500,
    meaning: 'What the store holds for this crash is damaged: bad JSON, a wrong checksum, a missing dump.',
    remedy: 'Run `salvage storage verify` on the store; restore the object from a copy or delete the crash.',
  },
  storage_bad_wiring: {
    status: 500,
    meaning: 'The configured stores contradict each other, or one of them would do nothing.',
    remedy: 'Correct the storage configuration; the message names the place in the tree.',
  },
  storage_unsupported: {
    status: 500,
    meaning: 'This store cannot do what was asked, such as a read from a write-only store.',
    remedy: 'Use another store for this purpose; `salvage config --tree` shows what each store can do.',
  },
});
