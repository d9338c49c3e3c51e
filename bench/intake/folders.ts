// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Where the files of a run go; a real disk, not a memory file system.
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const used: string[] = [];

export function makeFolder(): string {
  const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'salvage-bench-'));
  used.push(folder);
  return folder;
}

/**
 * Gives a run's disk space back. By default its files are deleted, as those of a spool or of a server that hands its
 * bodies on are all the time. With `--keep-files` they stay until the end, empty: an ext4 without a journal looks at each
 * file deleted within the last minutes whenever it makes a new one, so that whoever makes many pays for the runs before.
 */
export function clearFolder(folder: string): void {
  if (!process.argv.includes('--keep-files')) {
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  for (const item of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (item.isFile()) truncateSync(join(item.parentPath, item.name));
}

process.once('exit', () => {
  for (const folder of used) rmSync(folder, { recursive: true, force: true });
});
