// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { isErrorOf } from '../../../src/lib/errors.ts';
import { nullLogger } from '../../../src/lib/log.ts';
import { EmbeddedPostgres, type EmbeddedPostgresOptions } from '../../../src/lib/postgres/embedded.ts';
import { postgresErrors } from '../../../src/lib/postgres/errors.ts';
import { makePool } from '../../../src/lib/postgres/pool.ts';
import { commandLineOf } from '../../../src/lib/postgres/processes.ts';
import { runningServerUrl } from '../../../src/lib/postgres/running-server.ts';
import { until } from '../../services/until.ts';

let base = '';
/** A data folder made once: most of a first start is initdb, and that is the same for all. */
before(async () => {
  base = await mkdtemp(join(tmpdir(), 'salvage-embedded-'));
  await (await EmbeddedPostgres.start({ folder: join(base, 'template'), logger: nullLogger })).stop();
});
after(() => rm(base, { recursive: true, force: true }));

async function copyTemplate(folder: string): Promise<void> {
  if (existsSync(join(base, folder))) return;
  await mkdir(dirname(join(base, folder)), { recursive: true });
  await cp(join(base, 'template'), join(base, folder), { recursive: true });
}

async function start(folder: string, more: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  if (more.listen !== 'tcp') await copyTemplate(folder);
  const settings = { shared_buffers: '16MB', max_connections: '20' };
  return EmbeddedPostgres.start({
    folder: join(base, folder),
    logger: nullLogger,
    settings,
    isDurable: false,
    ...more,
  });
}

