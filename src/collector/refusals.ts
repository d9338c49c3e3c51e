// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type ErrorKind, errorText, SalvageError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { collectorErrors } from './errors.ts';
import { collectorLimits } from './limits.ts';
import type { Dialect, Profile } from './profiles.ts';
import { type Reply, textReply } from './replies.ts';

/** What a refusal must know of the request. */
export interface Refused {
  readonly dialect: Dialect;
  readonly logger: Logger;
  readonly userAgent: string | undefined;
}

const loggedUserAgentCharactersMax = 200;

/** The answers that take nothing. Each is counted, and is one line in the log with its slug: somebody will ask why. */
export class Refusals {
  readonly #profile: Profile;
  readonly #metrics: Metrics;

  constructor(profile: Profile, metrics: Metrics) {
    this.#profile = profile;
    this.#metrics = metrics;
  }

  malformed(refused: Refused, kind: ErrorKind): Reply {
    if (kind.slug === collectorErrors.malformed_bad_gzip.slug && this.#profile.badGzipMetric)
      this.#metrics.incr(this.#profile.badGzipMetric);
    const metric = this.#profile.metrics.malformed;
    if (metric) this.#metrics.incr(metric, { reason: kind.slug.replace(/^malformed_/, '') });
    this.#log(refused, kind);
    const [status, body] = refused.dialect.malformed(kind.slug, kind.status ?? 400);
    // A length that is too small makes the rest of the body look like a request; it must not be taken for one.
    return textReply(status, body, { closes: true });
  }

  /** The report brings a crash id that it may not bring, or that is none. */
  suppliedId(refused: Refused, kind: ErrorKind): Reply {
    if (kind.slug !== collectorErrors.unauthorized_uuid.slug) return this.malformed(refused, kind);
    const metric = this.#profile.metrics.unauthorized_uuid;
    if (metric) this.#metrics.incr(metric);
    this.#log(refused, kind);
    const [status, body] = refused.dialect.malformed(kind.slug, kind.status ?? 401);
    return textReply(status, body);
  }

  invalidBoundary(refused: Refused): Reply {
    this.#log(refused, collectorErrors.invalid_boundary);
    const description =
      'The value provided for the "Content-Type" header is invalid. The boundary parameter must consist of 1 to 70 characters';
    const body = JSON.stringify({ title: 'Invalid header value', description });
    return { status: 400, contentType: 'application/json', body, closes: true };
  }

  /** The client keeps its report. */
  notNow(refused: Refused, kind: ErrorKind, retryAfterS: number = collectorLimits.retryAfterS.value): Reply {
    this.#count(kind.slug);
    this.#log(refused, kind);
    if (kind.status === 503) return busyReply(retryAfterS);
    return textReply(kind.status ?? 500, `Discarded=${kind.slug}`, { closes: true });
  }

  /** Whatever ended the receiving; what is no SalvageError is a bug and thrown on. */
  failed(refused: Refused, error: unknown): Reply {
    if (!(error instanceof SalvageError)) throw error;
    if (Object.hasOwn(collectorErrors, error.slug)) return this.notNow(refused, error.kind);
    this.#count(error.slug);
    refused.logger.error(`report not taken: ${errorText(error)}`, { error });
    // A disk that fails is Antenna's storage that fails: 500 and an empty body. A full or closing one says when to come back.
    if (error.kind.status === 503) return busyReply(collectorLimits.retryAfterS.value);
    return textReply(500, '', { closes: true });
  }

  #count(reason: string): void {
    const metric = this.#profile.metrics.refused;
    if (metric) this.#metrics.incr(metric, { reason });
  }

  #log({ logger, userAgent }: Refused, kind: ErrorKind): void {
    const level = kind.status === 503 ? 'warning' : 'info';
    logger.named('salvage.collector.refused')[level](`report refused, ${kind.slug}: ${kind.meaning}`, {
      slug: kind.slug,
      user_agent: userAgent?.slice(0, loggedUserAgentCharactersMax),
    });
  }
}

function busyReply(retryAfterS: number): Reply {
  return textReply(503, '', { headers: { 'Retry-After': String(retryAfterS) }, closes: true });
}
