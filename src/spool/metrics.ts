// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics } from '../lib/metrics.ts';

export const spoolMetrics = declareMetrics({
  depth: {
    name: 'socorro.collector.spool.depth',
    kind: 'gauge',
    unit: 'items',
    doc: 'Crashes that wait in the spool. Written every 10 seconds.',
  },
  size: {
    name: 'socorro.collector.spool.size',
    kind: 'gauge',
    unit: 'bytes',
    doc: 'Bytes of the crashes that wait in the spool.',
  },
  oldestAge: {
    name: 'socorro.collector.spool.oldest_age',
    kind: 'gauge',
    unit: 's',
    acrossProcesses: 'max',
    doc: 'Age of the oldest crash in the spool; 0 when empty. Grows while a storage or queue is down.',
  },
  damaged: {
    name: 'socorro.collector.spool.damaged',
    kind: 'gauge',
    unit: 'items',
    doc: 'Damaged entries that were set aside in the spool’s `damaged` folders.',
  },
  memory: {
    name: 'socorro.collector.spool.memory',
    kind: 'gauge',
    unit: 'bytes',
    doc: 'Bytes of request bodies held in memory.',
  },
  commitTime: {
    name: 'socorro.collector.spool.commit.time',
    kind: 'timing',
    unit: 'ms',
    doc: 'From the commit of an entry to its bytes being on disk.',
  },
  batchSize: {
    name: 'socorro.collector.spool.batch_size',
    kind: 'histogram',
    unit: 'items',
    doc: 'Entries that shared one write and one sync.',
  },
  fallback: {
    name: 'socorro.collector.spool.fallback.count',
    kind: 'counter',
    doc: 'Crashes that went to the fallback directory because the first one refused the write.',
  },
  failed: {
    name: 'socorro.collector.spool.failed.count',
    kind: 'counter',
    tags: ['reason'],
    doc: 'Crashes that no spool directory could take; the client was answered 503 and keeps its report.',
  },
});
