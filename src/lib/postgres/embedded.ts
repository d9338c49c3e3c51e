// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { errorText, SalvageError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { claimFolder, endStaleServer, prepareFolders, type ServerFolders } from './embedded-folder.ts';
import { chooseRunAs, findPostgresBinaries, giveTo, type RunAs } from './embedded-user.ts';
import { postgresErrors } from './errors.ts';
import { postgresLimits } from './limits.ts';

const runFile = promisify(execFile);

export interface EmbeddedPostgresOptions {
  /** Everything of the server lives below this folder: data, socket, log. Made when missing. */
  readonly folder: string;
  readonly logger: Logger;
  /** Default: a Unix socket that only this user can open; TCP on loopback with a password on Windows. */
  readonly listen?: 'socket' | 'tcp';
  /** Server settings beside the defaults, e.g. `{ shared_buffers: '1GB' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** False leaves out every sync to disk: for tests that kill nothing. */
  readonly isDurable?: boolean;
  /** For tests: the ways to run as another user that may be tried. */
  readonly ways?: readonly RunAs['way'][];
}

/** Runs in its own session so that Ctrl-C stops the product first; ends the server when the product's pipe closes. */
const supervisor = `"$@" 3<&- & server=$!
(read line <&3; kill -INT $server) & watcher=$!
wait $server; code=$?
kill $watcher 2>/dev/null
exit $code`;

const databaseName = 'salvage';
const userName = 'salvage';

/**
 * A PostgreSQL server of our own: real binaries from the npm package, own data folder and socket, any user (root too).
 * It ends when this process ends, however that happens, comes back by itself when it dies, and recovers after power loss.
 */
export class EmbeddedPostgres {
  readonly #options: EmbeddedPostgresOptions;
  readonly #logger: Logger;
  readonly #runAs: RunAs;
  readonly #folders: ServerFolders;
  #password = '';
  #port = 5432;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #isStopping = false;

  /** Makes the data folder when there is none, ends what an earlier run left behind, and starts the server. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const runAs = await chooseRunAs(await findPostgresBinaries(), options.ways);
    const folders = await prepareFolders(resolve(options.folder), runAs);
    await claimFolder(folders);
    const server = new EmbeddedPostgres(options, runAs, folders);
    await endStaleServer(folders, server.#logger);
    await server.#initialize();
    await server.#startWithRetry();
    await server.#createDatabase();
    return server;
  }

  private constructor(options: EmbeddedPostgresOptions, runAs: RunAs, folders: ServerFolders) {
    this.#options = options;
    this.#logger = options.logger.named('salvage.postgres');
    this.#runAs = runAs;
    this.#folders = folders;
  }

  /** Connection URL of the database `salvage`, or of another one; for `pg`, DATABASE_URL of a child, or psql. */
  url(database: string = databaseName): string {
    const host = this.#isTcp ? '127.0.0.1' : this.#folders.socket;
    const user = this.#password ? `${userName}:${this.#password}` : userName;
    return this.#isTcp
      ? `postgresql://${user}@${host}:${this.#port}/${database}`
      : `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(host)}`;
  }

  get folder(): string {
    return this.#folders.root;
  }

