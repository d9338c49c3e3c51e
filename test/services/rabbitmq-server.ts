// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A RabbitMQ broker for tests: Debian's rabbitmq-server, in its own folder, on loopback, one for all test files.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from 'rabbitmq-client';
import { freePort } from './free-port.ts';
import { removeAfterwards } from './janitor.ts';

export const rabbitmqEnv = 'SALVAGE_TEST_RABBITMQ_URL';

const program = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** Null, or why the broker cannot be started on this machine. */
export function rabbitmqMissing(): string | null {
  return existsSync(program) ? null : 'RabbitMQ (Debian package rabbitmq-server)';
}

/** Ends the broker when the pipe of the test process closes, however that happens. */
const supervisor = `"$@" 3<&- & server=$!
(read line <&3; kill -TERM $(cat "$RABBITMQ_PID_FILE") 2>/dev/null || kill -TERM $server) & watcher=$!
wait $server
kill $watcher 2>/dev/null`;

export interface TestBroker {
  readonly url: string;
  /** Holds the cookie that its tools need. */
  readonly folder: string;
  /** Resolves when the broker answers: 8–10 s after the start. */
  ready(): Promise<void>;
  /** kill -9 of the broker itself. */
  kill(): Promise<void>;
  /** Starts again what was killed, with the same folder and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a broker and returns at once; `ready()` waits for it. */
export async function startTestBroker(): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'salvage-test-rabbitmq-'));
  removeAfterwards(folder, join(folder, 'pid'));
  const [port, distPort] = [await freePort(), await freePort()];
  await mkdir(join(folder, 'mnesia'));
  await writeFile(join(folder, 'plugins'), '[].');
  await writeFile(join(folder, 'rabbitmq.conf'), '');
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  let child = await spawnBroker(folder, port, distPort);
  return {
    url,
    folder,
    ready: () => awaitBroker(url),
    async kill() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 'SIGKILL');
      await exited;
    },
    async restart() {
      child = await spawnBroker(folder, port, distPort);
      await awaitBroker(url);
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      (child.stdio[3] as NodeJS.WritableStream).end();
      const deadline = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await exited;
      clearTimeout(deadline);
    },
  };
}

async function spawnBroker(folder: string, port: number, distPort: number): Promise<ChildProcess> {
  const log = await open(join(folder, 'log'), 'a');
  const child = spawn('/bin/sh', ['-c', supervisor, 'test-broker', program], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: folder,
      LANG: 'C.UTF-8',
      RABBITMQ_NODENAME: `salvage${port}@localhost`,
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_DIST_PORT: String(distPort),
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: folder,
      RABBITMQ_LOGS: '-',
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      // Two schedulers that do not spin: the machine also runs the tests.
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none',
      ERL_EPMD_ADDRESS: '127.0.0.1',
    },
  });
  await log.close();
  child.unref();
  (child.stdio[3] as unknown as { unref(): void }).unref();
  return child;
}

export async function awaitBroker(url: string): Promise<void> {
  const connection = new Connection({ url, retryLow: 100, retryHigh: 500, connectionTimeout: 5_000 });
  connection.on('error', () => {});
  try {
    await connection.onConnect(90_000, false);
  } finally {
    await connection.close().catch(() => {});
  }
}
