// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A whole site as its readers meet it: the first run, an index that is made again, and a database that dies under them.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { runningServerUrl } from '../../src/lib/postgres/running-server.ts';
import { RunningSite, runCommand, until } from './running-site.ts';

describe('a site and those who read it', () => {
  let dataDir: string;
  let site: RunningSite;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'salvage-search-site-'));
    // Long, so that a query which ends early was ended by its reader's leaving.
    site = await RunningSite.start(dataDir, { SALVAGE_WEB_SEARCH_TIMEOUT_MS: '60000' });
  });

  after(async () => {
    await site?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function database(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: (await runningServerUrl(join(dataDir, 'postgres'))) ?? '' });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  test('first run: loopback only, nothing to see before the claim, a link in a private file that works once', async () => {
    assert.deepEqual(await listeningAddresses(site.pid), ['127.0.0.1']);
    for (const path of ['/', '/search/', '/api/SuperSearch/', '/api/v1/search', '/report/index/anything']) {
      const response = await fetch(site.url + path, { redirect: 'manual' });
      assert.equal(response.status, 503, path);
      assert.ok(Number(response.headers.get('retry-after')) > 0, path);
    }
    const file = join(dataDir, 'claim-link');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const link = new URL((await readFile(file, 'utf8')).trim());
    assert.ok(!site.log.includes(link.searchParams.get('link') ?? ''), 'the secret is not in the log');
    assert.equal((await fetch(link)).status, 200, 'looking at the link does not use it up');
    const claim = () =>
      fetch(`${site.url}/claim`, {
        method: 'POST',
        body: new URLSearchParams({ link: link.searchParams.get('link') ?? '' }),
        redirect: 'manual',
      });
    const claimed = await claim();
    assert.equal(claimed.status, 303);
    const cookie = claimed.headers.get('set-cookie') ?? '';
    assert.match(cookie, /^salvage_session=[\w-]{43};/);
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Lax/);
    assert.equal((await claim()).status, 403);
    const home = await fetch(site.url, { headers: { cookie: cookie.split(';')[0] ?? '' } });
    assert.equal(home.status, 200);
    assert.equal((await fetch(`${site.url}/search/`, { redirect: 'manual' })).status, 302, 'nobody else is let in');
  });

  test('an index that is made again from storage equals the one that was', async () => {
    const sent = [];
    for (const dump of ['lantern-2.4.0-paint', 'lantern-2.4.0-undo', 'kestrel-1.8.2-rename', 'lantern-2.4.0-paint'])
      sent.push(await site.send(dump));
    assert.ok(
      await until(async () => (await site.reports()).length === sent.length, 60_000, 200),
      site.log.slice(-3000),
    );
    const client = await database();
    const tables = ['reports', 'report_locator', 'signatures_seen', 'products_seen', 'versions_seen'];
    const contents = async () => {
      const all: string[][] = [];
      for (const table of tables) {
        const { rows } = await client.query(`select to_jsonb(t) - 'indexed_at' as row from ${table} t`);
        all.push(rows.map(({ row }) => JSON.stringify(row)).sort());
      }
      return all;
    };
    const first = await contents();
    assert.equal(first[0]?.length, sent.length);
    await client.query(`truncate ${tables.join(', ')}`);
    const { code, output } = await runCommand(['reindex'], dataDir);
    assert.equal(code, 0, output);
    assert.match(output, /4 reports indexed, 0 could not be read/);
    assert.deepEqual(await contents(), first);
    assert.equal(
      (await runCommand(['reindex', '--since', '2099-01-01'], dataDir)).output.trim(),
      '0 reports indexed, 0 could not be read',
    );
    assert.deepEqual(await contents(), first, 'a second time changes nothing');
    for (const since of ['yesterday', '2026-02-31', '20261120']) {
      const refused = await runCommand(['reindex', '--since', since], dataDir);
      assert.notEqual(refused.code, 0);
      assert.match(refused.output, /write it as 2026-11-20/);
    }
    await client.end();
  });

  test('PostgreSQL killed under a reader and a writer: 503 for the one, nothing lost for the other, no wrong number', async () => {
    const headers = { 'auth-token': await site.token() };
    const known = (await site.reports()).length;
    const statuses = new Map<number, number>();
    const totals: number[] = [];
    let isOver = false;
    const read = async (path: string) => {
      while (!isOver) {
        const response = await fetch(site.url + path, { headers });
        const text = await response.text();
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        if (response.status === 200 && path.startsWith('/api')) totals.push(JSON.parse(text).total);
        if (response.status === 503) assert.ok(Number(response.headers.get('retry-after')) > 0);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const readers = Promise.all([read('/api/SuperSearch/?_results_number=1'), read('/search/?_sort=-date'), read('/')]);
    const written: string[] = [];
    for (let round = 0; round < 2; round++) {
      written.push(await site.send('lantern-2.4.0-undo'));
      process.kill(await site.postgresPid(), 'SIGKILL');
      written.push(await site.send('lantern-2.4.0-paint'));
      assert.ok(
        await until(async () => {
          const client = await database().catch(() => null);
          await client?.end();
          return client !== null;
        }, 20_000),
      );
    }
    assert.ok(
      await until(async () => (await site.reports()).length === known + written.length, 120_000, 200),
      site.log.slice(-3000),
    );
    isOver = true;
    await readers;
    assert.deepEqual(
      [...statuses.keys()].filter((status) => status !== 200 && status !== 503),
      [],
    );
    assert.ok((statuses.get(200) ?? 0) > 0 && (statuses.get(503) ?? 0) > 0, JSON.stringify([...statuses]));
    assert.ok(Math.min(...totals) >= known, 'an outage never looks like fewer reports');
  });

  test('a long query ends in the database when the browser leaves', async () => {
    const headers = { 'auth-token': await site.token() };
    const client = await database();
    await client.query('begin; lock table reports in access exclusive mode');
    const waiting = async () => {
      const other = await database();
      const { rows } = await other.query(
        `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and query like '%matched%reports%'`,
      );
      await other.end();
      return rows[0].n as number;
    };
    for (const path of [
      '/search/?product=Lantern',
      '/api/SuperSearch/?product=Lantern',
      '/topcrashers/?product=Lantern&version=',
    ]) {
      const leaving = new AbortController();
      const gone = assert.rejects(fetch(site.url + path, { headers, signal: leaving.signal }), /abort/i);
      assert.ok(await until(async () => (await waiting()) > 0, 20_000), `${path} runs`);
      leaving.abort();
      await gone;
      assert.ok(await until(async () => (await waiting()) === 0, 20_000), `${path} ended`);
    }
    await client.query('rollback');
    await client.end();
    assert.equal((await fetch(`${site.url}/search/?product=Lantern`, { headers })).status, 200);
  });
});

/** Addresses that the process and its children listen on, by TCP. */
async function listeningAddresses(pid: number): Promise<string[]> {
  const addresses = new Set<string>();
  const inodes = new Set<string>();
  for (const process of await processTree(pid)) {
    const folder = `/proc/${process}/fd`;
    for (const name of await readdir(folder).catch(() => [])) {
      const inode = /^socket:\[(\d+)\]$/.exec(await readlink(join(folder, name)).catch(() => ''))?.[1];
      if (inode) inodes.add(inode);
    }
  }
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (state !== '0A' || !inodes.has(inode)) continue;
      const [address = ''] = local.split(':');
      // IPv4 addresses stand there as one little-endian number.
      const bytes = address.match(/../g)?.map((hex) => Number.parseInt(hex, 16)) ?? [];
      addresses.add(file.endsWith('6') ? address : bytes.reverse().join('.'));
    }
  return [...addresses];
}

async function processTree(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    parents.set(Number(name), Number(/\) \S (\d+) /.exec(text)?.[1]));
  }
  const tree = [root];
  for (const member of tree) for (const [child, parent] of parents) if (parent === member) tree.push(child);
  return tree;
}
