// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../crash/crash-id.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { errorText } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { checkWithin } from './check-within.ts';
import { moverLimits } from './limits.ts';

export interface GateParts {
  /** `storage` or `queue`, for logs. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Proves that the back end works. */
  readonly check: (signal: AbortSignal) => Promise<void>;
  readonly waitMs?: (failures: number) => number;
  readonly onChange: (isDown: boolean) => void;
  readonly signal: AbortSignal;
}

/**
 * Tells an outage from a broken crash. While crashes succeed now and then the gate is open. When several different ones
 * fail in a row the back end is checked by itself: if that fails too, the gate closes and the check is repeated with
 * the back-off (five minutes at most) until it passes; if not, those crashes are the trouble and nobody waits for them.
 */
export class BackEndGate {
  readonly #parts: GateParts;
  readonly #failed = new Set<CrashId>();
  #down: Promise<void> | null = null;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  get isDown(): boolean {
    return this.#down !== null;
  }

  /** Resolves when the back end may be tried; rejects when the mover stops. */
  async open(): Promise<void> {
    this.#parts.signal.throwIfAborted();
    await this.#down;
    this.#parts.signal.throwIfAborted();
  }

  succeeded(): void {
    this.#failed.clear();
  }

  failed(crashId: CrashId): void {
    this.#failed.add(crashId);
    if (this.#down || this.#failed.size < moverLimits.failedCrashesMax.value) return;
    this.#failed.clear();
    this.#down = this.#untilItWorks().finally(() => {
      this.#down = null;
    });
  }

  async #untilItWorks(): Promise<void> {
    const { clock, logger, name, signal, onChange } = this.#parts;
    for (let failures = 1; !signal.aborted; failures++) {
      const error = await this.#problem();
      if (error === null) {
        if (failures > 1) {
          logger.info(`${name} works again`);
          onChange(false);
        }
        return;
      }
      const waitMs = (this.#parts.waitMs ?? backoffMs)(failures);
      if (failures === 1) onChange(true);
      logger.error(`${name} is down, next try in ${Math.round(waitMs / 1000)} s: ${errorText(error)}`, { error });
      await clock.sleep(waitMs, signal).catch(() => {});
    }
  }

  async #problem(): Promise<unknown> {
    const { clock, check, signal } = this.#parts;
    try {
      await checkWithin(() => check(signal), clock);
      return null;
    } catch (error) {
      return error;
    }
  }
}
