// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `salvage collector` as a command: settings in, log lines and exit codes out.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

export const root = await mkdtemp(join(tmpdir(), 'salvage-process-'));
const children = new Set<ChildProcess>();
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

export const command = join(import.meta.dirname, '../../salvage');
let folderCount = 0;

export interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  readonly dataDir: string;
  /** Everything written so far, stdout and stderr. */
  text(): string;
  /** The Fields of mozlog lines of one logger. */
  linesOf(logger: string): Record<string, unknown>[];
  waitFor(pattern: RegExp): Promise<void>;
  /** Exit code and signal. */
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export function newFolder(): string {
  folderCount += 1;
  return join(root, String(folderCount));
}

/** Starts it without waiting for anything. */
export function launchCollector(environment: Record<string, string>, dataDir = newFolder()) {
  const child = spawn(process.execPath, [command, 'collector'], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0', SALVAGE_DATA_DIR: dataDir, ...environment },
  });
  children.add(child);
  let written = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      written += chunk;
      for (const look of waiting) look();
    });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const waitFor = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!pattern.test(written)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      ended.then(() => reject(new Error(`ended before ${pattern}:\n${written}`)));
      look();
    });
  return { child, dataDir, ended, waitFor, text: () => written };
}

/** Starts it and waits until intake is open. */
export async function startCollector(environment: Record<string, string>, dataDir?: string): Promise<Running> {
  const running = launchCollector(environment, dataDir);
  await running.waitFor(/intake is open/);
  const { child, ended, text } = running;
  return {
    ...running,
    port: Number(/intake is open: http:\/\/[^:]+:(\d+)\//.exec(text())?.[1]),
    linesOf: (logger) =>
      mozlogLines(text())
        .filter((line) => line.Type === logger)
        .map((line) => line.Fields),
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

interface Mozlog {
  readonly Timestamp: number;
  readonly Type: string;
  readonly Severity: number;
  readonly Pid: number;
  readonly EnvVersion: string;
  readonly Hostname: string;
  readonly Fields: Record<string, unknown>;
}

export function mozlogLines(text: string): Mozlog[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Mozlog);
}

export const reportBody = Buffer.from(
  '--b\r\nContent-Disposition: form-data; name="ProductName"\r\n\r\nEditor\r\n--b\r\nContent-Disposition: form-data; name="Version"\r\n\r\n1.0\r\n--b\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="a.dmp"\r\n\r\nMDMP dump\r\n--b--\r\n',
);

/** Sends the report, and demands that it is taken; returns its crash id. */
export async function submitReport(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/submit`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=b', connection: 'close' },
    body: reportBody,
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.match(text, /^CrashID=bp-[0-9a-f-]{36}\n$/);
  return text.trim().slice('CrashID=bp-'.length);
}
