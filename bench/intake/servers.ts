// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The servers under test, each its own process pinned to core 0.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { clearFolder, makeFolder } from './folders.ts';

export interface RunningServer {
  readonly port: number;
  /** CPU milliseconds used so far by the process that does the work. */
  cpuMs(): number;
  rssMb(): number;
  readonly dataDir: string;
  stop(): Promise<void>;
  /** Ends it at once; what waits is lost. */
  kill(): Promise<void>;
}

const root = join(import.meta.dirname, '../..');
const ticksPerSecond = 100;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

async function waitUntilOpen(port: number, path: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isOpen = await fetch(`http://127.0.0.1:${port}${path}`).then(
      () => true,
      () => false,
    );
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the server on port ${port} did not open`);
}

function running(child: ChildProcess, pid: () => number, port: number, dataDir: string): RunningServer {
  const end = async (signal: NodeJS.Signals) => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
    clearFolder(dataDir);
  };
  return {
    port,
    dataDir,
    cpuMs() {
      const fields = readFileSync(`/proc/${pid()}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
    },
    rssMb: () => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid()}/status`, 'latin1'))?.[1]) / 1024),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

export function startSalvage(environment: Record<string, string>): Promise<RunningServer> {
  return startCollector([join(root, 'salvage'), 'collector'], environment);
}

/** A collector whose storage waits before each save. */
export function startDelayedCollector(delayMs: number): Promise<RunningServer> {
  const environment = { DELAY_MS: String(delayMs), LOGGING_LEVEL: 'warning' };
  return startCollector([join(import.meta.dirname, 'delayed-collector.ts')], environment);
}

async function startCollector(command: readonly string[], environment: Record<string, string>): Promise<RunningServer> {
  const [port, dataDir] = [await freePort(), makeFolder()];
  const child = spawn('taskset', ['-c', '0', process.execPath, ...command], {
    stdio: 'ignore',
    env: { ...process.env, PORT: String(port), HOST: '127.0.0.1', SALVAGE_DATA_DIR: dataDir, ...environment },
  });
  await waitUntilOpen(port, '/__lbheartbeat__');
  return running(child, () => child.pid as number, port, dataDir);
}

export async function startNodeFloor(kind: 'discard' | 'fastify' | 'file'): Promise<RunningServer> {
  const [port, dataDir] = [await freePort(), makeFolder()];
  const child = spawn(
    'taskset',
    ['-c', '0', process.execPath, join(import.meta.dirname, 'node-floor.ts'), kind, String(port), dataDir],
    { stdio: 'ignore' },
  );
  await waitUntilOpen(port, '/');
  return running(child, () => child.pid as number, port, dataDir);
}

/** nginx that stores every body in a file, one worker; null when nginx is not installed. */
export async function startNginx(): Promise<RunningServer | null> {
  if (spawnSync('nginx', ['-v']).status !== 0) return null;
  const [port, inner, dataDir] = [await freePort(), await freePort(), makeFolder()];
  mkdirSync(join(dataDir, 'bodies'));
  const config = `daemon off; worker_processes 1; pid ${dataDir}/pid; error_log ${dataDir}/error.log; user root;
events { worker_connections 1024; }
http { access_log off; client_max_body_size 100m; client_body_temp_path ${dataDir}/bodies; client_body_in_file_only on; client_body_buffer_size 16k;
  proxy_temp_path ${dataDir}/p; fastcgi_temp_path ${dataDir}/f; uwsgi_temp_path ${dataDir}/u; scgi_temp_path ${dataDir}/s; keepalive_requests 1000000;
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${inner}; proxy_pass_request_body off; proxy_set_header Content-Length ""; } }
  server { listen 127.0.0.1:${inner}; location / { return 200 "CrashID=bp-0bba929f-8721-460c-8dea-000000261120\\n"; } } }`;
  writeFileSync(join(dataDir, 'nginx.conf'), config);
  const child = spawn('taskset', ['-c', '0', 'nginx', '-c', join(dataDir, 'nginx.conf')], { stdio: 'ignore' });
  await waitUntilOpen(port, '/');
  const worker = () => {
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim().split(' ');
    return Number(children[0]);
  };
  return running(child, worker, port, dataDir);
}
