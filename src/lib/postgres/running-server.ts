// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { isAlive } from './processes.ts';

/**
 * URL of the embedded server that another process runs in this folder, for commands beside a running `serve`; null when
 * none takes connections (one that a command has just left is still closing), or when it listens on TCP with a password
 * that only its owner knows. The socket's folder stands in the fifth line of postmaster.pid (PostgreSQL's miscadmin.h).
 */
export async function runningServerUrl(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid = '', , , port = '', socket = ''] = text.split('\n').map((line) => line.trim());
  if (!isAlive(Number(pid)) || socket === '') return null;
  const url = `postgresql://salvage@localhost:${port}/salvage?host=${encodeURIComponent(socket)}`;
  return (await takesConnections(url)) ? url : null;
}

const cannotConnectNow = '57P03';

/** A server that has no connection left, or not this database yet, runs all the same. */
async function takesConnections(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch (error) {
    return error instanceof pg.DatabaseError && error.code !== cannotConnectNow;
  } finally {
    await client.end().catch(() => {});
  }
}
