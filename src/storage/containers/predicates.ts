// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { CrashId } from '../../crash/crash-id.ts';
import type { RawCrash } from '../../crash/raw-crash.ts';
import { wasDeferred } from '../../crash/was-deferred.ts';

export type CrashPredicate = (crashId: CrashId, rawCrash: RawCrash) => boolean;

/** Predicates by the names that configuration uses; what it writes is never run as code. */
export const crashPredicates: Readonly<Record<string, CrashPredicate>> = {
  deferred: wasDeferred,
  always: () => true,
  never: () => false,
};
