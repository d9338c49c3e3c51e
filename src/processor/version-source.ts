// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { LRUCache } from 'lru-cache';
import { CircuitBreaker } from '../lib/circuit-breaker.ts';
import type { Clock } from '../lib/clock.ts';
import { type Metrics, nullMetrics } from '../lib/metrics.ts';
import { processorLimits } from './limits.ts';
import { processorMetrics } from './metrics.ts';

/** Which build a full version is asked for. */
export interface BuildKey {
  readonly product: string;
  readonly channel: string;
  readonly buildId: string;
}

/** Knows the full version of a build, such as `151.0b3` for Firefox 151.0, beta, build 20261119101010. */
export interface VersionSource {
  /** Null when the build is not known or the source does not answer; never throws. */
  versionOf(build: BuildKey): Promise<string | null>;
  /** True if the source has versions of that product at all; never throws. */
  knowsProduct(product: string): Promise<boolean>;
}

/** Knows nothing. */
export const noVersions: VersionSource = { versionOf: async () => null, knowsProduct: async () => false };

/** Asks one source after the other. */
export function firstOf(sources: readonly VersionSource[]): VersionSource {
  return {
    async versionOf(build) {
      for (const source of sources) {
        const version = await source.versionOf(build);
        if (version !== null) return version;
      }
      return null;
    },
    async knowsProduct(product) {
      for (const source of sources) if (await source.knowsProduct(product)) return true;
      return false;
    },
  };
}

export interface HttpVersionOptions {
  /** Answers `?product=&channel=&build_id=` with `{"hits": [{"version_string"}]}`, as Socorro's VersionString API. */
  readonly url: string;
  readonly products: readonly string[];
  readonly clock: Clock;
  readonly fetch?: typeof fetch;
  readonly metrics?: Metrics;
  readonly timeoutMs?: number;
}

const hitTtlMs = 24 * 3_600_000;
const missTtlMs = 30 * 60_000;
const triesMax = 5;
/** A service that has not answered is left alone for so long, whatever the build. */
const restMs = 60_000;

/**
 * Asks a VersionString service: at most five tries on 429 and 5xx with growing pauses, hits kept a day and misses half
 * an hour. Crashes of one build that come at once share a question. While the service does not answer, crashes wait for
 * nothing: they get what was known before, for the version of a build does not change.
 */
export function makeHttpVersions(options: HttpVersionOptions): VersionSource {
  const { clock, metrics = nullMetrics } = options;
  const cache = new LRUCache<string, { readonly version: string | null; readonly untilMs: number }>({
    max: processorLimits.versionsCachedMax.value,
  });
  const underWay = new Map<string, Promise<string | null>>();
  const breaker = new CircuitBreaker({
    clock,
    failuresMax: 1,
    restMs,
    isFailure: () => true,
    openError: () => new Error('the version service rests'),
  });

  async function ask(key: string, build: BuildKey): Promise<string | null> {
    try {
      const version = await breaker.run(() => askVersion(build, options));
      metrics.incr(processorMetrics.betaLookup, { result: version === null ? 'fail' : 'success' });
      cache.set(key, { version, untilMs: clock.monotonicMs() + (version === null ? missTtlMs : hitTtlMs) });
      return version;
    } catch {
      metrics.incr(processorMetrics.betaLookup, { result: 'fail' });
      return cache.get(key)?.version ?? null;
    } finally {
      underWay.delete(key);
    }
  }

  return {
    knowsProduct: async (product) => options.products.includes(product),
    async versionOf(build) {
      const key = JSON.stringify([build.product, build.channel, build.buildId]);
      const cached = cache.get(key);
      const isFresh = cached !== undefined && cached.untilMs > clock.monotonicMs();
      metrics.incr(processorMetrics.betaCache, { result: isFresh ? 'hit' : 'miss' });
      if (isFresh) return cached.version;
      const asked = underWay.get(key) ?? ask(key, build);
      underWay.set(key, asked);
      return asked;
    },
  };
}

/** Null when the service answers that it does not know the build; throws when it does not answer. */
async function askVersion(build: BuildKey, options: HttpVersionOptions): Promise<string | null> {
  const url = new URL(options.url);
  url.searchParams.set('product', build.product);
  url.searchParams.set('channel', build.channel);
  url.searchParams.set('build_id', build.buildId);
  for (let attempt = 1; attempt <= triesMax; attempt++) {
    try {
      const response = await (options.fetch ?? fetch)(url, {
        signal: AbortSignal.timeout(options.timeoutMs ?? 5_000),
        redirect: 'error',
      });
      if (response.status === 200) {
        const body = (await response.json()) as { hits?: { version_string?: unknown }[] };
        const version = body.hits?.[0]?.version_string;
        return typeof version === 'string' ? version : null;
      }
      await response.body?.cancel();
      if (response.status !== 429 && response.status < 500) return null;
    } catch {
      // An answer that is no JSON or no answer at all: as good as a server error.
    }
    if (attempt < triesMax) await options.clock.sleep(200 * 2 ** attempt);
  }
  throw new Error(`the version service did not answer ${triesMax} times`);
}