async function query(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A killed process may stay as a zombie, without a command line, until somebody reaps it. */
async function isRunning(pid: number): Promise<boolean> {
  return (await commandLineOf(pid)) !== '';
}

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** A child Node process that starts the server in `folder` and then waits; resolves with the server's URL. */
async function startInChild(folder: string): Promise<{ child: ChildProcess; url: string; serverPid: number }> {
  await copyTemplate(folder);
  const module = join(import.meta.dirname, '../../../src/lib/postgres/embedded.ts');
  const log = join(import.meta.dirname, '../../../src/lib/log.ts');
  const program = `
    import { EmbeddedPostgres } from ${JSON.stringify(module)};
    import { nullLogger } from ${JSON.stringify(log)};
    const server = await EmbeddedPostgres.start({ folder: ${JSON.stringify(join(base, folder))}, logger: nullLogger });
    console.log(JSON.stringify({ url: server.url(), serverPid: await server.pid() }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', resolve);
    child.once('exit', () => reject(new Error('the child ended early')));
  });
  return { child, ...(JSON.parse(line) as { url: string; serverPid: number }) };
}

describe('embedded PostgreSQL', () => {
  test('keeps its data over stop and start, sorts the same everywhere, and is closed to other users', async () => {
    const first = await start('keep');
    await query(first.url(), "create table t (v text); insert into t values ('a'), ('B'), ('ä')");
    await first.stop();
    const second = await start('keep');
    try {
      for (const folder of ['keep', 'keep/data', 'keep/socket']) {
        assert.equal((await stat(join(base, folder))).mode & 0o777, 0o700);
      }
      const { rows } = await query(second.url(), 'select v from t order by v');
      assert.deepEqual(
        rows.map(({ v }) => v),
        ['B', 'a', 'ä'],
      );
      assert.equal((await query(second.url(), "select current_setting('listen_addresses') as a")).rows[0].a, '');
    } finally {
      await second.stop();
    }
  });

  test('a second process on the same folder is refused and the first goes on', async () => {
    const { child, url } = await startInChild('shared');
    try {
      await assert.rejects(start('shared'), (error) => isErrorOf(error, postgresErrors.postgres_in_use));
      assert.equal((await query(url, 'select 1 as one')).rows[0].one, 1);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('the server ends when its process is killed, committed rows stay, and the next start works', async () => {
    const { child, url, serverPid } = await startInChild('killed');
    await query(url, 'create table t (v int); insert into t values (7)');
    child.kill('SIGKILL');
    await until(async () => !(await isRunning(serverPid)));
    const server = await start('killed');
    try {
      assert.equal((await query(server.url(), 'select v from t')).rows[0].v, 7);
    } finally {
      await server.stop();
    }
  });

  test('a server that is killed itself comes back on the same address and pools survive it', async () => {
    const server = await start('comes-back', { isDurable: true });
    const pool = makePool({ url: server.url(), logger: nullLogger });
    try {
      await pool.query('create table t (v int); insert into t values (1)');
      const pid = await server.pid();
      process.kill(pid as number, 'SIGKILL');
      await until(async () => {
        const answer = await pool.query('select v from t').catch(() => null);
        return answer?.rows[0].v === 1 && (await server.pid()) !== pid;
      });
    } finally {
      await pool.end();
      await server.stop();
    }
  });

  test('a server left behind by a run that was killed is ended and its folder taken over', async () => {
    const { child, url, serverPid } = await startInChild('orphan');
    await query(url, 'create table t (v int); insert into t values (3)');
    // The supervisor and its watcher go first, so that nobody stops the server when its owner dies.
    const supervisorPid = await parentOf(serverPid);
    for (const pid of (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== serverPid)) {
      if ((await parentOf(pid)) === supervisorPid) process.kill(pid, 'SIGKILL');
    }
    process.kill(supervisorPid, 'SIGKILL');
    child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(await isRunning(serverPid));
    const server = await start('orphan');
    try {
      assert.ok(!(await isRunning(serverPid)));
      assert.equal((await query(server.url(), 'select v from t')).rows[0].v, 3);
    } finally {
      await server.stop();
    }
  });

  test('a stale lock file that names a living foreign process is no obstacle, and that process is left alone', async () => {
    const first = await start('stale');
    await first.stop();
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
    const data = join(base, 'stale', 'data');
    await writeFile(join(data, 'postmaster.pid'), `${bystander.pid}\n${data}\n0\n5432\n`);
    const server = await start('stale');
    await server.stop();
    assert.ok(await isRunning(bystander.pid as number));
    bystander.kill();
  });

  test('a path too long for a socket falls back to a short folder', async () => {
    const server = await start(join('long', 'x'.repeat(90)));
    assert.equal((await query(server.url(), 'select 1 as one')).rows[0].one, 1);
    await server.stop();
  });

  test('over TCP it asks for a password', async () => {
    const server = await start('tcp', { listen: 'tcp' });
    try {
      assert.equal((await query(server.url(), 'select 1 as one')).rows[0].one, 1);
      const wrong = server.url().replace(/:[0-9a-f]{48}@/, ':wrong@');
      await assert.rejects(query(wrong, 'select 1'), { code: '28P01' });
    } finally {
      await server.stop();
    }
  });

  test('root without user namespaces: runs as a user without rights', async (t) => {
    if (process.getuid?.() !== 0) return t.diagnostic('not root: the plain way is what all other tests use');
    await chmod(base, 0o755);
    await mkdir(join(base, 'other'), { mode: 0o755 });
    const server = await start('other/postgres', { ways: ['other-user'] });
    try {
      assert.equal((await query(server.url(), 'select 1 as one')).rows[0].one, 1);
      const pid = await server.pid();
      assert.doesNotMatch(await readFile(`/proc/${pid}/status`, 'utf8'), /^Uid:\t0\t/m);
    } finally {
      await server.stop();
    }
    // The same folder by the first way again: its files change hands.
    const again = await start('other/postgres');
    await again.stop();
  });

  test('a folder of another major version is refused by name', async () => {
    const server = await start('version');
    await server.stop();
    await writeFile(join(base, 'version', 'data', 'PG_VERSION'), '12\n');
    await assert.rejects(start('version'), (error) => isErrorOf(error, postgresErrors.postgres_version));
  });
});

test('a server that closes is not taken for one that runs', async () => {
  const server = await start('closing');
  const folder = join(base, 'closing');
  const url = (await runningServerUrl(folder)) ?? assert.fail('it runs');
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  // A smart shutdown: who is connected may stay, nobody else is let in.
  process.kill((await server.pid()) as number, 'SIGTERM');
  await until(async () => (await runningServerUrl(folder)) === null);
  assert.equal((await client.query('select 1 as one')).rows[0].one, 1);
  await client.end();
  await server.stop();
});
