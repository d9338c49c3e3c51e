// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { clientErrors } from '../client/errors.ts';
import { SalvageError } from '../lib/errors.ts';

/** The intake that somebody means: with a path as it is, without one its `/submit`. */
export function intakeUrl(text: string): URL {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`);
  if (!url) throw new SalvageError(clientErrors.bad_argument, `${JSON.stringify(text)} is no URL`);
  if (url.pathname === '/') url.pathname = '/submit';
  return url;
}
