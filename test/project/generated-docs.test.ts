// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

test('the reference pages are what `npm run docs` writes', () => {
  execFileSync(process.execPath, ['scripts/generate-docs.ts', '--check'], { stdio: ['ignore', 'pipe', 'pipe'] });
});
