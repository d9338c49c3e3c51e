// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorText, SalvageError } from '../lib/errors.ts';
import { type ExternalWalkerOptions, type ExternalWalkResult, walkExternally } from '../unwind/unwind.ts';
import { processorErrors } from './errors.ts';
import type { Walker, WalkOutcome, WalkRequest } from './walker.ts';

const versionTimeoutMs = 10_000;
const logLinesKept = 9;

/**
 * A program of somebody else as walker, such as minidump-stackwalk: started without a shell in a process group of its
 * own, which is killed whole. Beside `{dump}` and `{symbols}` its command may have `{raw}`, the path of the raw crash
 * as JSON. Fails with `walk_failed` when it cannot even be started.
 */
export async function openExternalWalker(options: ExternalWalkerOptions): Promise<Walker> {
  const version = await versionOf(options.command[0] ?? '');
  return {
    name: 'minidump-stackwalk',
    version,
    async walk(request, signal) {
      const command = await withRawCrash(options.command, request);
      return outcomeOf(await walkExternally(request.dumpPath, { ...options, command }, signal));
    },
  };
}

/** Breakpad's minidump_stackwalk has no version to tell and exits with 1: that it starts is all that can be asked. */
async function versionOf(program: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: versionTimeoutMs });
    return stdout.trim().split('\n')[0]?.slice(0, 200) ?? '';
  } catch (cause) {
    const hasExited = typeof (cause as { code?: unknown }).code === 'number';
    if (hasExited) return 'unknown';
    throw new SalvageError(processorErrors.walk_failed, `${program} cannot be started: ${errorText(cause)}`, { cause });
  }
}

/** Writes the raw crash beside the dump only where the command asks for it. */
async function withRawCrash(command: readonly string[], request: WalkRequest): Promise<readonly string[]> {
  if (!command.some((word) => word.includes('{raw}'))) return command;
  const path = await request.folder.newFile('.raw.json');
  await writeFile(path, JSON.stringify(request.rawCrash), { mode: 0o600 });
  return command.map((word) => word.replaceAll('{raw}', path));
}

function outcomeOf({ result, exitCode, stderr }: ExternalWalkResult): WalkOutcome {
  if (result.status === 'ok') return { output: result.json, exitCode: 0, log: stderr };
  const isOver = result.slug === 'walk_timeout';
  // Words of its own say more than ours: `ERROR MissingHeader`.
  const log = stderr.startsWith('ERROR') ? stderr : `ERROR ${result.slug} ${result.detail}\n${lastLinesOf(stderr)}`;
  return { output: null, exitCode: exitCode ?? (isOver ? -9 : 1), log };
}

function lastLinesOf(text: string): string {
  return text.split('\n').slice(-logLinesKept).join('\n');
}
