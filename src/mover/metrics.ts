// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics, type MetricDeclaration } from '../lib/metrics.ts';

/** Names as Antenna sends them today (collector.md §9.1). Its two `…_dropped` counters have no occasion here. */
export const moverMetrics = declareMetrics({
  saved: {
    name: 'socorro.collector.crashmover.save_crash.count',
    kind: 'counter',
    doc: 'Crashes that left the spool: stored, and published where they are to be processed.',
  },
  saveTime: {
    name: 'socorro.collector.crashmover.crash_save.time',
    kind: 'timing',
    unit: 'ms',
    doc: 'Saving one crash in the storage, when it worked.',
  },
  publishTime: {
    name: 'socorro.collector.crashmover.crash_publish.time',
    kind: 'timing',
    unit: 'ms',
    doc: 'Publishing one crash id, when it worked.',
  },
  handlingTime: {
    name: 'socorro.collector.crashmover.crash_handling.time',
    kind: 'timing',
    unit: 'ms',
    doc: 'From the receipt of a crash to its leaving the spool.',
  },
  retries: {
    name: 'socorro.collector.crashmover.retry_count',
    kind: 'counter',
    tags: ['count'],
    doc: 'Failed tries: save_crash_exception.count or publish_crash_exception.count.',
  },
  inFlight: {
    name: 'socorro.collector.crashmover.in_flight',
    kind: 'gauge',
    unit: 'items',
    doc: 'Crashes being saved or published.',
  },
  down: {
    name: 'socorro.collector.crashmover.back_end_down',
    kind: 'gauge',
    tags: ['back_end'],
    acrossProcesses: 'max',
    doc: '1 while the storage or the queue does not answer its check and the mover waits for it.',
  },
});

export type MoverMetricNames = Readonly<Record<keyof typeof moverMetrics, MetricDeclaration | null>>;

/** What Antenna sent in 2018, under its names then. */
export const moverMetrics2018: MoverMetricNames = {
  saved: { ...moverMetrics.saved, name: 'breakpad_resource.save_crash.count' },
  saveTime: { ...moverMetrics.saveTime, name: 'breakpad_resource.crash_save.time' },
  publishTime: null,
  handlingTime: { ...moverMetrics.handlingTime, name: 'breakpad_resource.crash_handling.time' },
  retries: null,
  inFlight: null,
  down: null,
};
