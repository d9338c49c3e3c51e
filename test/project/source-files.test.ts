// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => /(\.(ts|mts|js|mjs|cjs|sql|css|c|cc|rs)|^salvage|^\.ci\/run)$/.test(file) && existsSync(file));

test('every source file begins with the MPL-2.0 header', () => {
  const header = /This Source Code Form is subject to the terms of the Mozilla Public\s+[^A-Za-z]*License, v\. 2\.0\./;
  const without = files.filter((file) => !header.test(readFileSync(file, 'utf8').slice(0, 400)));
  assert.deepEqual(without, []);
});

test('the environment is read only in config and bin', () => {
  const readers = files.filter(
    (file) => /^src\/(?!config\/|bin\/)/.test(file) && /\bprocess\.env\b/.test(readFileSync(file, 'utf8')),
  );
  assert.deepEqual(readers, []);
});

test('files of children and workers are named only in bin', () => {
  const namers = files.filter(
    (file) => /^src\/(?!bin\/)/.test(file) && /new URL\(['"]\.\.?\//.test(readFileSync(file, 'utf8')),
  );
  assert.deepEqual(namers, []);
});
