// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ChildProcess } from 'node:child_process';
import { isJsonObject, isNestedAtMost, type JsonValue } from '../lib/json.ts';
import { breakpadMachineDocument } from './breakpad-machine.ts';
import { unwindErrors } from './errors.ts';
import { unwindLimits } from './limits.ts';
import { spawnChild } from './spawn-child.ts';
import { Tail } from './tail.ts';
import type { WalkResult } from './walker-process.ts';

export interface ExternalWalkerOptions {
  /** Command and arguments, no shell. `{dump}` is the dump's path, `{symbols}` the symbol directory. */
  readonly command: readonly string[];
  readonly symbolDirectory: string;
  readonly output: 'rust-json' | 'breakpad-machine';
  readonly timeoutMs: number;
}

export interface ExternalWalkResult {
  readonly result: WalkResult;
  /** Null when it was killed or could not be started. */
  readonly exitCode: number | null;
  /** Its last words. */
  readonly stderr: string;
}

/** `minidump-stackwalk --json "{dump}"` to words, as a shell would split it, quotes included. */
export function splitCommand(command: string): string[] {
  const words = command.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

/** Walks a dump with a program of somebody else (stackwalker.md §1). Never rejects. */
export async function walkExternally(
  dumpPath: string,
  options: ExternalWalkerOptions,
  signal?: AbortSignal,
): Promise<ExternalWalkResult> {
  const [command = '', ...args] = options.command.map((word) =>
    word.replaceAll('{dump}', dumpPath).replaceAll('{symbols}', options.symbolDirectory),
  );
  // Its own process group, so that what it has started dies with it.
  const child = spawnChild(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const run = await watch(child, options.timeoutMs, signal);
  return { result: resultOf(run, options), exitCode: run.exitCode, stderr: run.stderr };
}

interface FinishedRun {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly exitCode: number | null;
  /** Slug of why it was killed or could not run. */
  readonly failure: { readonly slug: string; readonly detail: string } | null;
}

function watch(child: ChildProcess, timeoutMs: number, signal: AbortSignal | undefined): Promise<FinishedRun> {
  const chunks: Buffer[] = [];
  const stderr = new Tail(unwindLimits.stderrBytesMax.value);
  let failure: FinishedRun['failure'] = null;
  let sizeBytes = 0;
  const stop = (slug: string, detail: string) => {
    failure ??= { slug, detail };
    killGroup(child);
  };
  const onAbort = () => stop(unwindErrors.walk_timeout.slug, 'the walk was given up by its caller');
  const timer = setTimeout(() => stop(unwindErrors.walk_timeout.slug, `no answer after ${timeoutMs} ms`), timeoutMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  child.stdout?.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > unwindLimits.externalOutputBytesMax.value)
      stop(unwindErrors.walk_output_too_large.slug, 'it printed more than the limit');
    else chunks.push(chunk);
  });
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve) => {
    const finish = (exitCode: number | null) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve({ stdout: Buffer.concat(chunks), stderr: stderr.text(), exitCode, failure });
    };
    child.on('error', (error) => {
      failure = {
        slug: unwindErrors.walk_died.slug,
        detail: `the external walker cannot be started: ${error.message}`,
      };
      finish(null);
    });
    child.on('exit', () => killGroup(child));
    child.on('close', finish);
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone, or this is Windows, which has none.
    child.kill('SIGKILL');
  }
}

function resultOf({ stdout, stderr, exitCode, failure }: FinishedRun, { output }: ExternalWalkerOptions): WalkResult {
  if (failure) return { status: 'failed', ...failure };
  if (exitCode !== 0) {
    const words = stderr.trim().split('\n').at(-1) ?? '';
    return {
      status: 'failed',
      slug: unwindErrors.walk_failed.slug,
      detail: `exit code ${exitCode}: ${words.slice(0, 500)}`,
    };
  }
  if (output === 'breakpad-machine') {
    const document = breakpadMachineDocument(stdout.toString());
    return document === null
      ? unusable('its output is not that of minidump_stackwalk -m')
      : { status: 'ok', json: Buffer.from(JSON.stringify(document)) };
  }
  try {
    const document = JSON.parse(stdout.toString()) as JsonValue;
    if (!isNestedAtMost(document, unwindLimits.externalJsonDepthMax.value))
      return unusable('its output is nested too deeply');
    if (isJsonObject(document)) return { status: 'ok', json: stdout };
    return unusable(`its output is JSON but no object: ${stdout.subarray(0, 100)}`);
  } catch {
    return unusable(`its output is no JSON: ${stdout.subarray(0, 100)}`);
  }
}

const unusable = (detail: string): WalkResult => ({
  status: 'failed',
  slug: unwindErrors.external_walker_output.slug,
  detail,
});
