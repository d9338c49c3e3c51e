// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Runs before `npm start` and `npm test`, on whatever Node the machine has (20 and later): plain ESM on purpose.
// Installs dependencies when the tree in node_modules is older than the lock file.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.package-lock.json`;
const bundledNode = `${root}node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`;

const isFresh =
  existsSync(stamp) &&
  existsSync(bundledNode) &&
  statSync(stamp).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;

if (!isFresh) {
  console.error('Salvage: installing dependencies, about a minute the first time …');
  // Not `npm ci`: it refuses a lock file that lacks optional parts for other platforms, and mirrors of the registry do
  // not carry all of them. `install --no-save` follows the same lock file and never writes it.
  const result = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) {
    console.error('Salvage: the installation failed. It needs the npm registry once; npm says above what is missing.');
    process.exit(result.status ?? 1);
  }
}
