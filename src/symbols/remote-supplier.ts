// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { errorText, SalvageError } from '../lib/errors.ts';
import { errorCode } from '../lib/files.ts';
import type { Metrics } from '../lib/metrics.ts';
import { Semaphore } from '../lib/semaphore.ts';
import { symbolErrors } from './errors.ts';
import { symbolLimits } from './limits.ts';
import { symbolMetrics } from './metrics.ts';
import { NegativeCache, type NegativeTimes } from './negative-cache.ts';
import { receiveSym } from './receive-sym.ts';
import { debugIdSpellings, encodePathPart, keyPath, type SymbolKey } from './symbol-key.ts';
import type { SymbolModule } from './symbol-provider.ts';
import type { SupplierAnswer, SymbolSupplier } from './symbol-supplier.ts';

/**
 * What a remote source fetches one spelling of a key with. Null = the source answered "not there". Throws a SalvageError
 * of `symbol_source_denied` or `symbol_address_refused` for a refusal, anything else for an outage.
 */
export type FetchSym = (
  key: SymbolKey,
  module: SymbolModule,
  signal: AbortSignal,
) => Promise<{ readonly body: AsyncIterable<Uint8Array>; readonly url: string | null } | null>;

export interface RemoteSupplierOptions {
  /** Stable over restarts: it names the download directory and what is remembered. */
  readonly id: string;
  readonly cacheDirectory: string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly sizeBytesMax: number;
  readonly downloadTimeoutMs: number;
  readonly negativeTimes?: NegativeTimes;
  /** Tries of an unreachable source per question, and the first pause between them. */
  readonly attemptsMax?: number;
  readonly retryWaitMs?: number;
}

/** After so many outages in a row a source rests, so that 200 modules do not each wait for the same dead server. */
const outagesBeforeRest = 10;
const restMs = 30_000;

/**
 * A source whose files are fetched into the cache directory: one flight per key, failures remembered by kind, a file
 * there whole or not at all. How bytes are fetched is the caller's (`fetch`): HTTP, or a bucket.
 */
export class RemoteSupplier implements SymbolSupplier {
  readonly id: string;
  readonly #options: RemoteSupplierOptions;
  readonly #fetch: FetchSym;
  readonly #directory: string;
  readonly #negative: NegativeCache;
  readonly #slots = new Semaphore(symbolLimits.downloadsPerSourceMax.value);
  readonly #flights = new Map<string, Promise<SupplierAnswer>>();
  #outagesInRow = 0;
  #restsUntilMs = 0;

  constructor(options: RemoteSupplierOptions, fetch: FetchSym) {
    this.id = options.id;
    this.#options = options;
    this.#fetch = fetch;
    const slug = createHash('sha256').update(options.id).digest('hex').slice(0, 12);
    this.#directory = path.join(options.cacheDirectory, 'downloads', slug);
    this.#negative = new NegativeCache(
      path.join(options.cacheDirectory, 'misses', slug),
      options.clock,
      options.negativeTimes,
    );
  }

  identityOf(key: SymbolKey): string {
    return `${this.id}|${keyPath(key)}`;
  }

  find(key: SymbolKey, module: SymbolModule, signal?: AbortSignal): Promise<SupplierAnswer> {
    const name = keyPath(key);
    const flight = this.#flights.get(name);
    if (flight) return flight;
    const started = this.#find(key, module, signal).finally(() => this.#flights.delete(name));
    this.#flights.set(name, started);
    return started;
  }

  /** Drops what is remembered of a key, e.g. when its symbols have arrived. */
  forget(key: SymbolKey): void {
    this.#negative.forget(keyPath(key));
  }

  async #find(key: SymbolKey, module: SymbolModule, signal?: AbortSignal): Promise<SupplierAnswer> {
    const target = path.join(this.#directory, ...keyPath(key).split('/').map(encodePathPart));
    const found = { kind: 'found', file: { path: target, identity: this.identityOf(key), url: null } } as const;
    if (await isFile(target)) return found;
    const remembered = this.#negative.get(keyPath(key));
    if (remembered) return remembered;
    if (this.#options.clock.now().getTime() < this.#restsUntilMs)
      return { kind: 'unreachable', detail: `${this.id} rests after ${outagesBeforeRest} failures in a row` };
    return this.#slots.run(async () => {
      const answer = await this.#download(key, module, target, signal);
      if (answer.kind !== 'found' && !signal?.aborted) this.#negative.remember(keyPath(key), answer);
      this.#countOutage(answer.kind === 'unreachable');
      return answer;
    });
  }

  #countOutage(isOutage: boolean): void {
    this.#outagesInRow = isOutage ? this.#outagesInRow + 1 : 0;
    if (this.#outagesInRow < outagesBeforeRest) return;
    this.#restsUntilMs = this.#options.clock.now().getTime() + restMs;
    this.#outagesInRow = outagesBeforeRest - 1;
  }

  async #download(key: SymbolKey, module: SymbolModule, target: string, signal?: AbortSignal): Promise<SupplierAnswer> {
    const { clock, metrics, attemptsMax = 3, retryWaitMs = 200 } = this.#options;
    const startedMs = clock.monotonicMs();
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(key, module, target, signal);
      if (answer.kind === 'unreachable' && attempt < attemptsMax && !signal?.aborted) {
        await clock.sleep(retryWaitMs * 2 ** (attempt - 1));
        continue;
      }
      metrics.timing(symbolMetrics.download, clock.monotonicMs() - startedMs, { source: this.id });
      return answer;
    }
  }

  async #attempt(key: SymbolKey, module: SymbolModule, target: string, signal?: AbortSignal): Promise<SupplierAnswer> {
    const timeout = AbortSignal.timeout(this.#options.downloadTimeoutMs);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    try {
      for (const debugId of debugIdSpellings(key.debugId)) {
        const fetched = await this.#fetch({ ...key, debugId }, module, either);
        if (!fetched) continue;
        const { sizeBytesMax } = this.#options;
        await receiveSym(fetched.body, target, { debugId: key.debugId, sizeBytesMax, url: fetched.url });
        return { kind: 'found', file: { path: target, identity: this.identityOf(key), url: fetched.url } };
      }
      return { kind: 'not_found' };
    } catch (error) {
      return failureOf(error);
    }
  }
}

function failureOf(error: unknown): SupplierAnswer {
  const detail = errorText(error);
  const slug = error instanceof SalvageError ? error.slug : '';
  if (slug === symbolErrors.sym_too_large.slug) return { kind: 'too_large', detail };
  if (slug === symbolErrors.sym_unusable.slug) return { kind: 'malformed', detail };
  if (slug === symbolErrors.symbol_source_denied.slug || slug === symbolErrors.symbol_address_refused.slug)
    return { kind: 'denied', detail };
  return { kind: 'unreachable', detail };
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await fs.stat(file)).isFile();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}
