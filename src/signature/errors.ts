// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const signatureErrors = declareErrors({
  siglist_invalid: {
    status: 422,
    meaning: 'A signature list has entries that cannot be used; the message names file and line of each.',
    remedy: 'Mend the lines and load again; until then the lists that were loaded before stay in force.',
  },
  siglist_missing: {
    status: 422,
    meaning: 'A directory of signature lists lacks one of the four files every set needs.',
    remedy: 'Add the file; docs/signatures.md names the four and says how they are read.',
  },
  signature_input_unknown: {
    status: 400,
    meaning: 'The input is neither crash data, nor a processed crash, nor a stackwalk document.',
    remedy: 'Give a JSON object in one of the three shapes that docs/signatures.md describes.',
  },
});
