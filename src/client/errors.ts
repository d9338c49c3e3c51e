// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const clientErrors = declareErrors({
  bad_argument: {
    meaning: 'An argument of the command is not what it must be.',
    remedy: 'The message says what is wrong; `salvage COMMAND --help` shows what the command understands.',
  },
  submit_unreachable: {
    meaning: 'The collector could not be reached, or the connection broke before it answered.',
    remedy: 'Check the URL, and that the collector runs: `curl URL/__lbheartbeat__`.',
  },
  submit_refused: {
    meaning: 'The collector answered, but did not take the report.',
    remedy: 'The answer’s text names the reason; docs/errors.md and docs/delivery.md explain it.',
  },
});
