// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareMetrics } from '../lib/metrics.ts';

export const queueMetrics = declareMetrics({
  published: {
    name: 'salvage.queue.published',
    kind: 'counter',
    tags: ['queue', 'outcome'],
    doc: 'Crash ids published, by queue and outcome (`ok` or the slug of the error).',
  },
  taken: {
    name: 'salvage.queue.taken',
    kind: 'counter',
    tags: ['queue'],
    doc: 'Crash ids taken for work, each attempt.',
  },
  acked: { name: 'salvage.queue.acked', kind: 'counter', tags: ['queue'], doc: 'Crash ids whose work is done.' },
  nacked: {
    name: 'salvage.queue.nacked',
    kind: 'counter',
    tags: ['queue'],
    doc: 'Crash ids that went back for another attempt.',
  },
  dead: {
    name: 'salvage.queue.dead',
    kind: 'counter',
    tags: ['queue'],
    doc: 'Crash ids that went to the dead letters: buried, or given back after their last attempt. Those whose processor died at the last attempt are only seen in `salvage queue dead`.',
  },
  depth: {
    name: 'salvage.queue.depth',
    kind: 'gauge',
    unit: 'items',
    tags: ['queue', 'state'],
    doc: 'Crash ids in the queue, by state (`waiting`, `leased`); every half minute, by each process that consumes.',
  },
  oldestAge: {
    name: 'salvage.queue.oldest_age',
    kind: 'gauge',
    unit: 's',
    tags: ['queue'],
    doc: 'Age of the oldest waiting crash id; 0 when none waits, absent where the queue cannot tell (RabbitMQ).',
  },
});
