// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A real `salvage serve` in a process of its own, with what a test needs from outside: send, look, kill.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type DemoParts, makeDemoReports, sendDemoReport } from '../../src/client/demo.ts';
import { demoScenes } from '../../src/client/demo-scenes.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { nullLogger } from '../../src/lib/log.ts';
import { makePool } from '../../src/lib/postgres/pool.ts';
import { runningServerUrl } from '../../src/lib/postgres/running-server.ts';
import { PostgresPeople } from '../../src/people/postgres-people.ts';

export const projectRoot = join(import.meta.dirname, '../..');
export const commandFile = join(projectRoot, 'src/bin/salvage.ts');

const startTimeoutMs = 60_000;

/** Tests ask for a result until it is there, oftener than people may. */
const asksOften = {
  SALVAGE_WEB_KNOWN_REQUESTS_PER_MINUTE: '1000000',
  SALVAGE_WEB_ANONYMOUS_REQUESTS_PER_MINUTE: '1000000',
};

/** One row of a search: the fields that tests look at. */
export interface FoundReport {
  readonly uuid: string;
  readonly signature: string;
  readonly product: string;
}

export class RunningSite {
  readonly dataDir: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #log: { text: string };
  #token: string | null = null;

  /** Starts a site on a free port over the data folder; resolves when it is ready. */
  static async start(dataDir: string, env: Readonly<Record<string, string>> = {}): Promise<RunningSite> {
    const child = spawn(process.execPath, [commandFile, 'serve'], {
      env: { ...process.env, SALVAGE_DATA_DIR: dataDir, PORT: '0', ...asksOften, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = { text: '' };
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (log.text += chunk));
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const isReady = await until(() => /ready: http/.test(log.text) || child.exitCode !== null, startTimeoutMs);
    const url = /ready: (http:\/\/[^/"]+)/.exec(log.text)?.[1];
    if (isReady && url) return new RunningSite(dataDir, url, child, exited, log);
    child.kill('SIGKILL');
    throw new Error(`the site did not start: ${log.text.slice(-3000)}`);
  }

  private constructor(dataDir: string, url: string, child: ChildProcess, exited: Promise<void>, log: { text: string }) {
    this.dataDir = dataDir;
    this.url = url;
    this.#child = child;
    this.#exited = exited;
    this.#log = log;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** All that the site has logged. */
  get log(): string {
    return this.#log.text;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Sends one crash of the demo; resolves with its id once the site has acknowledged it. */
  send(dump: string): Promise<string> {
    return sendDemoCrash(dump, `${this.url}/submit`);
  }

  /** A token that may see everything; made with the first call, which needs the database. */
  async token(): Promise<string> {
    this.#token ??= await this.#makeToken();
    return this.#token;
  }

  /** Answer of the API as JSON; null for 404, for a page of a site that is starting, and while the database is away. */
  async api<T>(path: string): Promise<T | null> {
    const response = await fetch(this.url + path, { headers: { 'auth-token': await this.token() } });
    const text = await response.text();
    if (response.status === 404 || response.status === 202 || response.status >= 500) return null;
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }

  processedCrash(crashId: string): Promise<Record<string, unknown> | null> {
    return this.api(`/api/ProcessedCrash/?crash_id=${crashId}`);
  }

  /** All reports in the search index, one for each row there. */
  async reports(): Promise<readonly FoundReport[]> {
    const columns = ['uuid', 'signature', 'product'].map((name) => `_columns=${name}`).join('&');
    const answer = await this.api<{ hits: FoundReport[] }>(`/api/SuperSearch/?_results_number=1000&${columns}`);
    return answer?.hits ?? [];
  }

  /** Process ids of the walkers. */
  async walkerPids(): Promise<readonly number[]> {
    const pids: number[] = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const [line, status] = await Promise.all(
        ['cmdline', 'stat'].map((file) => readFile(join('/proc', name, file), 'utf8').catch(() => '')),
      );
      const parent = Number(/\) \S (\d+) /.exec(status as string)?.[1]);
      if (parent === this.pid && line?.includes('walker-child')) pids.push(Number(name));
    }
    return pids;
  }

  /** Process id of the embedded PostgreSQL server. */
  async postgresPid(): Promise<number> {
    return Number.parseInt(await readFile(join(this.dataDir, 'postgres/data/postmaster.pid'), 'utf8'), 10);
  }

  async #makeToken(): Promise<string> {
    const url = await runningServerUrl(join(this.dataDir, 'postgres'));
    if (url === null) throw new Error('the database does not run');
    const pool = makePool({
      url,
      logger: nullLogger,
      connectionsMax: 1,
      statementTimeoutMs: 10_000,
      applicationName: 'test',
    });
    const people = new PostgresPeople({ pool, clock: systemClock, logger: nullLogger });
    const name = `tester-${randomBytes(4).toString('hex')}`;
    // A site shows nothing before it has an admin.
    const account = await people.makeAccount({ name, role: 'admin', products: null });
    const { token } = await people.makeToken(account.id, {
      name: 'test',
      permissions: ['view', 'view_pii', 'view_rawdump'],
      days: 1,
    });
    await people.close();
    await pool.end();
    return token;
  }
}

const demoParts: DemoParts = {
  readDump: async (name) => gunzipSync(await readFile(join(projectRoot, 'demo/dumps', `${name}.dmp.gz`))),
  now: () => new Date(),
  randomHex: (digits) => randomBytes(digits).toString('hex').slice(0, digits),
};

/** Sends one crash of the demo to an intake; resolves with its id. */
export async function sendDemoCrash(dump: string, submitUrl: string): Promise<string> {
  const scene = demoScenes.find((candidate) => candidate.dump === dump);
  if (!scene) throw new Error(`the demo has no dump ${dump}`);
  const [report] = await makeDemoReports([{ ...scene, count: 1 }], demoParts);
  if (!report) throw new Error('no report');
  return (await sendDemoReport(report, submitUrl, demoParts.randomHex)).crashId;
}

/** Asks until the answer is true; false after the time is up. */
export async function until(isSo: () => boolean | Promise<boolean>, timeoutMs: number, pauseMs = 50): Promise<boolean> {
  const giveUpAt = performance.now() + timeoutMs;
  while (performance.now() < giveUpAt) {
    if (await isSo()) return true;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return false;
}

/** Runs a command of the product over a data folder; resolves with what it wrote. */
export function runCommand(
  args: readonly string[],
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [commandFile, ...args], {
    env: { ...process.env, SALVAGE_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}
