// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { CircuitBreaker } from '../../lib/circuit-breaker.ts';
import type { Clock } from '../../lib/clock.ts';
import { isErrorOf, SalvageError } from '../../lib/errors.ts';
import type { CrashStorage } from '../crash-storage.ts';
import { storageErrors } from '../errors.ts';
import { storageLimits } from '../limits.ts';
import { WrappedStorage } from './wrapped-storage.ts';

/** Answers at once for a store that is away, instead of letting every caller wait for its time-outs. */
export class BreakerStorage extends WrappedStorage {
  readonly #breaker: CircuitBreaker;

  constructor({ wrapped, clock }: { readonly wrapped: CrashStorage; readonly clock: Clock }) {
    super('breaker', wrapped);
    this.#breaker = new CircuitBreaker({
      clock,
      failuresMax: storageLimits.breakerFailuresMax.value,
      restMs: storageLimits.breakerRestMs.value,
      isFailure: (error) => isErrorOf(error, storageErrors.storage_outage),
      openError: () =>
        new SalvageError(
          storageErrors.storage_outage,
          `${wrapped.name} failed several times in a row; left alone for a while`,
        ),
    });
  }

  protected override around<T>(_method: string, call: () => Promise<T>): Promise<T> {
    return this.#breaker.run(call);
  }
}
