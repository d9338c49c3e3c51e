// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A program from PyPI in an environment of its own, installed once and kept (`SALVAGE_PEERS_DIR`, default in the folder
 * for temporary files). Returns the path of one of its commands.
 */
export function pythonTool(pack: string, command: string): string {
  const root = process.env['SALVAGE_PEERS_DIR'] ?? join(tmpdir(), 'salvage-peers');
  mkdirSync(root, { recursive: true });
  const folder = join(root, pack.replace(/[^a-z-].*$/, ''));
  const path = join(folder, 'bin', command);
  if (existsSync(path)) return path;
  run('python3', ['-m', 'venv', folder]);
  run(join(folder, 'bin', 'pip'), ['install', '--quiet', pack]);
  return path;
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { timeout: 600_000, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}: ${stderr?.slice(-500)}`);
}

export interface ToolRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a tool beside the server of this process, which therefore must not be blocked. */
export function runTool(
  path: string,
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<ToolRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      cwd: options.cwd,
      env: { ...process.env, NO_COLOR: '1', COLUMNS: '200', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes) => (stdout += bytes));
    child.stderr.on('data', (bytes) => (stderr += bytes));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}
