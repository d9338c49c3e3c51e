// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { clientErrors } from '../client/errors.ts';
import { readConfig } from '../config/config.ts';
import { SalvageError } from '../lib/errors.ts';
import { optionGroups } from './option-groups.ts';
import { processOptions } from './options.ts';

/** How the help of a command calls the value of `localSite`. */
export const localSiteText = 'default: this machine, the configured port';

/** The intake that somebody means: with a path as it is, without one its `/submit`; nothing means `localSite`. */
export function intakeUrl(text: string | undefined): URL {
  const url = siteUrl(text);
  if (url.pathname === '/') url.pathname = '/submit';
  return url;
}

/** The site that somebody means; `http://` may be left out, and nothing means `localSite`. */
export function siteUrl(text: string | undefined): URL {
  if (text === undefined) return localSite();
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`);
  if (!url) throw new SalvageError(clientErrors.bad_argument, `${JSON.stringify(text)} is no URL`);
  return url;
}

/** Where `salvage serve` with the same settings listens. */
function localSite(): URL {
  const { host, port } = readConfig({ groups: optionGroups, environment: process.env }).valuesOf(processOptions);
  const isAnyAddress = host === '' || host === '0.0.0.0' || host === '::';
  return new URL(`http://${isAnyAddress ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${port}`);
}
