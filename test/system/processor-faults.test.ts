// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Kills and takes away what a running site leans on, in the middle of its work. After each fault every acknowledged
// crash must be there once, whole, in storage and in the search index, without anybody's help.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { nullLogger } from '../../src/lib/log.ts';
import { EmbeddedPostgres } from '../../src/lib/postgres/embedded.ts';
import { runningServerUrl } from '../../src/lib/postgres/running-server.ts';
import { RunningSite, runCommand, until } from './running-site.ts';

const paint = 'lantern::LayerStack::activeOpacity';
const undo = 'lantern::UndoHistory::restore';
const rust = 'kestrel::index::Index::version_of';

/** Sent in turn; each has a signature of its own. */
const kinds = [
  ['lantern-2.4.0-paint', paint],
  ['lantern-2.4.0-undo', undo],
  ['kestrel-1.8.2-rename', rust],
] as const;

describe('faults in the middle of processing', () => {
  let dataDir = '';
  let site: RunningSite;
  /** What every crash sent so far must be called in the end. */
  const expected = new Map<string, string>();

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'salvage-faults-'));
    site = await startSite();
    const { code, output } = await runCommand(['symbols', 'add', 'demo/symbols'], dataDir);
    assert.equal(code, 0, output);
  });

  after(async () => {
    await site?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** Leases are short, so that what a killed process held comes back soon. */
  function startSite(): Promise<RunningSite> {
    return RunningSite.start(dataDir, { SALVAGE_QUEUE_LEASE_MS: '4000' });
  }

  async function sendSome(count: number): Promise<string[]> {
    const sent: string[] = [];
    for (let index = 0; index < count; index++) {
      const [dump, signature] = kinds[index % kinds.length] as (typeof kinds)[number];
      const crashId = await site.send(dump);
      expected.set(crashId, signature);
      sent.push(crashId);
    }
    return sent;
  }

  async function everyCrashIsDoneOnce(): Promise<void> {
    const isDone = await until(async () => (await site.reports()).length >= expected.size, 60_000, 200);
    const reports = await site.reports();
    const missing = [...expected.keys()].filter((crashId) => !reports.some(({ uuid }) => uuid === crashId));
    assert.ok(isDone, `missing: ${missing.join(', ')}\n${warnings(site.log)}`);
    assert.deepEqual(reports.map(({ uuid }) => uuid).sort(), [...expected.keys()].sort());
    for (const { uuid, signature } of reports) assert.equal(signature, expected.get(uuid), `${uuid} in the index`);
    for (const [crashId, signature] of expected) {
      const processed = await site.processedCrash(crashId);
      assert.equal(processed?.['signature'], signature, `${crashId} in storage`);
    }
    const database = await connect(site.dataDir);
    const isSettled = await until(
      async () => {
        const { rows } = await database.query(
          `select (select count(*) from queue_messages)::int as queued,
                  (select count(*) from queue_dead_letters)::int as dead,
                  (select count(*) from outbox_debts)::int as owed`,
        );
        return rows[0].queued + rows[0].dead + rows[0].owed === 0 && (await debtFiles(dataDir)).length === 0;
      },
      30_000,
      200,
    );
    const { rows: dead } = await database.query('select crash_id, reason from queue_dead_letters');
    await database.end();
    assert.deepEqual(dead, []);
    assert.ok(isSettled, `queue and outbox are not empty\n${warnings(site.log)}`);
  }

  /** Lets the walkers hang in what they do next; returns how to kill them, and how to let them go on. */
  async function holdWalkers(): Promise<{ kill(): void; release(): void }> {
    assert.ok(await until(async () => (await site.walkerPids()).length > 0, 10_000), 'there is a walker');
    const pids = await site.walkerPids();
    const signal = (name: NodeJS.Signals) => pids.forEach((pid) => void process.kill(pid, name));
    signal('SIGSTOP');
    return { kill: () => signal('SIGKILL'), release: () => signal('SIGCONT') };
  }

  /** All that was sent waits in the queue, and the processor has taken some of it and waits for walks. */
  async function walksAreUnderWay(sent: readonly string[]): Promise<void> {
    const database = await connect(dataDir);
    const isSo = await until(async () => {
      const { rows } = await database.query('select crash_id, is_leased from queue_messages');
      return sent.every((id) => rows.some((row) => row.crash_id === id)) && rows.some((row) => row.is_leased);
    }, 10_000);
    await database.end();
    assert.ok(isSo, `walks are under way\n${warnings(site.log)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }

  test('walkers killed in mid-walk: their crashes get their stacks all the same', async () => {
    const walkers = await holdWalkers();
    await walksAreUnderWay(await sendSome(3));
    walkers.kill();
    await everyCrashIsDoneOnce();
    assert.match(site.log, /ended with SIGKILL/);
  });

  test('storage away on fetch and on save: crashes wait in queue and spool, and none is called missing', async () => {
    const walkers = await holdWalkers();
    await walksAreUnderWay(await sendSome(12));
    const [crashes, away] = [join(dataDir, 'crashes'), join(dataDir, 'crashes-away')];
    await rename(crashes, away);
    walkers.release();
    await sendSome(6);
    await until(() => /is away, trying again/.test(site.log), 10_000);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await rename(away, crashes);
    await everyCrashIsDoneOnce();
    assert.match(site.log, /is not there/);
    assert.doesNotMatch(site.log, / buried: /);
  });

  test('PostgreSQL killed between walk and save: index owed, ack repeated, intake open, nobody restarts anything', async () => {
    const walkers = await holdWalkers();
    await walksAreUnderWay(await sendSome(6));
    const before = await site.postgresPid();
    process.kill(before, 'SIGKILL');
    walkers.release();
    const during = performance.now();
    await sendSome(12);
    const answeredMs = performance.now() - during;
    await everyCrashIsDoneOnce();
    assert.notEqual(await site.postgresPid(), before);
    assert.ok(answeredMs < 10_000, `twelve answers took ${answeredMs} ms`);
    assert.match(site.log, /the embedded PostgreSQL server died; starting it again/);
  });

  test('PostgreSQL killed again and again while crashes come in', async () => {
    for (let round = 0; round < 3; round++) {
      process.kill(await site.postgresPid(), 'SIGKILL');
      await sendSome(5);
      await until(() => isUp(dataDir), 15_000);
    }
    await everyCrashIsDoneOnce();
  });

  test('the whole site killed in mid-processing: nothing was acked early, and the next start finishes it', async () => {
    const walkers = await holdWalkers();
    const sent = await sendSome(15);
    await walksAreUnderWay(sent);
    walkers.release();
    const countBefore = expected.size - sent.length;
    await until(async () => savedIn(site.log) >= countBefore + 3, 10_000, 5);
    await site.kill();
    await assertNothingLost(sent);
    site = await startSite();
    await sendSome(3);
    await everyCrashIsDoneOnce();
    const leftovers = await readdir(join(dataDir, 'tmp'));
    assert.ok(leftovers.length < 20, 'folders of the killed processor do not pile up');
  });

  /** With everything dead: each crash is in the spool, or in the queue, or saved with its place in the index had or owed. */
  async function assertNothingLost(sent: readonly string[]): Promise<void> {
    const server = await EmbeddedPostgres.start({ folder: join(dataDir, 'postgres'), logger: nullLogger });
    try {
      const database = await connect(dataDir);
      const idsOf = async (sql: string) =>
        new Set((await database.query<{ id: string }>(sql)).rows.map(({ id }) => id));
      const queued = await idsOf('select crash_id as id from queue_messages');
      const indexed = await idsOf('select crash_id as id from reports');
      const owed = await idsOf('select crash_id as id from outbox_debts');
      await database.end();
      const spooled = (await runCommand(['spool', 'ls', '--json'], dataDir)).output;
      for (const crashId of sent) {
        const day = `20${crashId.slice(-6)}`;
        const saved = await readFile(join(dataDir, 'crashes', day, 'processed_crash', `${crashId}.json`)).catch(
          () => null,
        );
        const isDone = saved !== null && (indexed.has(crashId) || owed.has(crashId));
        assert.ok(isDone || queued.has(crashId) || spooled.includes(crashId), `${crashId} is nowhere`);
      }
      assert.ok(queued.size > 0, 'the kill came in the middle of the work');
    } finally {
      await server.stop();
    }
  }
});

function savedIn(log: string): number {
  return log.split(/ saved[",]/).length - 1;
}

function warnings(log: string): string {
  return log
    .split('\n')
    .filter((line) => /"Severity":[0-4],/.test(line))
    .slice(-15)
    .map((line) => line.slice(0, 600))
    .join('\n');
}

async function debtFiles(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, 'outbox'), { recursive: true, withFileTypes: true }).catch(() => []);
  return names.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
}

async function isUp(dataDir: string): Promise<boolean> {
  const client = await connect(dataDir).catch(() => null);
  await client?.end();
  return client !== null;
}

async function connect(dataDir: string): Promise<pg.Client> {
  const url = await runningServerUrl(join(dataDir, 'postgres'));
  if (url === null) throw new Error('the database does not run');
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}
