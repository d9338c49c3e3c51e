// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { ChildProcess } from 'node:child_process';
import { unwindErrors } from './errors.ts';
import { unwindLimits } from './limits.ts';
import { residentBytesOf, withMemoryLimit } from './process-memory.ts';
import { spawnChild } from './spawn-child.ts';
import { Tail } from './tail.ts';
import {
  type Answer,
  AnswerDecoder,
  answerDescriptor,
  decodeFailure,
  type WalkFailure,
  type WalkRequest,
} from './walker-protocol.ts';

export interface WalkerProcessOptions {
  /** Absolute path of the entry file of the child. */
  readonly entry: string;
  /** The first line that the child reads, as JSON: not an argument, because addresses of servers may hold passwords. */
  readonly setup: unknown;
  readonly memoryBytesMax: number;
  readonly heapBytesMax: number;
}

export type WalkResult =
  | { readonly status: 'ok' /** The stackwalk document, UTF-8 JSON. */; readonly json: Uint8Array }
  | ({ readonly status: 'failed' } & WalkFailure);

const watchIntervalMs = 200;

/** One long-lived child process. It does one request at a time; when it fails in any way it is dead and replaced. */
export class WalkerProcess {
  /** Requests answered. */
  jobCount = 0;
  isDead = false;
  readonly #child: ChildProcess;
  readonly #options: WalkerProcessOptions;
  readonly #stderr = new Tail(unwindLimits.stderrBytesMax.value);
  readonly #decoder = new AnswerDecoder(unwindLimits.resultBytesMax.value);
  readonly #exited: Promise<void>;
  #settle: ((result: WalkResult) => void) | null = null;

  constructor(options: WalkerProcessOptions) {
    this.#options = options;
    this.#child = spawnWalker(options);
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    this.#child.stdin?.on('error', () => {});
    this.#send(options.setup);
    const answers = this.#child.stdio?.[answerDescriptor];
    answers?.on('data', (chunk: Buffer) => this.#receive(chunk));
    answers?.on('error', () => {});
    this.#exited = new Promise((resolve) => {
      this.#child.on('error', (error) => this.#died(`could not be started: ${error.message}`, resolve));
      this.#child.on('close', (code, signal) => this.#died(`ended with ${signal ?? `exit code ${code}`}`, resolve));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Never rejects. After the time limit, or when the signal is aborted, the process is killed. */
  async run(request: WalkRequest, timeoutMs: number, signal?: AbortSignal): Promise<WalkResult> {
    const done = new Promise<WalkResult>((resolve) => {
      this.#settle = resolve;
    });
    const timer = setTimeout(
      () => this.#fail(unwindErrors.walk_timeout.slug, `no answer after ${timeoutMs} ms`),
      timeoutMs,
    );
    const watch = setInterval(() => void this.#checkMemory(), watchIntervalMs);
    const onAbort = () => this.#fail(unwindErrors.walk_timeout.slug, 'the walk was given up by its caller');
    signal?.addEventListener('abort', onAbort, { once: true });
    if (this.isDead) this.#fail(unwindErrors.walk_died.slug, 'the walker process was dead before it began');
    else this.#send(request);
    const result = await done;
    clearTimeout(timer);
    clearInterval(watch);
    signal?.removeEventListener('abort', onAbort);
    this.jobCount += 1;
    return result;
  }

  /** Ends the process; resolves when it is gone. */
  async kill(): Promise<void> {
    this.isDead = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #send(message: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  #receive(chunk: Uint8Array): void {
    const answers = this.#decoder.push(chunk);
    if (answers === null) this.#fail(unwindErrors.walk_output_too_large.slug, 'an answer over the limit');
    for (const answer of answers ?? []) this.#answer(answer);
  }

  #answer({ kind, body }: Answer): void {
    if (kind === 'document') this.#finish({ status: 'ok', json: body });
    else this.#finish({ status: 'failed', ...decodeFailure(body) });
  }

  #died(how: string, resolve: () => void): void {
    this.isDead = true;
    const words = this.#stderr.text();
    const isOutOfMemory = /out of memory|allocation failed|failed to allocate|bad_alloc|process OOM/i.test(words);
    const kind = isOutOfMemory ? unwindErrors.walk_memory : unwindErrors.walk_died;
    this.#finish({ status: 'failed', slug: kind.slug, detail: `the walker process ${how}: ${lastLineOf(words)}` });
    resolve();
  }

  async #checkMemory(): Promise<void> {
    const bytes = this.pid === undefined ? undefined : await residentBytesOf(this.pid);
    if (bytes !== undefined && bytes > this.#options.memoryBytesMax && this.#settle)
      this.#fail(unwindErrors.walk_memory.slug, `the walker process used ${bytes} bytes`);
  }

  #fail(slug: string, detail: string): void {
    this.isDead = true;
    this.#finish({ status: 'failed', slug, detail });
    this.#child.kill('SIGKILL');
  }

  #finish(result: WalkResult): void {
    const settle = this.#settle;
    this.#settle = null;
    settle?.(result);
  }
}

function spawnWalker({ entry, memoryBytesMax, heapBytesMax }: WalkerProcessOptions): ChildProcess {
  const heapMiB = Math.floor(heapBytesMax / 1024 ** 2);
  const node = [process.execPath, `--max-old-space-size=${heapMiB}`, '--disable-warning=ExperimentalWarning'];
  const [command = '', ...args] = withMemoryLimit([...node, entry], memoryBytesMax);
  return spawnChild(command, args, { stdio: ['pipe', 'ignore', 'pipe', 'pipe'] });
}

/** Of a fatal V8 report the line that says why; otherwise the last line. */
function lastLineOf(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines.findLast((line) => /FATAL|Error/.test(line)) ?? lines.at(-1) ?? 'no last words').slice(0, 500);
}
