// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SalvageError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { giveTo, type RunAs, shortFolder } from './embedded-user.ts';
import { postgresErrors } from './errors.ts';
import { postgresLimits } from './limits.ts';
import { commandLineOf, isAlive, startMarkOf } from './processes.ts';

/** Where the parts of one embedded server lie. */
export interface ServerFolders {
  readonly root: string;
  readonly data: string;
  readonly socket: string;
  /** True when the path below `root` would have been too long for a socket. */
  readonly isSocketElsewhere: boolean;
  readonly log: string;
  /** Names the Salvage process that owns the server. */
  readonly owner: string;
}

/** Makes the folders, closed to other users, and gives them to the user that the server runs as. */
export async function prepareFolders(root: string, runAs: RunAs): Promise<ServerFolders> {
  const near = join(root, 'socket');
  const isSocketElsewhere = Buffer.byteLength(join(near, '.s.PGSQL.65535')) > postgresLimits.socketPathBytesMax.value;
  const socket = isSocketElsewhere ? shortFolder() : near;
  for (const folder of [root, socket]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    await giveTo(folder, runAs);
  }
  if (!isSocketElsewhere) await giveTo(socket, runAs);
  return {
    root,
    socket,
    isSocketElsewhere,
    data: join(root, 'data'),
    log: join(root, 'postgres.log'),
    owner: join(root, 'owner'),
  };
}

/** Refuses a folder whose owner still runs; a dead owner's name is replaced by ours. */
export async function claimFolder(folders: ServerFolders): Promise<void> {
  const [pidText = '', mark = ''] = (await readFile(folders.owner, 'utf8').catch(() => '')).split('\n');
  const pid = Number(pidText);
  if (pid > 0 && pid !== process.pid && isAlive(pid) && mark !== '' && (await startMarkOf(pid)) === mark) {
    const message = `process ${pid} already runs the embedded PostgreSQL in ${folders.root}`;
    throw new SalvageError(postgresErrors.postgres_in_use, message);
  }
  await writeFile(folders.owner, `${process.pid}\n${await startMarkOf(process.pid)}`);
}

/**
 * Ends a server whose owner is dead, and removes lock files that name a process which is not a server on this folder
 * (process ids come back, most of all in containers). Only a process whose command line names our folder is touched.
 */
export async function endStaleServer(folders: ServerFolders, logger: Logger): Promise<void> {
  const lockFile = join(folders.data, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(lockFile, 'utf8').catch(() => ''), 10);
  if (!(pid > 0)) return;
  const isOurs = async () => isAlive(pid) && (await commandLineOf(pid)).includes(`-D ${folders.data} `);
  if (await isOurs()) {
    logger.warning(`ending PostgreSQL process ${pid}, left behind by a run that was killed`);
    process.kill(pid, 'SIGINT');
    const giveUpAt = performance.now() + postgresLimits.stopTimeoutMs.value;
    while (await isOurs()) {
      if (performance.now() > giveUpAt) process.kill(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await rm(lockFile, { force: true });
  await rm(folders.socket, { recursive: true, force: true });
  await mkdir(folders.socket, { mode: 0o700 });
}
