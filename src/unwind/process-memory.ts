// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** What Node itself has mapped writable before any work: 573 MB with Node 24 on amd64 (VmData), most of it untouched. */
const nodeDataBytes = 640 * 1024 ** 2;

const prlimitPath = ['/usr/bin/prlimit', '/bin/prlimit'].find((path) => existsSync(path));

/**
 * The command line that starts `command` with no more than that much memory. On Linux the kernel refuses more (prlimit;
 * RLIMIT_DATA, because RLIMIT_AS would count the address space that V8 merely reserves); elsewhere the pool's watch over
 * the resident size has to do.
 */
export function withMemoryLimit(command: readonly string[], memoryBytesMax: number): readonly string[] {
  if (process.platform !== 'linux' || prlimitPath === undefined) return command;
  return [prlimitPath, `--data=${memoryBytesMax + nodeDataBytes}`, '--core=0', ...command];
}

const pageBytes = 4096;

/** Resident bytes of a process; undefined where it cannot be told. */
export async function residentBytesOf(pid: number): Promise<number | undefined> {
  try {
    const fields = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
    return Number(fields[1]) * pageBytes;
  } catch {
    return undefined;
  }
}
