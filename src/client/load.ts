// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { Clock } from '../lib/clock.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { type LoadAnswer, LoadConnection } from './load-connection.ts';
import type { Payload } from './payloads.ts';
import { crashIdIn } from './submit.ts';

/**
 * `closed`: so many clients, each sending its next report when the last is answered. `open`: reports arrive at a rate,
 * whatever the server does, as they do in life; latency counts from the moment a report was due, so that a server that
 * stalls cannot hide it.
 */
export type Loop =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'open'; readonly perSecond: number; readonly connectionsMax: number };

export interface LoadOptions {
  /** The intake, path included. */
  readonly url: URL;
  /** Sent in turn. */
  readonly payloads: readonly Payload[];
  readonly loop: Loop;
  readonly durationMs: number;
  readonly countMax?: number;
  /** Longest silence on a connection. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly onAnswer?: (answer: LoadAnswer) => void;
  /** About once a second. */
  readonly onProgress?: (result: LoadResult) => void;
  readonly signal?: AbortSignal;
}

export interface LoadResult {
  /** Answered with 200 and a crash id. */
  readonly count: number;
  /** Everything else, broken connections included. */
  readonly failed: number;
  readonly requestsPerSecond: number;
  readonly sentMegabytesPerSecond: number;
  readonly elapsedS: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Open loop: reports that were due while every connection was busy. */
  readonly waited: number;
  /** Open loop: reports that were due and never sent, because the server was so far behind. */
  readonly unsent: number;
  readonly answers: Readonly<Record<string, number>>;
}

const answerKindsMax = 40;
const progressMs = 1000;
/** Reports that wait for a connection; a server that is further behind will not catch up. */
const backlogMax = 10_000;

/** Loads an intake until the time or the count is over; what is under way then is awaited. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const load = new Load(options);
  const progress = setInterval(() => options.onProgress?.(load.result()), progressMs);
  try {
    await (options.loop.kind === 'closed' ? load.runClosed(options.loop.concurrency) : load.runOpen(options.loop));
  } finally {
    clearInterval(progress);
  }
  return load.result();
}

class Load {
  readonly #options: LoadOptions;
  readonly #startMs: number;
  readonly #latencies = new LatencyHistogram();
  readonly #answers = new Map<string, number>();
  #sent = 0;
  #sentBytes = 0;
  #count = 0;
  #failed = 0;
  #waited = 0;
  #unsent = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
  }

  async runClosed(concurrency: number): Promise<void> {
    const lane = async () => {
      const connection = new LoadConnection(this.#options.url, this.#options.timeoutMs);
      while (!this.#isOver) {
        const isAnswered = await this.#send(connection, this.#options.clock.monotonicMs());
        // A server that refuses connections would otherwise be asked as fast as the loop can turn.
        if (!isAnswered) await this.#options.clock.sleep(20);
      }
      connection.close();
    };
    await Promise.all(Array.from({ length: concurrency }, lane));
  }

  async runOpen({ perSecond, connectionsMax }: Extract<Loop, { kind: 'open' }>): Promise<void> {
    const { clock, url, timeoutMs } = this.#options;
    const idle: LoadConnection[] = [];
    const due: number[] = [];
    const busy = new Set<Promise<void>>();
    const start = (connection: LoadConnection, dueMs: number) => {
      const work = this.#send(connection, dueMs).then(() => {
        busy.delete(work);
        const next = due.shift();
        if (next === undefined) idle.push(connection);
        else start(connection, next);
      });
      busy.add(work);
    };
    for (let dueMs = this.#startMs; !this.#isOver; dueMs += 1000 / perSecond) {
      const waitMs = dueMs - clock.monotonicMs();
      if (waitMs > 0) await clock.sleep(waitMs);
      const connection = idle.pop() ?? (busy.size < connectionsMax ? new LoadConnection(url, timeoutMs) : null);
      if (connection) start(connection, dueMs);
      else {
        this.#waited += 1;
        if (due.length < backlogMax) due.push(dueMs);
        else this.#unsent += 1;
      }
    }
    this.#unsent += due.splice(0).length;
    await Promise.all(busy);
    for (const connection of idle) connection.close();
  }

  get #isOver(): boolean {
    const { clock, durationMs, countMax, signal } = this.#options;
    if (signal?.aborted || this.#sent >= (countMax ?? Number.POSITIVE_INFINITY)) return true;
    return clock.monotonicMs() - this.#startMs >= durationMs;
  }

  /** Sends the next report; false when no answer came. */
  async #send(connection: LoadConnection, dueMs: number): Promise<boolean> {
    const { payloads, clock, onAnswer } = this.#options;
    const payload = payloads[this.#sent++ % payloads.length] as Payload;
    const { status, text } = await connection.send(payload);
    const latencyMs = clock.monotonicMs() - dueMs;
    this.#sentBytes += payload.body.length;
    const isAccepted = status === 200 && crashIdIn(text) !== null;
    if (isAccepted) {
      this.#count += 1;
      this.#latencies.add(latencyMs);
    } else this.#failed += 1;
    this.#note(isAccepted ? 'accepted' : answerKind(status, text));
    onAnswer?.({ payload, status, text, latencyMs });
    return status !== 0;
  }

  #note(kind: string): void {
    const key = this.#answers.has(kind) || this.#answers.size < answerKindsMax ? kind : 'others';
    this.#answers.set(key, (this.#answers.get(key) ?? 0) + 1);
  }

  result(): LoadResult {
    const elapsedS = (this.#options.clock.monotonicMs() - this.#startMs) / 1000;
    const latency = (share: number) => rounded(this.#latencies.at(share));
    return {
      count: this.#count,
      failed: this.#failed,
      requestsPerSecond: rounded(this.#count / elapsedS),
      sentMegabytesPerSecond: rounded(this.#sentBytes / 1e6 / elapsedS),
      elapsedS: rounded(elapsedS),
      p50Ms: latency(0.5),
      p90Ms: latency(0.9),
      p99Ms: latency(0.99),
      p999Ms: latency(0.999),
      maxMs: rounded(this.#latencies.maxMs),
      waited: this.#waited,
      unsent: this.#unsent,
      answers: Object.fromEntries([...this.#answers].sort(([a], [b]) => a.localeCompare(b))),
    };
  }
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** `HTTP 400 Discarded=malformed_bad_gzip`, `no answer`. */
function answerKind(status: number, text: string): string {
  if (status === 0) return 'no answer';
  const line = text.split('\n', 1)[0]?.slice(0, 80) ?? '';
  return `HTTP ${status}${line === '' ? '' : ` ${line.replace(/[^\x20-\x7e]/g, '?')}`}`;
}
