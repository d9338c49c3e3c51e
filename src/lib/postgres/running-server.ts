// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './processes.ts';

/**
 * URL of the embedded server that another process runs in this folder, for commands beside a running `serve`; null when
 * none runs, or when it listens on TCP with a password that only its owner knows. The socket's folder stands in the
 * fifth line of postmaster.pid (PostgreSQL's miscadmin.h).
 */
export async function runningServerUrl(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid = '', , , port = '', socket = ''] = text.split('\n').map((line) => line.trim());
  if (!isAlive(Number(pid)) || socket === '') return null;
  return `postgresql://salvage@localhost:${port}/salvage?host=${encodeURIComponent(socket)}`;
}
