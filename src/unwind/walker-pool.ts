// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { unwindLimits } from './limits.ts';
import { unwindMetrics } from './metrics.ts';
import { WalkerProcess, type WalkerProcessOptions, type WalkResult } from './walker-process.ts';
import type { WalkRequest } from './walker-protocol.ts';

export interface WalkerPoolOptions extends Pick<WalkerProcessOptions, 'entry' | 'setup'> {
  /** Processes at most; they are started when there is work. */
  readonly size: number;
  readonly memoryBytesMax?: number;
  readonly heapBytesMax?: number;
  /** Dumps after which a process is replaced. */
  readonly jobsMax?: number;
  /** Time for one dump, symbols included; then its process is killed. */
  readonly timeoutMs?: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

interface Job {
  readonly request: WalkRequest;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: WalkResult) => void;
}

/**
 * Walks dumps in child processes with a memory limit and a kill timer. A crash, hang or out-of-memory of a child fails
 * the dump that it had, and nothing else (design.md §2).
 */
export class WalkerPool {
  readonly #options: Required<WalkerPoolOptions>;
  readonly #idle: WalkerProcess[] = [];
  readonly #busy = new Set<WalkerProcess>();
  readonly #waiting: Job[] = [];
  readonly #leaving = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: WalkerPoolOptions) {
    this.#options = {
      memoryBytesMax: unwindLimits.walkerMemoryBytes.value,
      heapBytesMax: unwindLimits.walkerHeapBytes.value,
      jobsMax: unwindLimits.walkerJobsMax.value,
      timeoutMs: unwindLimits.walkMs.value + unwindLimits.symbolsMs.value,
      ...options,
    };
  }

  /** Process ids of the children, for status pages. */
  get pids(): readonly number[] {
    return [...this.#idle, ...this.#busy].flatMap(({ pid }) => pid ?? []);
  }

  /** Walks one dump; waits for a free process. Never rejects: what went wrong is the result. */
  walk(request: WalkRequest, signal?: AbortSignal): Promise<WalkResult> {
    return new Promise((resolve) => {
      const onAbort = () => this.#giveUp(job);
      const answer = (result: WalkResult) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const job: Job = { request, signal, resolve: answer };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(job);
      this.#assign();
    });
  }

  /** Starts all processes, so that the first dumps need not wait for them. */
  warmUp(): void {
    while (this.#processCount() < this.#options.size) this.#idle.push(this.#start());
  }

  /** Kills the children; walks under way and waiting end as failed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve(givenUp);
    await Promise.all([...[...this.#idle, ...this.#busy].map((child) => child.kill()), ...this.#leaving]);
    this.#idle.length = 0;
  }

  /** Of a job that still waits; one that runs has its process killed. */
  #giveUp(job: Job): void {
    const index = this.#waiting.indexOf(job);
    if (index !== -1) this.#waiting.splice(index, 1);
    job.resolve(givenUp);
  }

  #processCount(): number {
    return this.#idle.length + this.#busy.size;
  }

  #assign(): void {
    while (this.#waiting.length > 0 && (this.#idle.length > 0 || this.#processCount() < this.#options.size)) {
      const job = this.#waiting.shift() as Job;
      if (this.#isClosed || job.signal?.aborted) job.resolve(givenUp);
      else void this.#run(job, this.#takeIdle() ?? this.#start());
    }
  }

  /** A process that died while idle is dropped here. */
  #takeIdle(): WalkerProcess | undefined {
    for (let child = this.#idle.pop(); child; child = this.#idle.pop()) if (!child.isDead) return child;
    return undefined;
  }

  async #run(job: Job, child: WalkerProcess): Promise<void> {
    const { metrics, logger, timeoutMs, jobsMax } = this.#options;
    this.#busy.add(child);
    const start = performance.now();
    const result = await child.run(job.request, timeoutMs, job.signal);
    metrics.timing(unwindMetrics.walk, performance.now() - start, { status: result.status });
    if (result.status === 'failed') {
      metrics.incr(unwindMetrics.walkFailed, { slug: result.slug });
      logger.warning(`walk failed: ${result.detail}`, { slug: result.slug, dump_path: job.request.dumpPath });
    }
    this.#busy.delete(child);
    const isSpent = child.jobCount >= jobsMax || (result.status === 'failed' && result.slug === 'walk_memory');
    if (child.isDead || isSpent || this.#isClosed) this.#retire(child);
    else this.#idle.push(child);
    job.resolve(result);
    this.#assign();
  }

  #retire(child: WalkerProcess): void {
    const gone = child.kill().finally(() => this.#leaving.delete(gone));
    this.#leaving.add(gone);
  }

  #start(): WalkerProcess {
    return new WalkerProcess(this.#options);
  }
}

const givenUp: WalkResult = { status: 'failed', slug: 'walk_timeout', detail: 'the walk was given up by its caller' };
