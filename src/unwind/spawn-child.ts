// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/**
 * As `spawn`, but a process that cannot be started is always told by its event `error`, and never thrown: Node throws
 * when there is no memory to fork with, and in `serve` that would end the intake. Without file descriptors left the
 * child has no streams either, whatever its type says.
 */
export function spawnChild(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(command, args, options);
  } catch (error) {
    const child = new ChildProcess();
    process.nextTick(() => child.emit('error', error));
    return child;
  }
}
