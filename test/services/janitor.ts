// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { spawn } from 'node:child_process';

const script = `read line
for i in $(seq 100); do [ -e "$2" ] || break; sleep 0.2; done
rm -rf "$1"`;

/**
 * Removes the folder of a server for tests once this process is gone and the server's pid file with it: a test run may
 * be forced to end, or killed, before its own clean-up comes to that.
 */
export function removeAfterwards(folder: string, pidFile: string): void {
  const child = spawn('/bin/sh', ['-c', script, 'test-janitor', folder, pidFile], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
}
