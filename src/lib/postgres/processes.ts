// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** True if a process with that id exists (it may belong to another user). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The command line, words separated by blanks; empty when there is no such process or it cannot be asked. */
export async function commandLineOf(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
  }
  return ps(pid, 'command');
}

/**
 * A text that differs between two processes which had the same id one after the other: its start time. Process ids
 * are small numbers in containers and come back at once. Empty for a process that is dead but not yet reaped.
 */
export async function startMarkOf(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // Fields 3 (state) and 22 (start), counted after the command name, which may itself hold blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  }
  return ps(pid, 'lstart');
}

async function ps(pid: number, column: string): Promise<string> {
  if (process.platform === 'win32') return '';
  try {
    return (await run('ps', ['-o', `${column}=`, '-p', String(pid)])).stdout.trim();
  } catch {
    return '';
  }
}
