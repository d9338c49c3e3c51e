// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A site under faults: it remembers what was sent, and can tell whether all of it is there once in the end.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
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

/** Leases are short, so that what a killed process held comes back soon. */
const env = { SALVAGE_QUEUE_LEASE_MS: '4000' };

export class FaultSite {
  readonly dataDir: string;
  site: RunningSite;
  /** What every crash sent so far must be called in the end. */
  readonly expected = new Map<string, string>();

  static async start(): Promise<FaultSite> {
    const dataDir = await mkdtemp(join(tmpdir(), 'salvage-faults-'));
    const faultSite = new FaultSite(dataDir, await RunningSite.start(dataDir, env));
    // Opens the way to the API while the database is up.
    await faultSite.site.reports();
    const { code, output } = await runCommand(['symbols', 'add', 'demo/symbols'], dataDir);
    assert.equal(code, 0, output);
    return faultSite;
  }

  private constructor(dataDir: string, site: RunningSite) {
    this.dataDir = dataDir;
    this.site = site;
  }

  async startAgain(): Promise<void> {
    this.site = await RunningSite.start(this.dataDir, env);
    await this.site.reports();
  }

  async end(): Promise<void> {
    await this.site.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** Sends crashes of three signatures in turn; every answer must be an acknowledgement. */
  async sendSome(count: number): Promise<string[]> {
    const sent: string[] = [];
    for (let index = 0; index < count; index++) {
      const [dump, signature] = kinds[index % kinds.length] as (typeof kinds)[number];
      const crashId = await this.site.send(dump);
      this.expected.set(crashId, signature);
      sent.push(crashId);
    }
    return sent;
  }

  async everyCrashIsDoneOnce(): Promise<void> {
    const isDone = await until(async () => (await this.site.reports()).length >= this.expected.size, 80_000, 200);
    const reports = await this.site.reports();
    const missing = [...this.expected.keys()].filter((crashId) => !reports.some(({ uuid }) => uuid === crashId));
    assert.ok(isDone, `missing: ${missing.join(', ')}\n${warnings(this.site.log)}`);
    assert.deepEqual(reports.map(({ uuid }) => uuid).sort(), [...this.expected.keys()].sort());
    for (const { uuid, signature } of reports) assert.equal(signature, this.expected.get(uuid), `${uuid} in the index`);
    for (const [crashId, signature] of this.expected) {
      const processed = await this.site.processedCrash(crashId);
      assert.equal(processed?.['signature'], signature, `${crashId} in storage`);
    }
    const database = await connect(this.site.dataDir);
    const isSettled = await until(
      async () => {
        const { rows } = await database.query(
          `select (select count(*) from queue_messages)::int as queued,
                  (select count(*) from queue_dead_letters)::int as dead,
                  (select count(*) from outbox_debts)::int as owed`,
        );
        return rows[0].queued + rows[0].dead + rows[0].owed === 0 && (await debtFiles(this.dataDir)).length === 0;
      },
      30_000,
      200,
    );
    const { rows: dead } = await database.query('select crash_id, reason from queue_dead_letters');
    await database.end();
    assert.deepEqual(dead, []);
    assert.ok(isSettled, `queue and outbox are not empty\n${warnings(this.site.log)}`);
  }

  /** Lets the walkers hang in what they do next; returns how to kill them, and how to let them go on. */
  async holdWalkers(): Promise<{ kill(): void; release(): void }> {
    assert.ok(await until(async () => (await this.site.walkerPids()).length > 0, 10_000), 'there is a walker');
    const pids = await this.site.walkerPids();
    const signal = (name: NodeJS.Signals) => pids.forEach((pid) => void process.kill(pid, name));
    signal('SIGSTOP');
    return { kill: () => signal('SIGKILL'), release: () => signal('SIGCONT') };
  }

  /** All that was sent waits in the queue, and the processor has taken some of it and waits for walks. */
  async walksAreUnderWay(sent: readonly string[]): Promise<void> {
    const database = await connect(this.dataDir);
    const isSo = await until(async () => {
      const { rows } = await database.query('select crash_id, is_leased from queue_messages');
      return sent.every((id) => rows.some((row) => row.crash_id === id)) && rows.some((row) => row.is_leased);
    }, 10_000);
    await database.end();
    assert.ok(isSo, `walks are under way\n${warnings(this.site.log)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
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

/** It takes connections. */
export async function isUp(dataDir: string): Promise<boolean> {
  const client = await connect(dataDir).catch(() => null);
  await client?.end();
  return client !== null;
}

/** The embedded database of a site. */
export async function connect(dataDir: string): Promise<pg.Client> {
  const url = await runningServerUrl(join(dataDir, 'postgres'));
  if (url === null) throw new Error('the database does not run');
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}
