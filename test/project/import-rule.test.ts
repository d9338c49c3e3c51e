// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

/** dependency-cruiser with the wrong TypeScript checks nothing and says all is well: so plant a violation and look. */
function cruise(file: string, text: string): string {
  mkdirSync('src/collector', { recursive: true });
  // The header, because another test reads all sources at the same time.
  writeFileSync(file, `${readFileSync('src/lib/json.ts', 'utf8').split('\n').slice(0, 4).join('\n')}\n${text}`);
  try {
    const result = spawnSync('node_modules/.bin/depcruise', ['--config', '.dependency-cruiser.cjs', file], {
      encoding: 'utf8',
    });
    return `${result.status} ${result.stdout}`;
  } finally {
    rmSync(file);
  }
}

test('a collector that imports storage is refused, a type alone included', () => {
  const planted = "import type { CrashStorage } from '../storage/crash-storage.ts';\nexport type X = CrashStorage;\n";
  assert.match(cruise('src/collector/planted-violation.ts', planted), /^[1-9]\d* [\s\S]*one-way-collector/);
});

test('a stage that picks an adapter is refused', () => {
  const planted = "export type Z = import('../storage/null-storage.ts').NullStorage;\n";
  assert.match(cruise('src/mover/planted-violation.ts', planted), /^[1-9]\d* [\s\S]*only-bin-picks-adapters/);
});
