// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { existsSync } from 'node:fs';

/** Where Debian's package puts it. */
export const chromiumPath = '/usr/bin/chromium';

/** Null, or what this machine lacks. */
export function chromiumMissing(): string | null {
  return existsSync(chromiumPath) ? null : 'chromium';
}
