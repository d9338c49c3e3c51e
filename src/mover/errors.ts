// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const moverErrors = declareErrors({
  back_end_silent: {
    meaning: 'The storage or the queue did not answer its check in time; it counts as away.',
    remedy: 'Nothing is lost: crashes wait in the spool. Look for a firewall or a proxy that swallows connections.',
  },
  copy_differs: {
    meaning: 'What the destination gave back after a copy is not what the source holds.',
    remedy:
      'The source was not touched. Look at the destination: a store that redacts or converts cannot prove a copy (--no-verify copies without proof, and never deletes).',
  },
  copy_cannot_start: {
    meaning: 'What was asked of a copy cannot be done with these two stores.',
    remedy: 'The message says which ability is missing; `salvage config --tree` shows what each store can do.',
  },
});