  /** Process id of the server itself, for tests that kill it; null while it is down. */
  async pid(): Promise<number | null> {
    const text = await readFile(join(this.#folders.data, 'postmaster.pid'), 'utf8').catch(() => '');
    return Number.parseInt(text, 10) || null;
  }

  /** Fast, clean shutdown: open transactions are rolled back. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (!this.#child) return;
    const deadline = setTimeout(() => void this.#kill(), postgresLimits.stopTimeoutMs.value);
    await this.#askToStop();
    await this.#exited;
    clearTimeout(deadline);
    await rm(this.#folders.owner, { force: true });
    if (this.#folders.isSocketElsewhere) await rm(this.#folders.socket, { recursive: true, force: true });
  }

  get #isTcp(): boolean {
    return (this.#options.listen ?? (process.platform === 'win32' ? 'tcp' : 'socket')) === 'tcp';
  }

  get #isDurable(): boolean {
    return this.#options.isDurable ?? true;
  }

  /** initdb into a side folder and rename: a cut in between leaves nothing that looks like a data folder. */
  async #initialize(): Promise<void> {
    const { data, root } = this.#folders;
    const passwordFile = join(root, 'password');
    if (this.#isTcp) this.#password = await readOrMakePassword(passwordFile);
    const version = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => null);
    if (version !== null) return this.#checkVersion(version.trim());
    const fresh = `${data}.new`;
    await rm(fresh, { recursive: true, force: true });
    await giveTo(root, this.#runAs);
    await this.#run(this.#runAs.binaries.initdb, [
      '-D',
      fresh,
      '-U',
      userName,
      ...(this.#isTcp ? ['--auth=scram-sha-256', `--pwfile=${passwordFile}`] : ['--auth=trust']),
      // The same sort order on every machine, whatever its locale.
      ...['--no-locale', '-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(this.#isDurable ? [] : ['--no-sync']),
    ]);
    await rename(fresh, data);
  }

  async #checkVersion(found: string): Promise<void> {
    const { stdout } = await this.#run(this.#runAs.binaries.postgres, ['--version']);
    const own = /(\d+)(?:\.|beta|rc|devel)/.exec(stdout)?.[1];
    if (own === found) return;
    const message = `${this.#folders.data} is of PostgreSQL ${found}; the installed package has ${own}`;
    throw new SalvageError(postgresErrors.postgres_version, message);
  }

  #run(command: string, args: readonly string[]): Promise<{ stdout: string }> {
    const [file, ...rest] = [...this.#runAs.prefix, command, ...args] as [string, ...string[]];
    return runFile(file, rest, { ...this.#runAs.ids, cwd: '/' }).catch((cause: Error & { stderr?: string }) => {
      const message = `${command} failed: ${cause.stderr?.trim() || errorText(cause)}`;
      throw new SalvageError(postgresErrors.postgres_start_failed, message, { cause });
    });
  }

  /** A server that was just killed holds its lock a moment longer. */
  async #startWithRetry(): Promise<void> {
    const giveUpAt = performance.now() + postgresLimits.staleRetryMs.value;
    for (;;) {
      try {
        return await this.#startOnce();
      } catch (error) {
        if (performance.now() > giveUpAt || this.#isStopping) throw error;
        await sleep(200);
      }
    }
  }

  async #startOnce(): Promise<void> {
    if (this.#isTcp) this.#port = this.#port === 5432 ? await freePort() : this.#port;
    const log = await open(this.#folders.log, (await sizeOf(this.#folders.log)) > logMax ? 'w' : 'a', 0o600);
    const server = [...this.#runAs.prefix, this.#runAs.binaries.postgres, ...this.#arguments()];
    const isSupervised = process.platform !== 'win32';
    const [command, ...args] = (
      isSupervised ? ['/bin/sh', '-c', supervisor, 'salvage-postgres', ...server] : server
    ) as [string, ...string[]];
    const stdio = ['ignore', log.fd, log.fd, ...(isSupervised ? (['pipe'] as const) : [])] as const;
    const child = spawn(command, args, { ...this.#runAs.ids, cwd: '/', detached: true, stdio: [...stdio] });
    await log.close();
    this.#child = child;
    let exit: string | null = null;
    this.#exited = new Promise((resolvePromise) => {
      const done = (what: string) => {
        exit ??= what;
        if (this.#child === child) this.#child = null;
        resolvePromise();
      };
      child.once('error', (error) => done(errorText(error)));
      child.once('exit', (code, signal) => done(`exit code ${signal ?? code}`));
    });
    child.unref();
    const pipe = child.stdio[3] as (NodeJS.WritableStream & { unref?(): void }) | undefined;
    pipe?.on('error', () => {});
    pipe?.unref?.();
    await this.#awaitReady(() => exit);
    void this.#exited.then(() => this.#comeBack());
  }

  #arguments(): string[] {
    const settings: Record<string, string> = {
      listen_addresses: this.#isTcp ? '127.0.0.1' : '',
      port: String(this.#port),
      unix_socket_directories: this.#isTcp ? '' : this.#folders.socket,
      unix_socket_permissions: '0700',
      timezone: 'UTC',
      log_timezone: 'UTC',
      log_min_messages: 'warning',
      // No replicas: less log to write.
      wal_level: 'minimal',
      max_wal_senders: '0',
      // Short queries only: compiling them costs more than it saves.
      jit: 'off',
      ...(this.#isDurable ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
      ...this.#options.settings,
    };
    return ['-D', this.#folders.data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])];
  }

  /** Resolves when the server answers; recovery after a crash may take a while. */
  async #awaitReady(exit: () => string | null): Promise<void> {
    const giveUpAt = performance.now() + postgresLimits.startTimeoutMs.value;
    for (let last = ''; ; await sleep(30)) {
      const gone = exit();
      if (gone !== null) throw await this.#startError(gone);
      if (performance.now() > giveUpAt) {
        await this.#kill();
        throw await this.#startError(`no answer in ${postgresLimits.startTimeoutMs.value} ms: ${last}`);
      }
      const client = new pg.Client({ connectionString: this.url('postgres') });
      client.on('error', () => {});
      try {
        await client.connect();
        return;
      } catch (error) {
        last = errorText(error);
      } finally {
        await client.end().catch(() => {});
      }
    }
  }

  async #startError(what: string): Promise<SalvageError> {
    const log = await readFile(this.#folders.log, 'utf8').catch(() => '');
    const end = log.trim().split('\n').slice(-3).join(' | ');
    const message = `the server ended with ${what}; ${this.#folders.log} ends with: ${end}`;
    return new SalvageError(postgresErrors.postgres_start_failed, message);
  }

  /** The server died by itself (killed, out of memory): everybody's pools reconnect once it is back. */
  async #comeBack(): Promise<void> {
    for (let waitMs = 100; !this.#isStopping && !this.#child; waitMs = Math.min(waitMs * 2, 10_000)) {
      this.#logger.error('the embedded PostgreSQL server died; starting it again');
      try {
        await this.#startWithRetry();
      } catch (error) {
        this.#logger.critical('the embedded PostgreSQL server does not come back', { error });
        await sleep(waitMs, false);
      }
    }
  }

  async #createDatabase(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url('postgres') });
    client.on('error', () => {});
    await client.connect();
    try {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [databaseName]);
      if (!rowCount) await client.query(`create database ${databaseName}`);
    } finally {
      await client.end();
    }
  }

  async #askToStop(): Promise<void> {
    const pipe = this.#child?.stdio[3] as NodeJS.WritableStream | undefined;
    if (pipe) pipe.end();
    else await this.#run(this.#runAs.binaries.pg_ctl, ['stop', '-m', 'fast', '-D', this.#folders.data]).catch(() => {});
  }

  async #kill(): Promise<void> {
    const pid = await this.pid();
    if (pid) process.kill(pid, 'SIGQUIT');
    this.#child?.kill('SIGKILL');
  }
}

const logMax = postgresLimits.logSizeBytesMax.value;

async function readOrMakePassword(file: string): Promise<string> {
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known) return known;
  const password = randomBytes(24).toString('hex');
  await writeFile(file, password, { mode: 0o600 });
  return password;
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? 0;
}

function freePort(): Promise<number> {
  return new Promise((resolvePromise, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolvePromise(port));
    });
  });
}

function sleep(ms: number, isHolding = true): Promise<void> {
  return new Promise((resolvePromise) => {
    const timer = setTimeout(resolvePromise, ms);
    if (!isHolding) timer.unref();
  });
}
