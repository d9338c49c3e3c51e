// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface RunMarker {
  /** The processor before this one did not come to its end: something killed it. */
  readonly wasKilled: boolean;
  /** This one came to its end. */
  remove(): Promise<void>;
}

/**
 * Leaves a file with the process id while a processor runs. Found at the next start, it tells of a violent end, unless
 * the process it names is alive and simply shares the folder.
 */
export async function leaveRunMarker(folder: string): Promise<RunMarker> {
  const path = join(folder, 'processor.running');
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  if (pid > 0 && pid !== process.pid && isAlive(pid)) return { wasKilled: false, remove: async () => {} };
  await writeFile(path, String(process.pid));
  return { wasKilled: pid > 0, remove: () => rm(path, { force: true }) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
