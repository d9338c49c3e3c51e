// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { nginxVerdict } from '../services/nginx.ts';

test('nginx takes the sample server block', async () => {
  const sample = await readFile('deploy/nginx.conf', 'utf8');
  const { status, stderr } = await nginxVerdict(sample);
  assert.equal(status, 0, stderr);
  const broken = await nginxVerdict(sample.replace('client_body_timeout', 'client_body_time'));
  assert.match(broken.stderr, /unknown directive/);
});
