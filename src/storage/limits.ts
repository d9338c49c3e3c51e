// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareLimits } from '../lib/limits.ts';

const mib = 1024 * 1024;

export const storageLimits = declareLimits({
  bufferedDumpBytesMax: {
    value: 8 * mib,
    unit: 'bytes',
    reason:
      'a dump up to here goes in one request from memory, which the client can repeat; most minidumps are below 1 MB',
  },
  partSizeBytes: {
    value: 8 * mib,
    unit: 'bytes',
    reason: 'parts of a larger dump: S3 wants at least 5 MiB and at most 10,000 parts, which allows 78 GiB',
  },
  connectTimeoutMs: { value: 5_000, unit: 'ms', reason: 'a store that does not even answer the connect is away' },
  requestTimeoutMs: {
    value: 30_000,
    unit: 'ms',
    reason: 'silence this long is a half-open connection; the slowest answers of S3 under load are some seconds',
  },
  requestAttemptsMax: {
    value: 3,
    unit: 'items',
    reason: 'short faults are repeated at once; longer ones are for the mover, which backs off and never gives up',
  },
  chunkSizeBytes: {
    value: mib,
    unit: 'bytes',
    reason: 'a row of a dump in PostgreSQL: large enough for few rows, small enough to hold several in memory',
  },
  listPageItemsMax: {
    value: 1_000,
    unit: 'items',
    reason: 'crash ids read at a time from a database; the page size of S3 as well',
  },
  breakerFailuresMax: {
    value: 5,
    unit: 'items',
    reason: 'outages in a row after which a store is left alone; fewer would punish a single hiccup',
  },
  breakerRestMs: {
    value: 10_000,
    unit: 'ms',
    reason: 'the first wait of the back-off: how long a store that is away is left alone before one call tries again',
  },
  debtsAtOnceMax: { value: 100, unit: 'items', reason: 'debts read from the outbox in one round' },
  debtsIdleMs: { value: 5_000, unit: 'ms', reason: 'how late a debt that has become due is noticed' },
  outboxShownMax: {
    value: 10_000,
    unit: 'items',
    reason: 'debts listed at once; a longer list is a store that has been away for days',
  },
  storedJsonBytesMax: {
    value: 512 * mib,
    unit: 'bytes',
    reason: 'the largest string of the runtime; processed crashes of hostile dumps reach some 100 MB',
  },
  slotLeaseMs: {
    value: 300_000,
    unit: 'ms',
    reason: 'a mover that died gives its crashes back after five minutes; moving one takes seconds',
  },
});
