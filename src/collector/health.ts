// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import { errorText } from '../lib/errors.ts';
import { isJsonObject, type JsonObject } from '../lib/json.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { StatusSource } from '../lib/status.ts';
import { collectorLimits } from './limits.ts';
import type { Profile } from './profiles.ts';
import { json, jsonUtf8, type Reply } from './replies.ts';
import { hasBearerToken } from './request-checks.ts';

/** One thing that must work: spool, storage, queue. `check` throws when it does not. */
export interface HealthCheck {
  readonly name: string;
  readonly check: (signal: AbortSignal) => Promise<void>;
}

export interface HealthParts {
  readonly checks: readonly HealthCheck[];
  /** Text of version.json, or null when there is none. */
  readonly versionJson: string | null;
  readonly options: { readonly brokenToken: string; readonly statusToken: string };
  /** What the parts of this process say of themselves; absent = only that it runs. */
  readonly status?: StatusSource;
  readonly profile: Profile;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

interface HealthError {
  readonly name: string;
  readonly msg: string;
}

/** The Dockerflow endpoints (collector.md §9.3). Unlike Antenna's since 2021, the heartbeat asks what it stands for. */
export class Health {
  readonly #parts: HealthParts;
  readonly #version: JsonObject;
  #errors: Promise<readonly HealthError[]> | null = null;
  #checkedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: HealthParts) {
    this.#parts = parts;
    this.#version = parseVersion(parts.versionJson);
  }

  version(): Reply {
    this.#count('version');
    return { status: 200, contentType: jsonUtf8, body: JSON.stringify(this.#version) };
  }

  /** Says only that intake is open. */
  lbheartbeat(): Reply {
    this.#count('lbheartbeat');
    return { status: 200, contentType: jsonUtf8, body: '' };
  }

  /** Really tries spool, storage and queue: 503 and the names of what does not work. */
  async heartbeat(): Promise<Reply> {
    this.#count('heartbeat');
    const errors = await this.#recentErrors();
    const is2018 = this.#parts.profile.health === '2018';
    return {
      status: errors.length ? 503 : 200,
      contentType: is2018 ? jsonUtf8 : json,
      body: JSON.stringify(is2018 ? { errors, info: {} } : { errors }),
    };
  }

  /** Depth and age of the spool and how the mover does, for the status page of a site; `null`: not for this caller. */
  async status(request: IncomingMessage): Promise<Reply | null> {
    if (!isFromHere(request) && !hasBearerToken(request, this.#parts.options.statusToken)) return null;
    const rows = (await this.#parts.status?.rows()) ?? [];
    const roles = rows.map(({ role, instance, details }) => ({ role, instance, details }));
    return { status: 200, contentType: jsonUtf8, body: JSON.stringify({ roles }) };
  }

  mayBreak(request: IncomingMessage): boolean {
    return isFromHere(request) || hasBearerToken(request, this.#parts.options.brokenToken);
  }

  /** Throws, to prove that errors are seen. */
  break(): never {
    this.#count('broken');
    throw new Error('intentional exception');
  }

  #count(name: 'version' | 'lbheartbeat' | 'heartbeat' | 'broken'): void {
    const metric = this.#parts.profile.metrics[name];
    if (metric) this.#parts.metrics.incr(metric);
  }

  #recentErrors(): Promise<readonly HealthError[]> {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#errors === null || nowMs - this.#checkedMs > collectorLimits.heartbeatCacheMs.value) {
      this.#checkedMs = nowMs;
      this.#errors = this.#check();
    }
    return this.#errors;
  }

  async #check(): Promise<readonly HealthError[]> {
    const signal = AbortSignal.timeout(collectorLimits.heartbeatMsMax.value);
    const timeout = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('no answer within 5 s')), { once: true });
    });
    timeout.catch(() => {});
    const results = await Promise.all(
      this.#parts.checks.map(async ({ name, check }) => {
        try {
          await Promise.race([check(signal), timeout]);
          return null;
        } catch (error) {
          this.#parts.logger.error(`heartbeat: ${name}: ${errorText(error)}`, { error });
          return { name, msg: errorText(error) };
        }
      }),
    );
    return results.filter((error) => error !== null);
  }
}

/** From this machine, and not through a proxy on it. */
function isFromHere(request: IncomingMessage): boolean {
  const isProxied = ['x-forwarded-for', 'x-real-ip', 'forwarded'].some((name) => name in request.headers);
  return !isProxied && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(request.socket.remoteAddress ?? '');
}

function parseVersion(text: string | null): JsonObject {
  try {
    const version: unknown = JSON.parse(text ?? '');
    return isJsonObject(version) ? version : {};
  } catch {
    return {};
  }
}
